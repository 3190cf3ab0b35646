//! Bytes to text: by byte order mark, by the charset that the sender names, else by a guess.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// Bytes that a guess looks at: more of the same text does not change it.
const GUESS_FROM: usize = 64 << 10;

/// Decodes bytes whose charset may have been named, in order of trust. A name that nobody knows
/// counts as none. UTF-8 goes before a single-byte charset when the bytes are well-formed UTF-8 and
/// one of the names says so: servers often name a default that the file contradicts.
pub fn decode(bytes: &[u8], named: &[Option<&str>]) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned();
    }
    let named: Vec<&'static Encoding> =
        named.iter().flatten().filter_map(|label| by_name(label)).collect();
    let utf8 = std::str::from_utf8(bytes);
    if let Ok(text) = utf8
        && (named.is_empty() || named.contains(&UTF_8))
    {
        return text.to_owned();
    }
    for encoding in &named {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return text.into_owned();
        }
    }
    // Text in UTF-8 with a few damaged bytes is still best read as what it says it is.
    let first = named.first().copied().filter(|encoding| *encoding != UTF_8 || mostly_utf8(bytes));
    let encoding = first.unwrap_or_else(|| guess(bytes));
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// The encoding of a label; also spellings that the encoding standard does not list.
fn by_name(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let other = || {
        let plain: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let known = match plain.strip_prefix("cp").or_else(|| plain.strip_prefix("win")) {
            Some(page) if page.len() == 4 && page.starts_with("125") => format!("windows-{page}"),
            Some("932") => "shift_jis".to_owned(),
            Some("936") => "gbk".to_owned(),
            Some("949") => "euc-kr".to_owned(),
            Some("950") => "big5".to_owned(),
            _ if plain.starts_with("utf8") => "utf-8".to_owned(),
            _ => plain,
        };
        Encoding::for_label(known.as_bytes())
    };
    Encoding::for_label(label.as_bytes()).or_else(other)
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(GUESS_FROM)], true);
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_charset_is_used() {
        for (bytes, name, text) in [
            (&b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "windows-1251", "Привет"),
            (b"\xcf\xf0\xe8\xe2\xe5\xf2", "CP-1251", "Привет"),
            (b"\xf0\xd2\xc9\xd7\xc5\xd4", "koi8-r", "Привет"),
            (b"\x1b$B2q5D\x1b(B", "iso-2022-jp", "会議"),
            (b"\x89\xef\x8bc", "cp932", "会議"),
            (b"\xbb\xe1\xd2\xe9", "gb2312", "会议"),
            ("é".as_bytes(), "utf8mb4", "é"),
        ] {
            assert_eq!(decode(bytes, &[Some(name)]), text, "{name}");
        }
    }

    #[test]
    fn a_wrong_or_missing_name_costs_no_text() {
        assert_eq!(decode("Привет".as_bytes(), &[Some("iso-8859-1"), Some("utf-8")]), "Привет");
        assert_eq!(decode("Привет".as_bytes(), &[Some("x-unknown")]), "Привет");
        let russian = encoding_rs::WINDOWS_1251.encode("Мы не успеваем к пятнице, нужна помощь.").0;
        assert_eq!(decode(&russian, &[None]), "Мы не успеваем к пятнице, нужна помощь.");
        assert_eq!(decode(b"\xff\xfeA\0b\0", &[Some("utf-8")]), "Ab");
    }
}
