//! What is asked of the provider over HTTP: its metadata, its keys, and a code's tokens.

use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::{Url, form_urlencoded::byte_serialize};

use super::OidcSettings;

/// The part that is needed of OpenID Connect Discovery 1.0, section 3.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    pub id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

impl Metadata {
    /// # Errors
    /// For a person: the provider cannot be reached, or is another than it was asked for.
    pub async fn discover(http: &Client, issuer: &str) -> Result<Self, String> {
        let base = issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let metadata: Self = ask(http.get(url)).await?;
        if metadata.issuer != issuer {
            return Err(format!("it calls itself `{}`, not `{issuer}`", metadata.issuer));
        }
        Ok(metadata)
    }

    /// The `keys` of its JWK set.
    ///
    /// # Errors
    /// For a person.
    pub async fn keys(&self, http: &Client) -> Result<Vec<Value>, String> {
        let set: KeySet = ask(http.get(self.jwks_uri.clone())).await?;
        Ok(set.keys)
    }

    /// Trades a code for an id token.
    ///
    /// # Errors
    /// For a person.
    pub async fn id_token(
        &self,
        http: &Client,
        settings: &OidcSettings,
        (code, verifier, redirect_url): (&str, &str, &str),
    ) -> Result<String, String> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", redirect_url),
        ];
        let mut request = http.post(self.token_endpoint.clone());
        if self.takes_secret_in_body() {
            form.push(("client_id", &settings.client_id));
            form.push(("client_secret", &settings.client_secret));
        } else {
            // RFC 6749, section 2.3.1: both are form-encoded first.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let secret = encoded(&settings.client_secret);
            request = request.basic_auth(encoded(&settings.client_id), Some(secret));
        }
        let tokens: Tokens = ask(request.form(&form)).await?;
        tokens.id_token.ok_or_else(|| "it gave no id token".to_owned())
    }

    /// Every provider takes the secret in the header, but for those that list their ways and leave it out.
    fn takes_secret_in_body(&self) -> bool {
        let ways = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let lists = |way: &str| ways.iter().any(|listed| listed == way);
        lists("client_secret_post") && !lists("client_secret_basic")
    }
}

/// The JSON that a request is answered by. The message of a failure holds neither code nor secret.
async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, String> {
    let answer = request.header("accept", "application/json").send().await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })?;
    let (status, place) = (answer.status(), answer.url().path().to_owned());
    let body = answer.bytes().await.map_err(|error| error.to_string())?;
    if status != reqwest::StatusCode::OK {
        let why = serde_json::from_slice::<Refusal>(&body).map_or_else(
            |_| String::new(),
            |told| format!(": {} {}", told.error, told.error_description.unwrap_or_default()),
        );
        return Err(format!("{place} answers {status}{why}").trim_end().to_owned());
    }
    serde_json::from_slice(&body).map_err(|error| format!("the answer of {place}: {error}"))
}
