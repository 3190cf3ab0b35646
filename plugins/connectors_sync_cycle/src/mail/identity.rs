//! What makes a mail the same mail.

use mail_parser::Message;
use sha2::{Digest, Sha256};

use super::lines::is_blank;

/// Its Message-ID, and a hash of subject and text: programs exist that give one Message-ID to many
/// mails. Sender and date are no part of it, as a corrected one makes no other mail; nor are headers
/// that mail programs rewrite. Without a Message-ID sender and date must do.
pub fn of(message_id: Option<&str>, mail: &Message, raw: &[u8]) -> String {
    let mut hash = Sha256::new();
    let mut field = |name: &str| {
        for word in mail.header_raw(name).unwrap_or_default().split_whitespace() {
            hash.update(word);
            hash.update(" ");
        }
        hash.update("\n");
    };
    field("Subject");
    if message_id.is_none() {
        ["From", "To", "Date"].into_iter().for_each(field);
    }
    let mut in_body = false;
    let mut blank = 0_usize;
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        if in_body {
            let line = line.trim_ascii_end();
            // Blank lines at the end come and go with the archive's writer.
            if line.is_empty() {
                blank += 1;
                continue;
            }
            (0..blank).for_each(|_| hash.update("\n"));
            blank = 0;
            hash.update(line);
            hash.update("\n");
        } else {
            in_body = is_blank(line);
        }
    }
    let digest: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}#{digest}", message_id.unwrap_or_default())
}
