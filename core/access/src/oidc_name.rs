//! What somebody who comes from a provider is called. Their account is found by issuer and subject. Its
//! name is what others give roles to, so that nobody may choose it: it is an e-mail address that the
//! provider has verified, or one made of the subject. What they call themselves is only shown.

use sha2::{Digest, Sha256};

use super::{
    OidcIdentity,
    accounts::{canonical, is_name},
};

/// Bytes of a made-up name before its digest.
const LONGEST_START: usize = 60;
/// The longest display name, in characters.
const LONGEST_DISPLAY: usize = 100;

impl OidcIdentity {
    /// Names for a new account, the best first: one that is taken is somebody else's.
    pub fn account_names(&self) -> Vec<String> {
        let verified = self.verified_email.as_deref().map(canonical).filter(|name| is_name(name));
        let digest = Sha256::digest(format!("{}\n{}", self.issuer, self.subject));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let start = start(self.display_name.as_deref().unwrap_or(&self.subject));
        // With a `+` and without an `@` it is neither what people choose nor an address.
        let made = [12, 32].map(|length| format!("{start}+{}", &digest[..length]));
        verified.into_iter().chain(made).collect()
    }
}

/// The letters and digits of a text, with points between.
fn start(text: &str) -> String {
    let mut start = String::new();
    for c in canonical(text).chars() {
        let c = if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '.' };
        if start.len() + c.len_utf8() > LONGEST_START {
            break;
        }
        if c != '.' || !(start.is_empty() || start.ends_with('.')) {
            start.push(c);
        }
    }
    let start = start.trim_end_matches('.');
    if start.is_empty() { "user".into() } else { start.into() }
}

/// A name to show: without what changes how the text around it is read, and not too long.
pub(super) fn display_name(text: &str) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let shown = text.chars().filter(|c| !c.is_control() && !turns(*c));
    let shown: String = shown.take(LONGEST_DISPLAY).collect();
    Some(shown.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(subject: &str, display: Option<&str>, email: Option<&str>) -> OidcIdentity {
        OidcIdentity {
            issuer: "https://login.example".into(),
            subject: subject.into(),
            verified_email: email.map(ToOwned::to_owned),
            display_name: display.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn every_identity_gets_a_name_that_fits_and_that_nobody_chose() {
        for (subject, display) in [
            ("auth0|123", None),
            ("auth0|123", Some("Grace Hopper")),
            ("1", Some("owner")),
            ("1", Some("ceo@corp.example")),
            ("1", Some("| |")),
            ("1", Some("\u{418}\u{432}\u{430}\u{43d} \u{41f}\u{435}\u{442}\u{440}\u{43e}\u{432}")),
            ("x", Some(&*"long ".repeat(100))),
        ] {
            let names = identity(subject, display, None).account_names();
            for name in &names {
                assert!(is_name(name) && !name.contains('@') && name.contains('+'), "{name}");
                assert_ne!(Some(name.as_str()), display);
            }
            let other = identity("another", display, None).account_names();
            assert!(names.iter().all(|name| !other.contains(name)), "{names:?} {other:?}");
        }
        let named = identity("auth0|123", Some("Grace Hopper"), None).account_names();
        assert!(named[0].starts_with("grace.hopper+"), "{named:?}");
        let verified = identity("1", Some("owner"), Some("Grace@Corp.example")).account_names();
        assert_eq!(verified[0], "grace@corp.example");
    }

    #[test]
    fn a_name_that_is_shown_turns_nothing_around() {
        assert_eq!(display_name(" Grace\u{202e}\u{0} Hopper ").as_deref(), Some("Grace Hopper"));
        assert_eq!(display_name("\u{200b}\n"), None);
        assert_eq!(display_name(&"x".repeat(1000)).unwrap().len(), LONGEST_DISPLAY);
    }
}
