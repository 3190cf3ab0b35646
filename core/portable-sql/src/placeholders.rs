//! `$1`, `$2` ... as SQLite takes them at the least cost.
//!
//! SQLite knows a numbered placeholder by its name, and its driver looks up each name in a list: binding
//! takes time with the square of their number. A `?` has no name.

use std::borrow::Cow;

/// The text with `?` for placeholders that stand in their order, each once; others need their names.
pub(crate) fn unnamed(sql: &str) -> Cow<'_, str> {
    let mut plain = String::with_capacity(sql.len());
    let (mut rest, mut count) = (sql, 0_usize);
    while let Some(at) = rest.find(['$', '?', '\'', '"', '`', '[', '-', '/']) {
        let (before, found) = rest.split_at(at);
        plain.push_str(before);
        let length = match found.as_bytes() {
            [b'$', ..] => {
                let digits = found[1..].bytes().take_while(u8::is_ascii_digit).count();
                count += 1;
                if found[1..=digits] != count.to_string() {
                    return sql.into();
                }
                plain.push('?');
                rest = &found[1 + digits..];
                continue;
            }
            // What the text numbers otherwise stays as it is.
            [b'?', ..] => return sql.into(),
            [b'-', b'-', ..] => found.find('\n').unwrap_or(found.len()),
            [b'/', b'*', ..] => found.find("*/").map_or(found.len(), |end| end + 2),
            [b'[', ..] => found.find(']').map_or(found.len(), |end| end + 1),
            [b'-' | b'/', ..] => 1,
            // A quote that is doubled within ends one part and begins the next.
            [quote, ..] => found[1..].find(char::from(*quote)).map_or(found.len(), |end| end + 2),
            [] => break,
        };
        plain.push_str(&found[..length]);
        rest = &found[length..];
    }
    plain.push_str(rest);
    if count == 0 { sql.into() } else { plain.into() }
}

#[cfg(test)]
mod tests {
    use super::unnamed;

    #[test]
    fn placeholders_in_their_order_lose_their_names() {
        for (sql, expected) in [
            ("INSERT INTO t VALUES ($1, $2), ($3, $4)", "INSERT INTO t VALUES (?, ?), (?, ?)"),
            ("SELECT a - $1 / $2 FROM t", "SELECT a - ? / ? FROM t"),
            ("SELECT '$5 it''s', \"$1\", $1", "SELECT '$5 it''s', \"$1\", ?"),
            (
                "SELECT [$2], `$3`, $1 -- $9\n, $2 /* $7 */",
                "SELECT [$2], `$3`, ? -- $9\n, ? /* $7 */",
            ),
            ("SELECT 'ё', $1, 'ё", "SELECT 'ё', ?, 'ё"),
        ] {
            assert_eq!(unnamed(sql), expected);
        }
        for sql in [
            "SELECT $1, $1",
            "SELECT $2, $1",
            "SELECT $1, $3",
            "SELECT $a, $1",
            "SELECT $01",
            "SELECT ?, $1",
            "SELECT 1",
            "",
        ] {
            assert_eq!(unnamed(sql), sql);
        }
    }
}
