//! Browsers that have signed in to an account before. Each has a cookie, signed by a key that is made
//! of the hash of the account's password: nothing more is kept of it, every server knows it, and a new
//! password makes all of them strangers.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cascade_sdk::sql;
use chrono::{TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{Accounts, Result, accounts::canonical};

/// A browser that does not come back for this long is not known any more.
pub const DEVICE_KNOWN: TimeDelta = TimeDelta::days(365);
/// Longer than any cookie that was made here.
const LONGEST: usize = 120;

/// `id.end.signature`.
fn signature(password_hash: &str, user: Uuid, id: &str, end: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(password_hash.as_bytes()).ok()?;
    mac.update(format!("cascade device {user} {id} {end}").as_bytes());
    Some(mac)
}

impl Accounts {
    /// What a browser that has signed in is known by later; `None` for an account without a password,
    /// at which nobody guesses.
    ///
    /// # Errors
    /// The database's.
    pub async fn make_device(&self, user: Uuid) -> Result<Option<String>> {
        let find = sql("SELECT password_hash FROM users WHERE id = $1").bind(user);
        let found: Option<(Option<String>,)> = self.one(find).await?;
        let Some(hash) = found.and_then(|row| row.0) else { return Ok(None) };
        let (id, end) =
            (Uuid::new_v4().simple().to_string(), (Utc::now() + DEVICE_KNOWN).timestamp());
        let signed = signature(&hash, user, &id, end);
        let signed = signed.map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        Ok(signed.map(|signed| format!("{id}.{end}.{signed}")))
    }

    /// The id of the browser that `cookie` was made for, if it has signed in to the account of this
    /// name before.
    ///
    /// # Errors
    /// The database's.
    pub async fn known_device(&self, name: &str, cookie: &str) -> Result<Option<String>> {
        let mut parts = cookie.split('.');
        let (Some(id), Some(end), Some(signed)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        let Ok(end) = end.parse::<i64>() else { return Ok(None) };
        let Ok(signed) = URL_SAFE_NO_PAD.decode(signed) else { return Ok(None) };
        if cookie.len() > LONGEST || end < Utc::now().timestamp() {
            return Ok(None);
        }
        let find = sql("SELECT id, password_hash FROM users WHERE name = $1");
        let found: Option<(Uuid, Option<String>)> = self.one(find.bind(canonical(name))).await?;
        let Some((user, Some(hash))) = found else { return Ok(None) };
        let fits =
            signature(&hash, user, id, end).is_some_and(|mac| mac.verify_slice(&signed).is_ok());
        Ok(fits.then(|| id.to_owned()))
    }
}
