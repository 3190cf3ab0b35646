//! Packed files, which are not read.

/// What a file is, if its first bytes are those of a packed one.
pub fn packed(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("a zip"),
        [0x1f, 0x8b, ..] => Some("a gzip"),
        [b'B', b'Z', b'h', ..] => Some("a bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("an xz"),
        _ => None,
    }
}
