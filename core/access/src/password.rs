//! Passwords, as OWASP's Password Storage Cheat Sheet advises: Argon2id, 19 MiB, 2 passes, 1 lane.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of memory.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const PARALLELISM: u32 = 1;
/// NIST SP 800-63B-4 asks for at least 15 where a password is all there is, and for a list of those that
/// are too common; no rule on which characters.
const SHORTEST: usize = 15;
/// More is work for an attacker to give us.
pub const LONGEST: usize = 256;
/// For each core, passwords that may wait for their turn: under a second's work.
const WAITING_PER_CORE: usize = 16;

/// Hashing itself failed; not the password's fault.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashingFailed(String);

/// Too many passwords are being checked.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct HashingBusy;

/// A password that will not do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PasswordRule {
    /// Too short or too long.
    #[error("a password has from {SHORTEST} to {LONGEST} characters; a few words in a row do well")]
    Length,
    /// Too easy to guess.
    #[error(
        "this password is easy to guess{0}; a few words in a row that do not belong together do well"
    )]
    Weak(String),
}

/// Length, and that it is not among the first 10^8 guesses of somebody who knows the user's name,
/// the most used passwords, names, words, dates, repetitions and rows of keys.
///
/// # Errors
/// [`PasswordRule`].
pub fn check_rule(password: &str, user_name: &str) -> Result<(), PasswordRule> {
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return Err(PasswordRule::Length);
    }
    let known = [user_name, "cascade"];
    let guessed = zxcvbn::zxcvbn(password, &known);
    if guessed.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let why = guessed.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    let why = why.map(|why| format!(": {}", why.to_string().trim_end_matches('.')));
    Err(PasswordRule::Weak(why.unwrap_or_default()))
}

fn argon2() -> Result<Argon2<'static>, HashingFailed> {
    let params = Params::new(MEMORY, PASSES, PARALLELISM, None);
    let params = params.map_err(|error| HashingFailed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Where passwords are hashed: as many at a time as there are cores, each of which takes 19 MiB and
/// tens of milliseconds of one; some more wait, and the rest are refused.
#[derive(Clone)]
pub(super) struct Hashing {
    /// Those that run.
    cores: Arc<Semaphore>,
    /// Those that run or wait.
    places: Arc<Semaphore>,
}

impl Hashing {
    /// For `cores` cores.
    pub(super) fn new(cores: usize) -> Self {
        let semaphore = |size| Arc::new(Semaphore::new(size));
        Self { cores: semaphore(cores), places: semaphore(cores * (1 + WAITING_PER_CORE)) }
    }

    /// Waits for a core. A caller that goes away meanwhile gives its place back; hashing that has
    /// begun keeps its core to the end.
    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 2], HashingBusy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| HashingBusy)?;
        let core = self.cores.clone().acquire_owned().await.map_err(|_| HashingBusy)?;
        Ok([place, core])
    }

    /// A PHC string with a salt of its own.
    pub(super) async fn hash(&self, password: String) -> Result<String, super::AccessError> {
        let turn = self.turn().await?;
        let hashing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let hash = argon2()?.hash_password(password.as_bytes());
            Ok(hash.map_err(|error| HashingFailed(error.to_string()))?.to_string())
        });
        let hashed = hashing.await.map_err(|error| HashingFailed(error.to_string()));
        Ok(hashed.and_then(|hashed: Result<_, HashingFailed>| hashed)?)
    }

    /// Whether the password is the one behind `hash`. Without a hash it takes as long and says no, so
    /// that the time does not tell which names exist.
    pub(super) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, HashingBusy> {
        let turn = self.turn().await?;
        let checking = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let Ok(argon2) = argon2() else { return false };
            let Some(hash) = hash else {
                argon2.hash_password(password.as_bytes()).ok();
                return false;
            };
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(checking.await.unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_with_its_own_salt_and_fits_its_password_alone() {
        let password = "correct horse battery";
        let hashing = Hashing::new(1);
        let first = hashing.hash(password.into()).await.unwrap();
        let second = hashing.hash(password.into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        let verify = async |password: &str, hash: Option<String>| {
            hashing.verify(password.into(), hash).await.unwrap()
        };
        assert!(verify(password, Some(first.clone())).await);
        assert!(!verify("correct horse", Some(first)).await);
        assert!(!verify(password, None).await);
        assert!(!verify(password, Some("no hash".into())).await);
    }

    #[tokio::test]
    async fn as_many_run_as_there_are_cores_some_wait_and_more_are_refused() {
        let hashing = Hashing::new(2);
        let running = [hashing.turn().await.unwrap(), hashing.turn().await.unwrap()];
        let mut waiting: Vec<_> =
            (0..2 * WAITING_PER_CORE).map(|_| Box::pin(hashing.turn())).collect();
        for turn in &mut waiting {
            assert!(futures::poll!(turn).is_pending(), "a third runs on two cores");
        }
        assert!(hashing.turn().await.is_err());
        // Who goes away makes room for another, and who is done lets the next begin.
        drop(waiting.pop());
        let mut last = Box::pin(hashing.turn());
        assert!(futures::poll!(&mut last).is_pending());
        drop(running);
        assert!(futures::poll!(&mut waiting[0]).is_ready());
    }

    #[test]
    fn what_is_short_or_easy_to_guess_is_refused() {
        for password in ["short", &"x".repeat(257)] {
            assert_eq!(check_rule(password, "ann"), Err(PasswordRule::Length), "{password}");
        }
        for weak in [
            "aaaaaaaaaaaaaaa",
            "annamaria.lopez",
            "annamaria.lopezannamaria.lopez",
            "passwordpassword",
            "password12345678",
            "1234567890123456",
            "qwertyuiopasdfgh",
            "cascadecascadecascade",
            "1q2w3e4r5t6y7u8i",
        ] {
            let refused = check_rule(weak, "annamaria.lopez");
            assert!(matches!(refused, Err(PasswordRule::Weak(_))), "{weak}: {refused:?}");
        }
        for good in
            ["correct horse battery staple", "a long enough password", "another long password"]
        {
            assert_eq!(check_rule(good, "ann"), Ok(()), "{good}");
        }
    }
}
