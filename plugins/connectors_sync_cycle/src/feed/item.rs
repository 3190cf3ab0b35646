//! An item of RSS or an entry of Atom.

use chrono::{DateTime, Utc};
use mail_parser::decoders::base64::base64_decode;
use url::Url;

use super::xml::Element;
use crate::{dates, html};

/// An item before it has an id.
#[derive(Debug, Default)]
pub struct Item {
    /// What the file calls it by.
    pub guid: Option<String>,
    /// Its page.
    pub link: Option<String>,
    pub title: String,
    pub text: String,
    pub author: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// Where relative links start, when an element says so.
pub fn base_of(element: &Element, around: Option<&Url>) -> Option<Url> {
    match (element.attribute("xml:base"), around) {
        (Some(base), Some(around)) => around.join(base).ok().or_else(|| Some(around.clone())),
        (Some(base), None) => Url::parse(base).ok(),
        (None, around) => around.cloned(),
    }
}

/// An absolute link.
pub fn resolve(link: &str, base: Option<&Url>) -> String {
    let link = link.trim();
    match (Url::parse(link), base) {
        (Err(_), Some(base)) => base.join(link).map_or_else(|_| link.to_owned(), String::from),
        _ => link.to_owned(),
    }
}

/// Reads an item.
pub fn read(item: &Element, base: Option<&Url>) -> Item {
    let base = base_of(item, base);
    let atom = item.name == "entry";
    let guid = item.text_of("guid").or_else(|| item.text_of("id"));
    let guid = guid.or_else(|| item.attribute("rdf:about").map(ToOwned::to_owned));
    let link = page(item).or_else(|| {
        let guid = item.first("guid")?;
        let is_page = guid.attribute("isPermaLink") != Some("false");
        Some(guid.text()).filter(|text| is_page && text.starts_with("http"))
    });
    Item {
        link: link.map(|link| resolve(&link, base.as_ref())),
        title: title(item, atom),
        text: text(item, atom),
        author: author(item),
        sent_at: date(item),
        guid: guid.map(|guid| guid.trim().to_owned()).filter(|guid| !guid.is_empty()),
    }
}

/// The page of an item or a feed: RSS's link, else Atom's alternate.
pub fn page(element: &Element) -> Option<String> {
    let plain = element.all("link").map(Element::text).find(|text| !text.is_empty());
    if plain.is_some() {
        return plain;
    }
    let links = || element.children().filter(|c| matches!(c.name.as_str(), "link" | "atom:link"));
    let of = |wanted: fn(&Element) -> bool| {
        links().filter(|link| wanted(link)).find_map(|link| link.attribute("href"))
    };
    of(|link| {
        matches!(link.attribute("rel"), None | Some("alternate" | ""))
            && link.attribute("type").is_none_or(|kind| kind.contains("html"))
    })
    .or_else(|| of(|link| matches!(link.attribute("rel"), None | Some("alternate" | ""))))
    .or_else(|| of(|link| link.attribute("rel") == Some("related")))
    .map(ToOwned::to_owned)
}

/// Atom says of each text what it is. RSS does not: it may be HTML or plain.
fn typed(element: &Element, atom: bool) -> String {
    let kind = element.attribute("type").unwrap_or(if atom { "text" } else { "" });
    if element.attribute("src").is_some() {
        return String::new();
    }
    if element.attribute("mode") == Some("base64") {
        let decoded = base64_decode(element.text().as_bytes());
        // What is no text is a picture or the like.
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        return text.map_or_else(String::new, |text| html::maybe(&text));
    }
    match kind {
        "xhtml" | "application/xhtml+xml" => html::to_text(&element.markup()),
        "html" | "text/html" if element.has_elements() => html::to_text(&element.markup()),
        "html" | "text/html" => html::to_text(&element.text()),
        _ if element.has_elements() => html::to_text(&element.markup()),
        "text" | "text/plain" => element.text(),
        _ => html::maybe(&element.text()),
    }
}

fn title(item: &Element, atom: bool) -> String {
    let own = item.first("title").map(|title| match atom {
        true => typed(title, true).split_whitespace().collect::<Vec<_>>().join(" "),
        false if title.has_elements() => html::title(&title.markup()),
        false => html::title(&title.text()),
    });
    own.filter(|title| !title.is_empty())
        .or_else(|| media(item, "media:title").map(|title| html::title(&title)))
        .or_else(|| item.text_of("itunes:title").map(|title| html::title(&title)))
        .or_else(|| item.text_of("dc:title").map(|title| html::title(&title)))
        .unwrap_or_default()
}

fn text(item: &Element, atom: bool) -> String {
    // `body` is XHTML's; with `fullitem` old feeds gave what others have in `content:encoded`.
    let own = [
        "content:encoded",
        "content",
        "body",
        "fullitem",
        "description",
        "summary",
        "dc:description",
    ];
    let own = own.iter().flat_map(|name| item.children().filter(move |c| c.name == *name));
    let mut own = own.map(|element| typed(element, atom)).filter(|text| !text.is_empty());
    own.next()
        .or_else(|| item.text_of("itunes:summary").map(|text| html::maybe(&text)))
        .or_else(|| media(item, "media:description").map(|text| html::maybe(&text)))
        .or_else(|| media(item, "media:text").map(|text| html::maybe(&text)))
        .or_else(|| item.text_of("itunes:subtitle").map(|text| html::maybe(&text)))
        .unwrap_or_default()
}

/// A text of Media RSS, which stands in the item, in a group, or in the medium itself.
fn media(item: &Element, name: &str) -> Option<String> {
    item.text_of(name).or_else(|| {
        let within =
            item.children().filter(|c| matches!(c.name.as_str(), "media:group" | "media:content"));
        within.into_iter().find_map(|group| media(group, name))
    })
}

/// The first author that has a name.
pub fn author(element: &Element) -> Option<String> {
    let person = |person: &Element| {
        let name = person.text_of("name").or_else(|| person.text_of("email"));
        name.or_else(|| (!person.has_elements()).then(|| mailbox(&person.text())))
            .filter(|name| !name.is_empty())
    };
    let named = |name: &str| element.text_of(name);
    named("dc:creator")
        .or_else(|| element.children().filter(|c| c.name == "author").find_map(person))
        .or_else(|| named("itunes:author"))
        .or_else(|| named("media:credit"))
        .or_else(|| element.children().filter(|c| c.name == "contributor").find_map(person))
        .map(|name| html::title(&name))
        .filter(|name| !name.is_empty())
}

/// RSS's author is an address with the name in parentheses.
fn mailbox(text: &str) -> String {
    let comment = text.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
    let comment = comment.map(|(name, _)| name.trim()).filter(|name| !name.is_empty());
    let before = text.split_once('<').map(|(name, _)| name.trim().trim_matches('"'));
    let before = before.filter(|name| !name.is_empty());
    comment.or(before).unwrap_or(text.trim()).to_owned()
}

fn date(item: &Element) -> Option<DateTime<Utc>> {
    const NAMES: [&str; 11] = [
        "pubDate",
        "published",
        "issued",
        "dc:date",
        "dc:created",
        "dc:issued",
        "updated",
        "modified",
        "dc:modified",
        "pubdate",
        "date",
    ];
    NAMES.iter().find_map(|name| dates::parse(&item.text_of(name)?))
}
