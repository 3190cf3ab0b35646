//! Who wrote a mail.

use mail_parser::{Address, Message, MessageParser};

use super::message::Envelope;

/// Name for people, and the address in lower case, or the name where there is no address. Tries the
/// headers that tell it, then the archive's separator; a mail without any is by `unknown`.
pub fn of(mail: &Message, envelope: &Envelope) -> (String, String) {
    for name in ["From", "Sender", "Reply-To", "Resent-From", "X-From", "Return-Path"] {
        let raw = mail.header_raw(name).unwrap_or_default().trim();
        if raw.is_empty() || raw == "<>" {
            continue;
        }
        let parsed = mail.header(name).and_then(|value| value.as_address()).and_then(known);
        if let Some(found) = parsed.or_else(|| masked(raw)).or_else(|| named(raw)) {
            return found;
        }
    }
    match &envelope.sender {
        Some(address) => (address.clone(), address.to_lowercase()),
        None => ("unknown".to_owned(), "unknown".to_owned()),
    }
}

/// The first sender with an address.
fn known(senders: &Address) -> Option<(String, String)> {
    senders.iter().find_map(|sender| {
        let address = sender.address()?.trim().to_lowercase();
        if !address.contains('@') || address.contains(char::is_whitespace) {
            return None;
        }
        let name = sender.name().map(unquoted).filter(|name| !name.is_empty());
        Some((name.unwrap_or_else(|| address.clone()), address))
    })
}

fn unquoted(name: &str) -> String {
    let name = name.trim().trim_matches(['"', '\'']);
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `ann at x.example (Ann Lee)`, as list archives write an address.
fn masked(raw: &str) -> Option<(String, String)> {
    if raw.contains('@') {
        return None;
    }
    let mark = [" at ", " (at) ", "(at)", "[at]", " [at] ", "(a)", "_at_", " AT "];
    let mark = mark.into_iter().find(|mark| raw.contains(mark))?;
    let plain = raw.replacen(mark, "@", 1).replace(" dot ", ".").replace("(dot)", ".");
    parse_address(&plain)
}

/// A name without an address, such as `Ann Lee` or `MAILER-DAEMON (Mail Delivery System)`.
fn named(raw: &str) -> Option<(String, String)> {
    // With an address that nobody has, the parser reads the name as it reads any.
    let decoded = match raw.split_once('(') {
        Some((user, comment)) => {
            let user = user.split_whitespace().collect::<String>();
            parse_address(&format!("{user}@unknown.invalid ({comment}"))
        }
        None => {
            let name = raw.split('<').next().unwrap_or(raw).trim();
            let name = if name.is_empty() { raw.trim_matches(['<', '>']) } else { name };
            parse_address(&format!("{name} <x@unknown.invalid>"))
        }
    };
    let name = decoded.map(|(name, _)| name).filter(|name| !name.ends_with("@unknown.invalid"));
    let name = name.unwrap_or_else(|| unquoted(raw));
    (!name.is_empty()).then(|| (name.clone(), name.to_lowercase()))
}

fn parse_address(text: &str) -> Option<(String, String)> {
    let header = format!("From: {}\r\n\r\n", text.replace(['\r', '\n'], " "));
    let mail = MessageParser::new().with_address_headers().parse(header.as_bytes())?;
    known(mail.from()?)
}
