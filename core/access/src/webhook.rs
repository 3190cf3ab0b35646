//! Whether a delivery to a hook was signed by who knows one of its secrets, as GitHub and Stripe sign. Each secret
//! costs one HMAC of the body, however many signatures a sender lists, and the comparison takes the same time
//! whatever place they differ in.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use sha2::Sha256;

/// Signatures that are looked at in one header: a sender that changes its secret sends two.
const MOST_SIGNATURES: usize = 8;

/// Whether `header`, `sha256=` and the HMAC of the body in hexadecimal, is by one of `secrets`.
pub fn is_signed_as_github(secrets: &[String], header: &str, body: &[u8]) -> bool {
    let signature = header.trim().strip_prefix("sha256=").and_then(tag);
    let Some(signature) = signature else { return false };
    is_by_one_of(secrets, &[body], &[signature])
}

/// Whether `header`, a time `t=` and signatures `v1=` of that time and the body, is by one of `secrets`, and its time
/// within `tolerance` of `now`, in seconds of Unix time.
pub fn is_signed_as_stripe(
    secrets: &[String],
    header: &str,
    body: &[u8],
    now: i64,
    tolerance: Duration,
) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let Some((_, time)) = parts().find(|(name, _)| *name == "t") else { return false };
    let Ok(at) = time.parse::<i64>() else { return false };
    if now.abs_diff(at) > tolerance.as_secs() {
        return false;
    }
    let listed = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| tag(hex));
    let listed: Vec<_> = listed.take(MOST_SIGNATURES).collect();
    is_by_one_of(secrets, &[time.as_bytes(), b".", body], &listed)
}

type Tag = CtOutput<Hmac<Sha256>>;

/// 32 bytes in hexadecimal.
fn tag(hex: &str) -> Option<Tag> {
    let hex = hex.as_bytes();
    if hex.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()?;
    }
    Some(CtOutput::new(bytes.into()))
}

fn is_by_one_of(secrets: &[String], message: &[&[u8]], signatures: &[Tag]) -> bool {
    let mut found = false;
    // An empty secret is none: everybody knows it.
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { continue };
        for part in message {
            mac.update(part);
        }
        let right = mac.finalize();
        for signature in signatures {
            found |= right == *signature;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(all: &[&str]) -> Vec<String> {
        all.iter().map(|&secret| secret.to_owned()).collect()
    }

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    #[test]
    fn the_signature_of_github_s_documentation_is_good() {
        let (secret, body) = ("It's a Secret to Everybody", b"Hello, World!");
        let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let is_good = |all: &[&str], header: &str| is_signed_as_github(&secrets(all), header, body);
        assert!(is_good(&[secret], good));
        assert!(is_good(&["new", secret], good), "while a secret is changed");
        assert!(is_good(&[secret], &good.to_uppercase().replace("SHA256", "sha256")));
        assert!(!is_good(&["new"], good) && !is_good(&[], good) && !is_good(&[""], good));
        for wrong in [
            "",
            "sha256=",
            &good[7..],
            &good.replace("sha256", "sha1"),
            &good.replace("757", "767"),
            &good[..good.len() - 2],
            &format!("{good}00"),
            "sha256=é57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        ] {
            assert!(!is_good(&[secret], wrong), "{wrong}");
        }
        assert!(!is_signed_as_github(&secrets(&[secret]), good, b"Hello, World?"));
        // The HMAC with no key of an empty body, which everybody can compute.
        let empty = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert!(!is_signed_as_github(&secrets(&[""]), empty, b""));
    }

    fn stripe(header: &str, now: i64) -> bool {
        let tolerance = Duration::from_secs(300);
        is_signed_as_stripe(&secrets(&["old", "whsec_test"]), header, b"{}", now, tolerance)
    }

    fn signed(time: &str, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.{{}}").as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn stripe_signs_the_time_with_the_body() {
        let (good, wrong) = (signed("1700000000", "whsec_test"), "0".repeat(64));
        // `printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test`
        assert_eq!(good, "35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91");
        let now = 1_700_000_000;
        assert!(stripe(&format!("t=1700000000,v1={good}"), now));
        assert!(stripe(&format!("t=1700000000,v1={wrong},v1={good},v0=x"), now + 300));
        assert!(stripe(&format!("t=1700000000, v1={good}"), now - 300));
        for (header, now) in [
            (format!("t=1700000000,v1={good}"), now + 301),
            (format!("t=1700000000,v1={good}"), now - 301),
            (format!("t=1700000001,v1={good}"), now),
            (format!("t=1700000000,v0={good}"), now),
            (format!("t=1700000000,v1={wrong}"), now),
            (format!("v1={good}"), now),
            (format!("t=x,v1={good}"), now),
            (format!("t=-9223372036854775808,v1={good}"), now),
            (String::new(), now),
        ] {
            assert!(!stripe(&header, now), "{header}");
        }
        let many = format!("t=1700000000{},v1={good}", format!(",v1={wrong}").repeat(8));
        assert!(!stripe(&many, now), "no more than 8 are looked at");
    }
}
