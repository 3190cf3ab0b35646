//! JSON Feed.

use serde_json::Value;

use super::item::Item;
use crate::{dates, html};

/// The feed's title and items.
///
/// # Errors
/// When it is no JSON Feed.
pub fn read(text: &str) -> Result<(String, Vec<Item>), String> {
    let feed: Value = serde_json::from_str(text).map_err(|error| format!("not a feed: {error}"))?;
    let Some(items) = feed["items"].as_array() else {
        return Err("not a feed: JSON without `items`".to_owned());
    };
    let title = feed["title"].as_str().unwrap_or_default().to_owned();
    Ok((title, items.iter().map(|item| read_item(item, &feed)).collect()))
}

fn read_item(item: &Value, feed: &Value) -> Item {
    let text = |name: &str| match &item[name] {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let author = |of: &Value| {
        let name = of["authors"][0]["name"].as_str().or_else(|| of["author"]["name"].as_str());
        name.map(ToOwned::to_owned)
    };
    let body = text("content_text");
    let body = body.or_else(|| text("content_html").map(|html| html::to_text(&html)));
    let date = |name: &str| text(name).and_then(|date| dates::parse(&date));
    Item {
        guid: text("id"),
        link: text("url").or_else(|| text("external_url")),
        title: text("title").unwrap_or_default(),
        text: body.or_else(|| text("summary")).unwrap_or_default(),
        author: author(item).or_else(|| author(feed)),
        sent_at: date("date_published").or_else(|| date("date_modified")),
    }
}
