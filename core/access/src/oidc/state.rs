//! The state of a sign-in at a provider, from which every server of the same settings knows a sign-in that another
//! one began: random bytes, the time, and the HMAC over both. Nonce and PKCE verifier are further HMACs over the same
//! bytes, so nothing has to be kept between the two steps.
//!
//! A state is not marked as used. One that comes back twice is of no use: the provider takes each code once (RFC 6749,
//! section 4.1.2) and only with the verifier of the state that it was asked for with, and the callback takes the
//! cookie away that a state must agree with.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// How long somebody may take at the provider. The clocks of two servers may differ by as much.
const PATIENCE: Duration = Duration::from_secs(600);
/// Random bytes, then seconds of Unix time.
const SEED: usize = 32 + 8;

/// Makes states and knows them again.
pub(super) struct States {
    keyed: Hmac<Sha256>,
}

/// What belongs to one sign-in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub state: String,
    pub nonce: String,
    /// 43 characters, the fewest that RFC 7636, section 4.1, takes.
    pub verifier: String,
}

impl States {
    /// The key is made of the client's secret, which all servers have and nobody else but the provider. The label
    /// keeps it apart from the secret itself, which may also be the key of the provider's signatures.
    pub fn new(client_secret: &str) -> Self {
        let derived =
            Sha256::new_with_prefix("cascade: states of sign-ins\0").chain_update(client_secret);
        // HMAC fills a shorter key up to its block with zeros.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&derived.finalize());
        Self { keyed: Hmac::new(&key.into()) }
    }

    /// A new one, at a time in seconds of Unix time.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn begin(&self, now: i64) -> Result<Begun, getrandom::Error> {
        let mut seed = [0; SEED];
        let (random, time) = seed.split_at_mut(32);
        getrandom::fill(random)?;
        time.copy_from_slice(&now.to_be_bytes());
        Ok(self.begun(&seed))
    }

    /// The sign-in that a state belongs to, if it began at one of our servers and not too long ago.
    pub fn find(&self, state: &str, now: i64) -> Option<Begun> {
        let bytes = URL_SAFE_NO_PAD.decode(state).ok()?;
        let (seed, tag) = bytes.split_first_chunk::<SEED>()?;
        self.mac("state", seed).verify_slice(tag).ok()?;
        let time = i64::from_be_bytes(*seed.last_chunk()?);
        (now.abs_diff(time) < PATIENCE.as_secs()).then(|| self.begun(seed))
    }

    fn begun(&self, seed: &[u8; SEED]) -> Begun {
        let tag = |label| self.mac(label, seed).finalize().into_bytes();
        let state = URL_SAFE_NO_PAD.encode([seed, tag("state").as_slice()].concat());
        let text = |label| URL_SAFE_NO_PAD.encode(tag(label));
        Begun { state, nonce: text("nonce"), verifier: text("verifier") }
    }

    /// The label keeps apart what is shown, the state and the nonce, from the verifier, which is not.
    fn mac(&self, label: &str, seed: &[u8; SEED]) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(label).chain_update([0]).chain_update(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn another_server_of_the_same_settings_finishes_what_one_began() {
        let begun = States::new("secret").begin(NOW).unwrap();
        let found = States::new("secret").find(&begun.state, NOW + 599);
        assert_eq!(found.as_ref(), Some(&begun));
        let Begun { state, nonce, verifier } = &begun;
        assert_eq!((nonce.len(), verifier.len()), (43, 43));
        assert!(nonce != verifier && !state.contains(nonce) && !state.contains(verifier));
        // RFC 7636, section 4.1.
        let is_unreserved =
            |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
        assert!(verifier.chars().all(is_unreserved));
        let other = States::new("secret").begin(NOW).unwrap();
        assert!(other.state != *state && other.nonce != *nonce && other.verifier != *verifier);
    }

    #[test]
    fn an_old_state_is_refused() {
        let states = States::new("secret");
        let begun = states.begin(NOW).unwrap();
        assert_eq!(states.find(&begun.state, NOW + 600), None);
        assert_eq!(states.find(&begun.state, NOW - 600), None);
        assert!(states.find(&begun.state, NOW - 599).is_some(), "the clock of another server");
    }

    #[test]
    fn a_foreign_or_altered_state_is_refused() {
        let states = States::new("secret");
        let begun = states.begin(NOW).unwrap();
        for other in ["", "another", "secret\0"] {
            assert_eq!(States::new(other).find(&begun.state, NOW), None, "{other:?}");
        }
        let bytes = URL_SAFE_NO_PAD.decode(&begun.state).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert_eq!(states.find(&URL_SAFE_NO_PAD.encode(altered), NOW), None, "byte {at}");
        }
        for part in 0..bytes.len() {
            assert_eq!(
                states.find(&URL_SAFE_NO_PAD.encode(&bytes[..part]), NOW),
                None,
                "{part} bytes"
            );
        }
        for text in ["", "s", "é", &format!("{}AAAA", begun.state), &begun.nonce, &begun.verifier]
        {
            assert_eq!(states.find(text, NOW), None, "{text}");
        }
    }
}
