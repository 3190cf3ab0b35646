//! Whether an id token is the provider's, for us, and for this sign-in (OpenID Connect Core 1.0,
//! section 3.1.3.7).

use jsonwebtoken::{
    DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::signature::ALGORITHMS;

/// How far the provider's clock may be from ours, in seconds.
const CLOCK_SKEW: u64 = 30;

/// What must hold of a token.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// `id_token_signing_alg_values_supported` of the provider.
    pub algorithms: &'a [String],
}

/// What a token says of who is there.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub sub: String,
    aud: Audience,
    azp: Option<String>,
    nonce: Option<String>,
    pub name: Option<String>,
    pub preferred_username: Option<String>,
    pub email: Option<String>,
    /// Some providers write it as text; only `true` counts.
    pub email_verified: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims of a token, checked against the provider's `keys` (the `keys` of its JWK set).
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn verify(token: &str, keys: &[Value], expected: &Expected) -> Result<Claims, String> {
    let header = decode_header(token).map_err(|error| format!("its id token: {error}"))?;
    let listed = |name: &String| name.parse() == Ok(header.alg);
    if !ALGORITHMS.contains(&header.alg) || !expected.algorithms.iter().any(listed) {
        return Err(format!("it signed the id token by {:?}, which is not accepted", header.alg));
    }
    let mut validation = Validation::new(header.alg);
    validation.leeway = CLOCK_SKEW;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    let mut refused = "its id token: no key of the provider has the id of the token".to_owned();
    for key in keys.iter().filter_map(|key| Jwk::deserialize(key).ok()) {
        let of_token = header.kid.is_none() || key.common.key_id == header.kid;
        if !of_token || key.common.public_key_use == Some(PublicKeyUse::Encryption) {
            continue;
        }
        let decoded = DecodingKey::from_jwk(&key);
        match decoded.and_then(|key| decode::<Claims>(token, &key, &validation)) {
            Ok(token) => return for_this_sign_in(token.claims, expected),
            Err(error) => refused = format!("its id token: {error}"),
        }
    }
    Err(refused)
}

/// A signature and an issuer prove whose token it is, not that it answers this browser.
fn for_this_sign_in(claims: Claims, expected: &Expected) -> Result<Claims, String> {
    let audience = match &claims.aud {
        Audience::One(one) => std::slice::from_ref(one),
        Audience::Several(several) => several,
    };
    if audience.iter().any(|audience| audience != expected.client_id) {
        return Err("its id token is for others as well".into());
    }
    if claims.azp.as_ref().is_some_and(|party| party != expected.client_id) {
        return Err("its id token was given to another client".into());
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err("its id token answers another sign-in".into());
    }
    if claims.sub.is_empty() {
        return Err("its id token names nobody".into());
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use chrono::Utc;
    use ring::{
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
            EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
        },
    };
    use serde_json::json;

    use super::*;

    type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

    /// A provider's key: how it signs, and what its JWK set shows.
    struct Signer {
        sign: Sign,
        jwk: Value,
    }

    fn base64(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn curve(method: &'static EcdsaSigningAlgorithm, name: &str) -> Signer {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(method, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(method, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({ "kty": "EC", "crv": name, "x": base64(x), "y": base64(y), "kid": "k" });
        let sign = move |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
        Signer { sign: Box::new(sign), jwk }
    }

    fn p256() -> Signer {
        curve(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    fn edwards() -> Signer {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = base64(pair.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k" });
        Signer { sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()), jwk }
    }

    fn claims() -> Value {
        let now = Utc::now().timestamp();
        json!({
            "iss": "https://login.example", "sub": "s", "aud": "cascade", "nonce": "n",
            "exp": now + 60, "iat": now,
        })
    }

    fn token(algorithm: &str, claims: &Value, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
        let header = json!({ "alg": algorithm, "kid": "k" });
        let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let signature = sign(message.as_bytes());
        format!("{message}.{}", base64(signature))
    }

    fn checked(token: &str, keys: &[&Signer], algorithms: &[&str]) -> Result<Claims, String> {
        super::super::signature::install();
        let keys: Vec<_> = keys.iter().map(|key| key.jwk.clone()).collect();
        let algorithms: Vec<_> = algorithms.iter().map(|&name| name.to_owned()).collect();
        let expected = Expected {
            issuer: "https://login.example",
            client_id: "cascade",
            nonce: "n",
            algorithms: &algorithms,
        };
        verify(token, &keys, &expected)
    }

    #[test]
    fn each_kind_of_curve_is_verified_and_another_key_refused() {
        let p384 = curve(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
        for (name, signer) in [("ES256", p256()), ("ES384", p384), ("EdDSA", edwards())] {
            let token = token(name, &claims(), &signer.sign);
            assert_eq!(checked(&token, &[&signer], &[name]).unwrap().sub, "s", "{name}");
            // Keys of other kinds beside it are no obstacle.
            assert!(checked(&token, &[&p256(), &edwards(), &signer], &[name]).is_ok(), "{name}");
            assert!(checked(&token, &[&p256(), &edwards()], &[name]).is_err(), "{name}");
            let tampered = token.replacen('.', ".e", 1);
            assert!(checked(&tampered, &[&signer], &[name]).is_err(), "{name}");
        }
    }

    #[test]
    fn what_the_provider_does_not_sign_with_is_refused() {
        let signer = p256();
        let good = token("ES256", &claims(), &signer.sign);
        assert!(checked(&good, &[&signer], &["RS256"]).is_err(), "not listed");
        let unsigned = token("none", &claims(), &|_| Vec::new());
        assert!(checked(&unsigned, &[&signer], &["none", "ES256"]).is_err(), "unsigned");
        // The public key taken for a shared secret.
        let secret = ring::hmac::Key::new(
            ring::hmac::HMAC_SHA256,
            signer.jwk["x"].as_str().unwrap().as_bytes(),
        );
        let mac = |message: &[u8]| ring::hmac::sign(&secret, message).as_ref().to_vec();
        let confused = token("HS256", &claims(), &mac);
        let refused = checked(&confused, &[&signer], &["HS256", "ES256"]).unwrap_err();
        assert!(refused.contains("HS256"), "{refused}");
    }

    #[test]
    fn a_claim_that_is_wrong_is_refused() {
        let signer = p256();
        let now = Utc::now().timestamp();
        for (claim, wrong) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("another")),
            ("aud", json!(["cascade", "another"])),
            ("azp", json!("another")),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", Value::Null),
            ("exp", json!(now - 600)),
            ("exp", Value::Null),
            ("nbf", json!(now + 600)),
        ] {
            let mut claims = claims();
            claims[claim] = wrong.clone();
            let token = token("ES256", &claims, &signer.sign);
            assert!(checked(&token, &[&signer], &["ES256"]).is_err(), "{claim}: {wrong}");
        }
        let mut several = claims();
        several["aud"] = json!(["cascade"]);
        several["email_verified"] = json!("true");
        let token = token("ES256", &several, &signer.sign);
        assert!(checked(&token, &[&signer], &["ES256"]).is_ok());
    }
}
