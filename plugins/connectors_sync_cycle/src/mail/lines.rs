//! Lines of an archive, with an upper bound on what is kept of one.

use std::io::{self, BufRead};

/// A longer line is kept to this length: no text line is, and a file without line ends must not fill
/// the memory.
pub const LONGEST: usize = 1 << 20;

/// Reads one line with its end into `line`, which is cleared first. Returns the bytes that the line
/// takes in the file, 0 at the end of the file.
pub fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut length = 0_u64;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(length);
        }
        let end = memchr::memchr(b'\n', chunk);
        let taken = end.map_or(chunk.len(), |at| at + 1);
        let room = LONGEST.saturating_sub(line.len());
        line.extend_from_slice(&chunk[..taken.min(room)]);
        if end.is_some() && !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        reader.consume(taken);
        length += taken as u64;
        if end.is_some() {
            return Ok(length);
        }
    }
}

/// Whether a line holds nothing but its end.
pub fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"")
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn a_line_without_end_is_kept_to_the_bound_and_counted_whole() {
        let long = vec![b'x'; 3 * LONGEST];
        let input = [&long[..], b"\nnext\nlast"].concat();
        let mut reader = BufReader::with_capacity(4096, &input[..]);
        let mut line = Vec::new();
        assert_eq!(read_line(&mut reader, &mut line).unwrap(), 3 * LONGEST as u64 + 1);
        assert_eq!(line.len(), LONGEST + 1);
        for expected in ["next\n", "last", ""] {
            read_line(&mut reader, &mut line).unwrap();
            assert_eq!(line, expected.as_bytes());
        }
    }
}
