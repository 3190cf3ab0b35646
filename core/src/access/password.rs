//! Passwords, as OWASP's Password Storage Cheat Sheet advises: Argon2id, 19 MiB, 2 passes, 1 lane.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};

/// KiB of memory.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// NIST SP 800-63B-4 asks for at least 15 where a password is all there is; length is the only rule.
const SHORTEST: usize = 15;
/// More is work for an attacker to give us.
const LONGEST: usize = 256;

/// Hashing itself failed; not the password's fault.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashingFailed(String);

/// A password that is too short or too long.
#[derive(Debug, thiserror::Error)]
#[error("a password has from {SHORTEST} to {LONGEST} characters; a few words in a row do well")]
pub struct PasswordRule;

/// The one rule.
///
/// # Errors
/// [`PasswordRule`].
pub fn check_rule(password: &str) -> Result<(), PasswordRule> {
    let length = password.chars().count();
    if (SHORTEST..=LONGEST).contains(&length) { Ok(()) } else { Err(PasswordRule) }
}

fn argon2() -> Result<Argon2<'static>, HashingFailed> {
    let params = Params::new(MEMORY, PASSES, LANES, None);
    let params = params.map_err(|error| HashingFailed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC string with a salt of its own. Takes tens of milliseconds: on a thread for blocking work.
pub(super) async fn hash(password: String) -> Result<String, HashingFailed> {
    let hashing = tokio::task::spawn_blocking(move || {
        let hash = argon2()?.hash_password(password.as_bytes());
        Ok(hash.map_err(|error| HashingFailed(error.to_string()))?.to_string())
    });
    hashing.await.map_err(|error| HashingFailed(error.to_string()))?
}

/// Whether the password is the one behind `hash`. Without a hash it takes as long and says no, so
/// that the time does not tell which names exist.
pub(super) async fn verify(password: String, hash: Option<String>) -> bool {
    let checking = tokio::task::spawn_blocking(move || {
        let Ok(argon2) = argon2() else { return false };
        let Some(hash) = hash else {
            argon2.hash_password(password.as_bytes()).ok();
            return false;
        };
        PasswordHash::new(&hash)
            .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
    });
    checking.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_with_its_own_salt_and_fits_its_password_alone() {
        let password = "correct horse battery";
        let first = hash(password.into()).await.unwrap();
        let second = hash(password.into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        assert!(verify(password.into(), Some(first.clone())).await);
        assert!(!verify("correct horse".into(), Some(first)).await);
        assert!(!verify(password.into(), None).await);
        assert!(!verify(password.into(), Some("no hash".into())).await);
    }

    #[test]
    fn length_is_the_only_rule() {
        for (password, good) in
            [("short", false), ("fifteen letters", true), (&*"x".repeat(257), false)]
        {
            assert_eq!(check_rule(password).is_ok(), good, "{password}");
        }
    }
}
