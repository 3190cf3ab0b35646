//! HTML to plain text, by `html2text`: blocks end lines, style, script and comments vanish.

use std::panic::catch_unwind;

use html2text::{config, render::TextDecorator};

/// More HTML than this is cut: the tree in memory takes many times its size.
const LARGEST: usize = 1 << 20;
/// Elements within each other. The parser's time grows with the square of their number.
const DEEPEST: usize = 100;
/// Wider than a paragraph is long: text is not wrapped.
const WIDTH: usize = 1 << 24;

/// The text of a piece of HTML, as a person reads it.
pub fn to_text(html: &str) -> String {
    let html = shallow(&html[..html.floor_char_boundary(LARGEST)]);
    let render = || {
        let config = config::with_decorator(Plain).raw_mode(true).allow_width_overflow();
        config.string_from_read(html.as_bytes(), WIDTH)
    };
    // A fault of the renderer costs the layout, not the text.
    let text = catch_unwind(render).ok().and_then(Result::ok).unwrap_or_else(|| untagged(&html));
    tidy(&text)
}

/// The text of a title, which is one line and may hold HTML or none.
pub fn title(text: &str) -> String {
    let plain = if is_html(text) { to_text(text) } else { text.to_owned() };
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of what may be HTML or plain text, where the format does not say which.
pub fn maybe(text: &str) -> String {
    if is_html(text) { to_text(text) } else { text.trim().to_owned() }
}

/// Whether a text is HTML: it holds an element that HTML knows, a comment, or an entity.
/// `if a < b` and `Vec<T>` are none.
pub fn is_html(text: &str) -> bool {
    tags(text).any(|tag| tag.comment || ELEMENTS.contains(&tag.name.as_str())) || has_entity(text)
}

fn has_entity(text: &str) -> bool {
    text.split('&').skip(1).any(|rest| {
        let Some((name, _)) = rest.split_once(';') else { return false };
        let number = name.strip_prefix('#').map(|digits| digits.trim_start_matches(['x', 'X']));
        match number {
            Some(digits) => {
                (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
            }
            None => {
                (2..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
            }
        }
    })
}

const ELEMENTS: [&str; 62] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "script",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "td",
    "tr",
    "tt",
    "u",
    "ul",
];

/// Elements that end a line.
const BLOCKS: [&str; 22] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "center",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "section",
    "tr",
    "ul",
];

/// Elements that have no end or that the parser ends when the next one of the kind begins.
const SELF_ENDING: [&str; 20] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "source", "td", "th", "tr", "wbr",
];

struct Tag {
    start: usize,
    end: usize,
    name: String,
    closing: bool,
    comment: bool,
}

/// What looks like a tag or a comment, in order.
fn tags(text: &str) -> impl Iterator<Item = Tag> + '_ {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + memchr::memchr(b'<', bytes.get(from..)?)?;
            from = start + 1;
            let rest = &bytes[from..];
            if rest.starts_with(b"!--") {
                let (name, closing) = (String::new(), false);
                return Some(Tag { start, end: from, name, closing, comment: true });
            }
            let closing = rest.first() == Some(&b'/');
            let rest = &rest[usize::from(closing)..];
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if length == 0 || length > 12 || !rest[0].is_ascii_alphabetic() {
                continue;
            }
            // A name goes on to a space, a slash or the tag's end; else it is no name of HTML.
            if !matches!(rest.get(length), Some(b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r')) {
                continue;
            }
            let name = String::from_utf8_lossy(&rest[..length]).to_ascii_lowercase();
            let end = memchr::memchr(b'>', rest)?;
            from += usize::from(closing) + end + 1;
            return Some(Tag { start, end: from, name, closing, comment: false });
        }
    })
}

/// Drops elements that lie too deep; those that end lines leave a line's end.
fn shallow(html: &str) -> String {
    let (mut depth, mut kept, mut plain) = (0_usize, 0, String::with_capacity(html.len()));
    for tag in tags(html) {
        if tag.comment || SELF_ENDING.contains(&tag.name.as_str()) {
            continue;
        }
        let inner = depth > DEEPEST;
        if tag.closing {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
        }
        if inner || depth > DEEPEST {
            plain.push_str(&html[kept..tag.start]);
            if BLOCKS.contains(&tag.name.as_str()) {
                plain.push_str("<br>");
            }
            kept = tag.end;
        }
    }
    plain.push_str(&html[kept..]);
    plain
}

/// The text without its tags, when there is no better way.
fn untagged(html: &str) -> String {
    let (mut kept, mut plain) = (0, String::with_capacity(html.len()));
    for tag in tags(html) {
        plain.push_str(&html[kept..tag.start]);
        plain.push(if BLOCKS.contains(&tag.name.as_str()) { '\n' } else { ' ' });
        kept = tag.end;
    }
    plain.push_str(&html[kept..]);
    plain
}

/// No spaces at the end of lines, no more than one blank line.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let line = line.replace('\u{a0}', " ");
        let line = line.trim_end();
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank <= 1 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.trim().to_owned()
}

/// Text alone, but for the marks of lists and quotes.
struct Plain;

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }
    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_lines_and_what_is_no_text_vanishes() {
        for (html, text) in [
            (
                "<style>p{color:red}</style><div>Hello Bob,</div><div>It is late.</div>",
                "Hello Bob,\nIt is late.",
            ),
            ("<p>Costs &amp; <b>plan</b></p>", "Costs & plan"),
            ("a<br>b<script>alert(1)</script><!-- c -->", "a\nb"),
            ("<ul><li>one</li><li>two</li></ul>", "* one\n* two"),
            ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
            ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
            ("x&nbsp;y &lt;z&gt; &eacute; &#8212; &hellip;", "x y <z> é — …"),
            ("<head><title>T</title></head><body>Text</body>", "Text"),
            ("<h1>Head</h1><p>one</p><p>two</p>", "Head\n\none\n\ntwo"),
            ("<a href=\"https://x.example\">the plan</a>", "the plan"),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
        let long = "word ".repeat(50_000);
        assert_eq!(to_text(&format!("<p>{long}</p>")).lines().count(), 1);
    }

    #[test]
    fn deep_and_open_elements_keep_their_text() {
        for tag in ["div", "b", "table", "ul", "blockquote", "font color=red"] {
            let html = format!("<p>before{}<p>within", format!("<{tag}>").repeat(20_000));
            let text = to_text(&html);
            assert!(
                text.contains("before") && text.contains("within"),
                "{tag}: {} bytes",
                text.len()
            );
        }
        let open = "<p>line".repeat(1_000);
        assert_eq!(to_text(&open).lines().filter(|line| *line == "line").count(), 1_000);
    }

    #[test]
    fn plain_text_is_told_from_html() {
        for text in ["if a < b and c > d", "Vec<T> and <job_id>", "R&D; AT&T", "x <- y", "<3", ""] {
            assert!(!is_html(text), "{text}");
        }
        for html in ["a <b>c</b>", "x<br/>y", "AT&amp;T", "&#8217;", "<p class=x>y", "<!-- c -->"] {
            assert!(is_html(html), "{html}");
        }
        assert_eq!(title("Report on <b>Slack</b>\n &amp; mail"), "Report on Slack & mail");
        assert_eq!(title("Vec<T>  explained"), "Vec<T> explained");
    }
}
