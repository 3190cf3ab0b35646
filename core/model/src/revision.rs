use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Names a text of jobs.toml: half of its SHA-256, which is more than chance or mischief can match.
pub fn revision(text: &str) -> String {
    let hash = Sha256::digest(text);
    hash[..16].iter().fold(String::with_capacity(32), |mut name, byte| {
        // Writing to a String has no way to fail.
        write!(name, "{byte:02x}").ok();
        name
    })
}
