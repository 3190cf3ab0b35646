//! Names of folders as IMAP spells them: modified UTF-7 (RFC 3501, section 5.1.3).

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A name as a server takes it.
pub fn encoded(name: &str) -> String {
    let mut text = String::new();
    let mut wide: Vec<u8> = Vec::new();
    let close = |wide: &mut Vec<u8>, text: &mut String| {
        if !wide.is_empty() {
            *text += &format!("&{}-", BASE64.encode(&wide));
            wide.clear();
        }
    };
    for letter in name.chars() {
        if matches!(letter, ' '..='~') {
            close(&mut wide, &mut text);
            text.push(letter);
            if letter == '&' {
                text.push('-');
            }
        } else {
            let units = letter.encode_utf16(&mut [0; 2]).to_vec();
            wide.extend(units.into_iter().flat_map(u16::to_be_bytes));
        }
    }
    close(&mut wide, &mut text);
    text
}

/// A name as a person writes it. What is not modified UTF-7 stays as it is: some servers send UTF-8.
pub fn decoded(name: &str) -> String {
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        let Some((inner, following)) = after.split_once('-') else { break };
        let letters = match inner {
            "" => Some("&".to_owned()),
            _ => BASE64.decode(inner).ok().and_then(|bytes| {
                let units =
                    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                String::from_utf16(&units.collect::<Vec<_>>()).ok()
            }),
        };
        text.push_str(before);
        match letters {
            Some(letters) => text.push_str(&letters),
            None => text.push_str(&format!("&{inner}-")),
        }
        rest = following;
    }
    text + rest
}

/// A text as a quoted string of a command.
///
/// # Errors
/// When it has a line break or a letter outside ASCII, which no quoted string has.
pub fn quoted(text: &str) -> Result<String, String> {
    if !text.chars().all(|letter| letter.is_ascii() && !matches!(letter, '\r' | '\n' | '\0')) {
        return Err("it has letters that IMAP cannot carry here".to_owned());
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// What stands within a quoted string, without its escapes.
pub fn unquoted(inner: &str) -> String {
    let mut text = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_the_standard_does() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("a 😀 b", "a &2D3eAA- b"),
        ] {
            assert_eq!(encoded(name), wire);
            assert_eq!(decoded(wire), name);
        }
        for as_it_is in ["a&b", "&!!-x", "Entwürfe", "&"] {
            assert_eq!(decoded(as_it_is), as_it_is);
        }
    }

    #[test]
    fn a_quoted_string_cannot_end_early() {
        assert_eq!(quoted("a\"b\\c").unwrap(), "\"a\\\"b\\\\c\"");
        assert_eq!(unquoted("a\\\"b\\\\c"), "a\"b\\c");
        assert!(quoted("a\r\nA1 LOGOUT").is_err() && quoted("ü").is_err());
    }
}
