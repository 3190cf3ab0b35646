//! Slack's markup as a person reads it.

use super::people::People;

/// `<@U1>`, `<#C1|general>`, `<!here>`, `<https://x|label>` and entities as what they show.
pub fn plain(text: &str, people: &People) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, behind)) = after.split_once('>') else { break };
        plain.push_str(before);
        if inside.contains(['<', '\n']) {
            // No markup: the sign stands for itself.
            plain.push('<');
            rest = after;
            continue;
        }
        plain.push_str(&shown(inside, people));
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn shown(inside: &str, people: &People) -> String {
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty())),
        None => (inside, None),
    };
    let marked = |mark: char, name: &str| format!("{mark}{}", name.trim_start_matches(mark));
    if let Some(user) = target.strip_prefix('@') {
        return marked('@', people.name(user).or(label).unwrap_or(user));
    }
    if let Some(channel) = target.strip_prefix('#') {
        return marked('#', label.or(people.channel(channel)).unwrap_or(channel));
    }
    let Some(command) = target.strip_prefix('!') else {
        let address = target.strip_prefix("mailto:").or(target.strip_prefix("tel:"));
        return label.unwrap_or(address.unwrap_or(target)).to_owned();
    };
    // `<!date^1767607200^{date}|5 January>`: the label is what is shown where dates are not known.
    match command.split('^').collect::<Vec<_>>().as_slice() {
        ["subteam", id, ..] => marked('@', label.unwrap_or(id)),
        ["date", seconds, ..] => label.map_or_else(|| date(seconds), ToOwned::to_owned),
        [name, ..] => marked('@', label.unwrap_or(name)),
        [] => String::new(),
    }
}

fn date(seconds: &str) -> String {
    let at = seconds.parse().ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    at.map_or_else(|| seconds.to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}
