//! The same talk in the form of each source, with one flawed item each: a mail without a date, a Slack
//! entry without text and a feed entry with nothing but an id.

use std::{collections::BTreeMap, error::Error, fmt::Write, fs, ops::Range, path::Path};

use serde_json::{Value, json};

use super::{Said, phrases::PEOPLE};

const CHANNELS: [&str; 2] = ["general", "delivery"];

pub fn mbox(file: &Path, slug: &str, said: &[Said]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for (nth, message) in said.iter().enumerate() {
        let person = &PEOPLE[message.who];
        writeln!(
            text,
            "From {}@example.org {}",
            person.key,
            message.at.format("%a %b %e %H:%M:%S %Y")
        )?;
        writeln!(text, "From: {} <{}@example.org>", encoded(person.name), person.key)?;
        writeln!(text, "To: {slug}@example.org")?;
        // The twentieth has lost its date.
        if nth != 20 {
            writeln!(text, "Date: {}", message.at.to_rfc2822())?;
        }
        writeln!(text, "Message-ID: <{slug}-{nth}@example.org>")?;
        if let Some(answers) = message.answers {
            writeln!(text, "In-Reply-To: <{slug}-{answers}@example.org>")?;
            writeln!(text, "References: <{slug}-{}@example.org>", root(said, answers))?;
        }
        writeln!(text, "Subject: {}", encoded(&message.subject))?;
        writeln!(
            text,
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
        )?;
        // Quoted as mboxrd does, lest the body begin a message.
        let quote = if message.body.starts_with("From ") { ">" } else { "" };
        writeln!(text, "{quote}{}\n", message.body)?;
    }
    Ok(fs::write(file, text)?)
}

/// An encoded word of RFC 2047 for anything but ASCII.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.split(' ').fold(String::new(), |mut line, word| {
        let gap = if line.is_empty() { "" } else { "_" };
        let bytes: String = gap
            .chars()
            .chain(word.bytes().flat_map(|b| format!("={b:02X}").chars().collect::<Vec<_>>()))
            .collect();
        let space = if line.is_empty() { "" } else { " " };
        line.push_str(&format!("{space}=?utf-8?Q?{bytes}?="));
        line
    })
}

fn root(said: &[Said], of: usize) -> usize {
    said[of].answers.map_or(of, |before| root(said, before))
}

pub fn slack(folder: &Path, said: &[Said], people: Range<usize>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let users = people
        .map(|who| json!({"id": id(who), "name": PEOPLE[who].key, "real_name": PEOPLE[who].name}));
    save(&folder.join("users.json"), &users.collect())?;
    save(
        &folder.join("channels.json"),
        &CHANNELS.iter().map(|name| json!({"name": name})).collect(),
    )?;
    let mut days: BTreeMap<(usize, String), Vec<Value>> = BTreeMap::new();
    for (nth, message) in said.iter().enumerate() {
        let first = root(said, nth);
        let channel = first % CHANNELS.len();
        let mut entry = json!({
            "type": "message", "user": id(message.who), "text": message.body, "ts": ts(said, nth),
        });
        if message.answers.is_some() {
            entry["thread_ts"] = ts(said, first).into();
        }
        let day = days.entry((channel, message.at.format("%Y-%m-%d").to_string())).or_default();
        // The tenth has lost its text.
        if nth == 10 {
            day.push(json!({"type": "message", "user": id(message.who)}));
        }
        day.push(entry);
    }
    for ((channel, day), entries) in days {
        let folder = folder.join(CHANNELS[channel]);
        fs::create_dir_all(&folder)?;
        save(&folder.join(format!("{day}.json")), &entries.into())?;
    }
    Ok(())
}

fn id(who: usize) -> String {
    format!("U{who:04}")
}

fn ts(said: &[Said], nth: usize) -> String {
    format!("{}.{nth:06}", said[nth].at.timestamp())
}

fn save(file: &Path, value: &Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(file, serde_json::to_string_pretty(value)? + "\n")?)
}

pub fn atom(file: &Path, slug: &str, said: &[Said]) -> Result<(), Box<dyn Error>> {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    writeln!(text, "<feed xmlns=\"http://www.w3.org/2005/Atom\">")?;
    writeln!(text, "  <id>urn:example:{slug}</id>\n  <title>{slug} news</title>")?;
    for (nth, message) in said.iter().enumerate() {
        writeln!(text, "  <entry>\n    <id>urn:example:{slug}:{nth}</id>")?;
        // The fifth has lost all but its id.
        if nth == 5 {
            writeln!(text, "  </entry>")?;
            continue;
        }
        let (title, body) = (escaped(&message.subject), escaped(&message.body));
        writeln!(text, "    <title>{title}</title>")?;
        writeln!(text, "    <link href=\"https://example.org/{slug}/{nth}\"/>")?;
        writeln!(text, "    <author><name>{}</name></author>", escaped(PEOPLE[message.who].name))?;
        writeln!(text, "    <updated>{}</updated>", message.at.to_rfc3339())?;
        writeln!(
            text,
            "    <content type=\"html\">{}</content>\n  </entry>",
            escaped(&format!("<p>{body}</p>"))
        )?;
    }
    writeln!(text, "</feed>")?;
    Ok(fs::write(file, text)?)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
