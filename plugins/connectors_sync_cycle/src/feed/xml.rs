//! XML as feeds hold it, read leniently into a tree: a bare `&`, an entity of HTML, an end tag that
//! does not match or a cut end do not cost the rest.

use quick_xml::{Reader, events::Event};

/// Elements within each other; what lies deeper is read as text of the element around it.
const DEEPEST: usize = 100;

/// An element with what it holds.
#[derive(Debug, Default)]
pub struct Element {
    /// Its name. Names of known namespaces have the usual prefix, whatever the file calls them;
    /// those of RSS, Atom and XHTML have none.
    pub name: String,
    attributes: Vec<(String, String)>,
    nodes: Vec<Node>,
    /// Whether its end is missing.
    pub open: bool,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Element(Element),
}

/// What was read of a file.
pub struct Document {
    /// Its outermost elements; a well-formed file has one.
    pub roots: Vec<Element>,
    /// Why reading ended before the file did.
    pub fault: Option<String>,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The elements in it.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements in it of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children().filter(move |child| child.name == name)
    }

    /// The first element in it of a name.
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children().find(|child| child.name == name)
    }

    /// The text of the first element of a name that has one.
    pub fn text_of(&self, name: &str) -> Option<String> {
        let mut texts = self.children().filter(|c| c.name == name).map(Element::text);
        texts.find(|text| !text.is_empty())
    }

    /// All text in it, without the spaces around it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text.trim().to_owned()
    }

    fn add_text(&self, text: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) => element.add_text(text),
            }
        }
    }

    /// Whether it holds elements.
    pub fn has_elements(&self) -> bool {
        self.children().next().is_some()
    }

    /// What it holds, as HTML.
    pub fn markup(&self) -> String {
        let mut html = String::new();
        self.add_markup(&mut html);
        html
    }

    fn add_markup(&self, html: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(text) => {
                    let text = text.replace('&', "&amp;").replace('<', "&lt;");
                    html.push_str(&text.replace('>', "&gt;"));
                }
                Node::Element(element) => {
                    let name = &element.name;
                    html.push_str(&format!("<{name}>"));
                    element.add_markup(html);
                    if !matches!(name.as_str(), "br" | "hr" | "img" | "input" | "wbr") {
                        html.push_str(&format!("</{name}>"));
                    }
                }
            }
        }
    }
}

/// Reads a text as XML.
pub fn parse(text: &str) -> Document {
    let text = readable(text);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    let mut prefixes: Vec<(String, String)> = Vec::new();
    let mut stack: Vec<Element> = vec![Element::default()];
    let mut too_deep = 0_usize;
    let mut fault = None;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                fault = Some(format!("byte {}: {error}", reader.error_position()));
                break;
            }
        };
        match event {
            Event::Start(start) => {
                if stack.len() > DEEPEST {
                    too_deep += 1;
                } else {
                    stack.push(element(&start, &mut prefixes));
                }
            }
            Event::Empty(start) => {
                let element = element(&start, &mut prefixes);
                add(&mut stack, Node::Element(element));
            }
            Event::End(end) if too_deep > 0 => {
                let _ = end;
                too_deep -= 1;
            }
            Event::End(end) => {
                let name = end.name();
                let name = canonical(as_str(name.as_ref()), &prefixes);
                close(&mut stack, &name);
            }
            Event::Text(text) => add_text(&mut stack, &text.xml10_content()),
            Event::CData(text) => add_text(&mut stack, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = reference.resolve_char_ref().ok().flatten();
                let name = reference.xml10_content();
                let known = known.or(match &*name {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                match known {
                    Some(letter) => add_text(&mut stack, letter.encode_utf8(&mut [0; 4])),
                    // One of HTML's: left for those who read the text as HTML.
                    None => add_text(&mut stack, &format!("&{name};")),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if fault.is_none() && stack.len() > 1 {
        fault = Some("the file ends within an element".to_owned());
    }
    while stack.len() > 1 {
        if let Some(mut element) = stack.pop() {
            element.open = true;
            add(&mut stack, Node::Element(element));
        }
    }
    let nodes = stack.pop().map(|outer| outer.nodes).unwrap_or_default();
    let roots = nodes.into_iter().filter_map(|node| match node {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    });
    Document { roots: roots.collect(), fault }
}

/// Ends the innermost element of a name and those within it; an end that nothing began is ignored.
fn close(stack: &mut Vec<Element>, name: &str) {
    let Some(at) = stack.iter().rposition(|element| element.name == name).filter(|&at| at > 0)
    else {
        return;
    };
    while stack.len() > at {
        if let Some(element) = stack.pop() {
            add(stack, Node::Element(element));
        }
    }
}

fn add(stack: &mut [Element], node: Node) {
    if let Some(element) = stack.last_mut() {
        element.nodes.push(node);
    }
}

fn add_text(stack: &mut [Element], text: &str) {
    if let Some(element) = stack.last_mut() {
        match element.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => element.nodes.push(Node::Text(text.to_owned())),
        }
    }
}

fn element(start: &quick_xml::events::BytesStart, prefixes: &mut Vec<(String, String)>) -> Element {
    let mut attributes = Vec::new();
    for attribute in start.html_attributes().with_checks(false).flatten() {
        let name = as_str(attribute.key.as_ref()).to_owned();
        let value = as_str(&attribute.value);
        let value = quick_xml::escape::unescape(value)
            .map_or_else(|_| value.replace("&amp;", "&"), std::borrow::Cow::into_owned);
        if let Some(prefix) = name.strip_prefix("xmlns:")
            && !prefixes.iter().any(|(known, _)| known == prefix)
        {
            prefixes.push((prefix.to_owned(), usual_prefix(prefix, &value)));
        }
        attributes.push((name, value));
    }
    let name = start.name();
    let name = canonical(as_str(name.as_ref()), prefixes);
    Element { name, attributes, nodes: Vec::new(), open: false }
}

/// The prefix that a namespace usually has; empty for those whose names need none.
fn usual_prefix(prefix: &str, namespace: &str) -> String {
    let namespace = namespace.trim().trim_end_matches(['/', '#']).to_ascii_lowercase();
    let usual = match namespace.as_str() {
        "http://www.w3.org/2005/atom" | "http://purl.org/atom/ns" => "atom",
        "http://www.w3.org/1999/xhtml" | "http://purl.org/rss/1.0" => "",
        name if name.starts_with("http://backend.userland.com/rss") => "",
        "http://purl.org/rss/1.0/modules/content" => "content",
        "http://purl.org/dc/elements/1.1" | "http://purl.org/dc/terms" => "dc",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns" => "rdf",
        name if name.contains("search.yahoo.com/mrss") => "media",
        name if name.contains("itunes.com/dtds") => "itunes",
        _ => return prefix.to_ascii_lowercase(),
    };
    usual.to_owned()
}

fn canonical(name: &str, prefixes: &[(String, String)]) -> String {
    let Some((prefix, local)) = name.split_once(':') else { return name.to_owned() };
    let known = prefixes.iter().find(|(known, _)| known == prefix).map(|(_, usual)| usual.as_str());
    // Often used without being declared.
    let usual = known.unwrap_or(if prefix == "dcterms" { "dc" } else { prefix });
    match usual {
        "" => local.to_owned(),
        // Atom's own elements are asked for without prefix, but its link beside RSS's is another.
        "atom" if local != "link" => local.to_owned(),
        usual => format!("{usual}:{local}"),
    }
}

/// What XML does not allow and files hold nevertheless: text before the first tag, control
/// characters, a `<` that begins no tag.
fn readable(text: &str) -> String {
    let text = &text[text.find('<').unwrap_or(text.len())..];
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.char_indices().peekable();
    let mut in_data = false;
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        if letter == '<' && text[at..].starts_with("<![CDATA[") {
            in_data = true;
        } else if letter == ']' && text[at..].starts_with("]]>") {
            in_data = false;
        }
        let begins_tag =
            next.is_some_and(|c| c.is_alphabetic() || matches!(c, '/' | '!' | '?' | '_'));
        match letter {
            '<' if !in_data && !begins_tag => plain.push_str("&lt;"),
            '\t' | '\n' | '\r' => plain.push(letter),
            letter if letter.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            letter => plain.push(letter),
        }
    }
    plain
}

fn as_str<T: AsRef<str> + ?Sized>(text: &T) -> &str {
    text.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Element {
        parse(text).roots.pop().unwrap()
    }

    #[test]
    fn what_is_not_well_formed_costs_little() {
        let text = "\n\n \u{feff}<?xml version=\"1.0\"?><a x=1 y='2&3'><b>R&D &nbsp; 1 < 2 &#x41;</b><br><c>&amp;</C></c></a>";
        let a = root(text);
        assert_eq!((a.attribute("x"), a.attribute("y")), (Some("1"), Some("2&3")));
        assert_eq!(a.text_of("b").unwrap(), "R&D &nbsp; 1 < 2 A");
        let cut = parse("<a><b>one</b><b>tw");
        assert!(cut.fault.is_some());
        let texts: Vec<_> = cut.roots[0].all("b").map(|b| (b.text(), b.open)).collect();
        assert_eq!(texts, [("one".to_owned(), false), ("tw".to_owned(), true)]);
    }

    #[test]
    fn namespaces_go_by_their_address() {
        let a = root(
            "<r xmlns:m='http://search.yahoo.com/mrss/' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:a='http://www.w3.org/2005/Atom'><m:title>x</m:title><h:p>y</h:p><a:updated>z</a:updated><a:link href='h'/></r>",
        );
        let names: Vec<_> = a.children().map(|child| child.name.as_str()).collect();
        assert_eq!(names, ["media:title", "p", "updated", "atom:link"]);
    }

    #[test]
    fn deep_files_are_read_without_recursion() {
        let deep = parse(&format!("{}x", "<a>".repeat(200_000)));
        assert_eq!(deep.roots[0].text(), "x");
    }
}
