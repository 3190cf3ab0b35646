//! What an entry says: its text, else its blocks; attachments and files.

use serde_json::Value;

use super::{entry::Entry, markup::plain, people::People};

/// Blocks within each other.
const DEEPEST: usize = 16;

/// The text of an entry; empty when there is none.
pub fn of(entry: &Entry<'_>, people: &People) -> String {
    let value = entry.value;
    let mut parts = Vec::new();
    let text = value["text"].as_str().unwrap_or_default();
    let comment = value["comment"]["comment"].as_str().unwrap_or_default();
    add(&mut parts, plain(text, people));
    add(&mut parts, plain(comment, people));
    if parts.is_empty() {
        add(&mut parts, blocks(&value["blocks"], people));
    }
    for attachment in list(&value["attachments"]) {
        // The preview of a link says nothing that its sender wrote.
        let is_preview = attachment["from_url"].is_string()
            && attachment["is_msg_unfurl"] != Value::Bool(true)
            && !parts.is_empty();
        if !is_preview {
            self::attachment(&mut parts, attachment, people);
        }
    }
    for file in list(&value["files"]).chain(value.get("file")) {
        add(&mut parts, file_text(file));
    }
    parts.join("\n")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Adds a part that is not said yet: bots repeat a text as fallback.
fn add(parts: &mut Vec<String>, text: String) {
    let text = text.trim();
    if !text.is_empty() && !parts.iter().any(|part| part == text) {
        parts.push(text.to_owned());
    }
}

fn attachment(parts: &mut Vec<String>, attachment: &Value, people: &People) {
    let mut own = Vec::new();
    for name in ["pretext", "title", "text"] {
        add(&mut own, plain(attachment[name].as_str().unwrap_or_default(), people));
    }
    for field in list(&attachment["fields"]) {
        let text = |name: &str| plain(field[name].as_str().unwrap_or_default(), people);
        let (title, value) = (text("title"), text("value"));
        let both = !title.is_empty() && !value.is_empty();
        add(&mut own, if both { format!("{title}: {value}") } else { title + &value });
    }
    add(&mut own, blocks(&attachment["blocks"], people));
    for block in list(&attachment["message_blocks"]) {
        add(&mut own, blocks(&block["message"]["blocks"], people));
    }
    for file in list(&attachment["files"]) {
        add(&mut own, file_text(file));
    }
    if own.is_empty() {
        add(&mut own, plain(attachment["fallback"].as_str().unwrap_or_default(), people));
    }
    own.into_iter().for_each(|text| add(parts, text));
}

/// A file by its title or name, and what is shown of it.
fn file_text(file: &Value) -> String {
    let text = |name: &str| file[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let name = text("title").or_else(|| text("name"));
    let comment = file["initial_comment"]["comment"].as_str();
    let said = text("plain_text").or_else(|| text("preview_plain_text")).or(comment);
    [name, said].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The text of blocks, each in a line of its own.
fn blocks(blocks: &Value, people: &People) -> String {
    let mut parts = Vec::new();
    for block in list(blocks) {
        let mut text = String::new();
        block_text(block, people, 0, &mut text);
        add(&mut parts, text);
    }
    parts.join("\n")
}

fn block_text(block: &Value, people: &People, depth: usize, text: &mut String) {
    if depth > DEEPEST {
        return;
    }
    let of = |name: &str| block[name].as_str();
    match of("type").unwrap_or_default() {
        "text" => text.push_str(of("text").unwrap_or_default()),
        "mrkdwn" => text.push_str(&plain(of("text").unwrap_or_default(), people)),
        "plain_text" => text.push_str(of("text").unwrap_or_default()),
        "link" => {
            text.push_str(of("text").filter(|t| !t.is_empty()).or(of("url")).unwrap_or_default())
        }
        "user" => {
            let id = of("user_id").unwrap_or_default();
            text.push_str(&format!("@{}", people.name(id).unwrap_or(id)));
        }
        "channel" => {
            let id = of("channel_id").unwrap_or_default();
            text.push_str(&format!("#{}", people.channel(id).unwrap_or(id)));
        }
        "usergroup" => text.push_str(&format!("@{}", of("usergroup_id").unwrap_or_default())),
        "broadcast" => text.push_str(&format!("@{}", of("range").unwrap_or("channel"))),
        "emoji" => text.push_str(&format!(":{}:", of("name").unwrap_or_default())),
        "date" => text.push_str(of("fallback").unwrap_or_default()),
        "image" => {
            let title = block["title"]["text"].as_str().or(of("title"));
            text.push_str(title.or(of("alt_text")).unwrap_or_default());
        }
        _ => {
            for name in ["title", "text", "description"] {
                match &block[name] {
                    Value::String(said) => line(text, &plain(said, people)),
                    inner @ Value::Object(_) => {
                        let mut said = String::new();
                        block_text(inner, people, depth + 1, &mut said);
                        line(text, &said);
                    }
                    _ => {}
                }
            }
            let own_lines = !matches!(
                of("type"),
                Some("rich_text_section" | "rich_text_quote" | "rich_text_preformatted")
            );
            for inner in list(&block["elements"]).chain(list(&block["fields"])) {
                let mut said = String::new();
                block_text(inner, people, depth + 1, &mut said);
                if own_lines {
                    line(text, &said);
                } else {
                    text.push_str(&said);
                }
            }
        }
    }
}

fn line(text: &mut String, said: &str) {
    if !said.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(said);
    }
}
