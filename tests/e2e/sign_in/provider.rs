//! An OpenID Connect provider of the test's own: one user, who is always signed in there.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use chrono::{TimeDelta, Utc};
use openidconnect::{
    Audience, EmptyAdditionalClaims, EndUserUsername, IssuerUrl, JsonWebKeyId, Nonce,
    PrivateSigningKey, StandardClaims, SubjectIdentifier,
    core::{CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey},
};
use reqwest::Url;
use serde_json::json;

pub const CLIENT: &str = "cascade";
pub const SECRET: &str = "the client's secret";

/// What to sign wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    Nonce,
    Audience,
    Expired,
    Key,
}

pub struct Provider {
    pub url: String,
    pub fault: Arc<Mutex<Fault>>,
}

fn rsa_key() -> CoreRsaPrivateSigningKey {
    let made = Command::new("openssl").args(["genrsa", "-traditional", "2048"]).output().unwrap();
    let pem = String::from_utf8(made.stdout).unwrap();
    CoreRsaPrivateSigningKey::from_pem(&pem, Some(JsonWebKeyId::new("test".into()))).unwrap()
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fault = Arc::new(Mutex::new(Fault::None));
        let (base, faults) = (url.clone(), fault.clone());
        std::thread::spawn(move || {
            let (key, other) = (rsa_key(), rsa_key());
            let mut nonces: HashMap<String, String> = HashMap::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let (path, body) = request(&mut connection);
                let asked = Url::parse(&format!("{base}{path}")).unwrap();
                let query: HashMap<String, String> = asked.query_pairs().into_owned().collect();
                let json = match asked.path() {
                    "/.well-known/openid-configuration" => json!({
                        "issuer": base,
                        "authorization_endpoint": format!("{base}/authorize"),
                        "token_endpoint": format!("{base}/token"),
                        "jwks_uri": format!("{base}/jwks"),
                        "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }),
                    "/jwks" => json!({ "keys": [key.as_verification_key()] }),
                    "/authorize" => {
                        assert_eq!(query["client_id"], CLIENT);
                        assert_eq!(query["code_challenge_method"], "S256");
                        let code = format!("code-{}", nonces.len());
                        nonces.insert(code.clone(), query["nonce"].clone());
                        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
                        back.query_pairs_mut()
                            .append_pair("code", &code)
                            .append_pair("state", &query["state"]);
                        let head = format!(
                            "HTTP/1.1 302 Found\r\nlocation: {back}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        connection.write_all(head.as_bytes()).unwrap();
                        continue;
                    }
                    "/token" => {
                        let form = Url::parse(&format!("{base}/?{body}")).unwrap();
                        let form: HashMap<String, String> =
                            form.query_pairs().into_owned().collect();
                        assert!(form["code_verifier"].len() >= 43);
                        let fault = *faults.lock().unwrap();
                        let nonce = match fault {
                            Fault::Nonce => "another".into(),
                            _ => nonces.remove(&form["code"]).unwrap(),
                        };
                        let signer = if fault == Fault::Key { &other } else { &key };
                        let token = id_token(&base, nonce, fault, signer);
                        json!({ "access_token": "a", "token_type": "Bearer", "id_token": token })
                    }
                    other => panic!("the provider was asked for {other}"),
                };
                let body = json.to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                connection.write_all((head + &body).as_bytes()).unwrap();
            }
        });
        Self { url, fault }
    }
}

fn id_token(
    issuer: &str,
    nonce: String,
    fault: Fault,
    key: &CoreRsaPrivateSigningKey,
) -> CoreIdToken {
    let audience = if fault == Fault::Audience { "somebody else" } else { CLIENT };
    let left = if fault == Fault::Expired { -600 } else { 600 };
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(issuer.into()).unwrap(),
        vec![Audience::new(audience.into())],
        Utc::now() + TimeDelta::seconds(left),
        Utc::now() - TimeDelta::seconds(900).min(TimeDelta::seconds(5)),
        StandardClaims::new(SubjectIdentifier::new("subject-1".into()))
            .set_preferred_username(Some(EndUserUsername::new("Grace".into()))),
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(nonce)));
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    CoreIdToken::new(claims, key, algorithm, None, None).unwrap()
}

/// Path and body of a request.
fn request(connection: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = connection.read(&mut part).unwrap();
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            return (path, body.to_owned());
        }
    }
}
