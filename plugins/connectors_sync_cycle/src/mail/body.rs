//! The text of a mail.

use mail_parser::{
    Encoding, Message, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use crate::{charset, html};

/// The plain text; where there is none, or only blanks beside HTML, the text of the HTML. Empty for a
/// mail that is but an attachment.
pub fn of(mail: &Message, raw: &[u8]) -> String {
    let plain = text(mail, raw, &mail.text_body);
    if !plain.is_empty() {
        return plain;
    }
    let other = text(mail, raw, &mail.html_body);
    if !other.is_empty() {
        return other;
    }
    // A message that is forwarded as it was, with nothing said around it.
    let nested = mail.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => Some(inner),
        _ => None,
    });
    nested.map_or_else(String::new, |inner| of(inner, inner.raw_message()))
}

fn text(mail: &Message, raw: &[u8], parts: &[u32]) -> String {
    let mut texts = Vec::new();
    for part in parts.iter().filter_map(|&id| mail.part(id)) {
        let (text, is_html) = match &part.body {
            PartType::Text(text) => (text, false),
            PartType::Html(text) => (text, true),
            _ => continue,
        };
        // What the named charset does not explain is decoded from its bytes.
        let again = text.contains('\u{fffd}').then(|| decode_again(part, raw)).flatten();
        let text = again.as_deref().unwrap_or(text);
        let plain = if is_html { html::to_text(text) } else { unix_lines(text) };
        if !plain.is_empty() {
            texts.push(plain);
        }
    }
    texts.join("\n\n")
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn decode_again(part: &MessagePart, raw: &[u8]) -> Option<String> {
    let (start, end) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    let bytes = raw.get(start..end)?;
    let decoded = match part.encoding {
        Encoding::None => bytes.to_vec(),
        Encoding::QuotedPrintable => quoted_printable_decode(bytes)?,
        Encoding::Base64 => base64_decode(bytes)?,
    };
    let named = part.content_type().and_then(|kind| kind.attribute("charset"));
    Some(charset::decode(&decoded, &[named]))
}
