//! JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) says: HMAC-SHA256 over id, time
//! and body, so that a receiver can refuse what is old, what it has had before, and what is not ours.

use base64::{Engine, prelude::BASE64_STANDARD};
use cascade_sdk::{Context, HttpRequest, HttpResponse};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{fault::Fault, message::Message, params::Webhook};

/// A shorter secret can be guessed.
const SHORTEST_SECRET: usize = 16;

pub async fn send(ctx: &Context, to: &Webhook, message: &Message) -> Result<(), Fault> {
    let secret = ctx.secret(&to.secret_env).map_err(Fault::passing)?;
    let key = key(&secret).map_err(|why| Fault::lasting(format!("{}: {why}", to.secret_env)))?;
    let request = HttpRequest::post_json(&to.url, &message.json(&to.name));
    let request = request.map_err(Fault::lasting)?;
    let id = message.id(&to.name).to_string();
    // Of each attempt: a receiver refuses what is some minutes old.
    let timestamp = ctx.now().timestamp();
    let signature = signature(&key, &id, timestamp, &request.body);
    let request = request
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature);
    let answer = ctx.http().send(request).await.map_err(Fault::passing)?;
    accepted(&answer)
}

/// The key in a secret: its bytes, or after `whsec_` those that its base64 stands for.
fn key(secret: &str) -> Result<Vec<u8>, String> {
    let key = match secret.trim().strip_prefix("whsec_") {
        None => secret.trim().as_bytes().to_vec(),
        Some(text) => BASE64_STANDARD
            .decode(text)
            .map_err(|_| "what follows `whsec_` is not base64".to_owned())?,
    };
    match key.len() {
        0..SHORTEST_SECRET => Err(format!("the secret is shorter than {SHORTEST_SECRET} bytes")),
        _ => Ok(key),
    }
}

/// `v1,BASE64`, of `ID.TIMESTAMP.BODY`.
fn signature(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Whether an answer says that the message was taken.
pub fn accepted(answer: &HttpResponse) -> Result<(), Fault> {
    match answer.status {
        200..=299 => Ok(()),
        // It may be taken later.
        status @ (408 | 425 | 429 | 500..) => Err(Fault::passing(format!("answered {status}"))),
        status => Err(Fault::lasting(format!("answered {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        // The example of the specification's own libraries.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(
            signature(&key, id, 1_614_265_330, br#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused() {
        assert!(key("short").unwrap_err().contains("16 bytes"));
        assert!(key("whsec_c2hvcnQ=").unwrap_err().contains("16 bytes"));
        assert!(key("whsec_%").unwrap_err().contains("base64"));
        assert_eq!(key("a secret of 20 bytes").unwrap(), b"a secret of 20 bytes");
    }
}
