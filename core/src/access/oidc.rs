//! Signing in at an OpenID Connect provider: the authorization code flow with PKCE, state and nonce
//! (OpenID Connect Core 1.0, section 3.1; RFC 7636).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    core::{CoreClient, CoreProviderMetadata, CoreResponseType},
    http,
};

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::from_secs(600);
/// At a time; the oldest gives way to one more. The throttle lets an address begin a small part of them.
const MOST_PENDING: usize = 10_000;

/// What is set up.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider, such as `https://login.example`.
    pub issuer: String,
    /// What it knows this host by.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// Why somebody could not be signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider cannot be asked, or answers wrongly.
    #[error("the OpenID Connect provider: {0}")]
    Provider(String),
    /// The way back is not one that began here, or took too long.
    #[error("this sign-in did not begin here, or took too long")]
    Unknown,
}

/// Who the provider says is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIdentity {
    /// Issuer.
    pub issuer: String,
    /// The provider's own, stable name for them.
    pub subject: String,
    /// A name for people: preferred user name, or e-mail address if it is verified.
    pub name: Option<String>,
}

struct Pending {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    began: Instant,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// One provider.
pub struct Oidc {
    settings: OidcSettings,
    redirect_url: String,
    http: reqwest::Client,
    pending: Mutex<HashMap<String, Pending>>,
}

impl Oidc {
    /// `base` is the address of this host, to which the provider sends browsers back. Nothing is
    /// asked of the provider yet: it may be down while the host starts.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(settings: OidcSettings, base: &str) -> reqwest::Result<Self> {
        let redirect_url = format!("{base}/api/session/oidc/callback");
        // A redirect of the provider's own endpoints would be a way to make us ask others.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(15))
            .build()?;
        Ok(Self { settings, redirect_url, http, pending: Mutex::default() })
    }

    /// The provider's page to send the browser to, and the state that must come back with it.
    ///
    /// # Errors
    /// [`OidcError::Provider`].
    pub async fn begin(&self) -> Result<(String, String), OidcError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".into()))
            .add_scope(Scope::new("email".into()))
            .set_pkce_challenge(challenge)
            .url();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, pending| pending.began.elapsed() < PATIENCE);
        if pending.len() >= MOST_PENDING {
            let oldest = pending.iter().min_by_key(|(_, pending)| pending.began);
            let oldest = oldest.map(|(state, _)| state.clone());
            oldest.and_then(|state| pending.remove(&state));
        }
        let state = state.secret().clone();
        pending.insert(state.clone(), Pending { nonce, verifier, began: Instant::now() });
        Ok((url.to_string(), state))
    }

    /// Takes the browser back: trades the code for who it is.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn finish(&self, state: &str, code: String) -> Result<OidcIdentity, OidcError> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        let pending = pending.filter(|pending| pending.began.elapsed() < PATIENCE);
        let Pending { nonce, verifier, .. } = pending.ok_or(OidcError::Unknown)?;
        let client = self.client().await?;
        let fault = |error: &dyn std::fmt::Display| OidcError::Provider(error.to_string());
        let http = |request| send(self.http.clone(), request);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| fault(&error))?
            .set_pkce_verifier(verifier)
            .request_async(&http)
            .await
            .map_err(|error| fault(&error))?;
        let _ = answer.access_token();
        let token = answer.id_token().ok_or_else(|| fault(&"it gave no id token"))?;
        let claims =
            token.claims(&client.id_token_verifier(), &nonce).map_err(|error| fault(&error))?;
        let verified = claims.email().filter(|_| claims.email_verified() == Some(true));
        let name = claims.preferred_username().map(|name| name.as_str());
        Ok(OidcIdentity {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
            name: name.or(verified.map(|email| email.as_str())).map(ToOwned::to_owned),
        })
    }

    /// Asked anew each time, so that the provider's keys may change.
    async fn client(&self) -> Result<Client, OidcError> {
        let fault = |error: &dyn std::fmt::Display| OidcError::Provider(error.to_string());
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|e| fault(&e))?;
        let http = |request| send(self.http.clone(), request);
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &http).await.map_err(|e| fault(&e))?;
        let redirect = RedirectUrl::new(self.redirect_url.clone()).map_err(|e| fault(&e))?;
        Ok(CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.settings.client_id.clone()),
            Some(ClientSecret::new(self.settings.client_secret.clone())),
        )
        .set_redirect_uri(redirect))
    }
}

async fn send(
    client: reqwest::Client,
    request: openidconnect::HttpRequest,
) -> Result<openidconnect::HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let outgoing = client.request(parts.method, parts.uri.to_string());
    let incoming = outgoing.headers(parts.headers).body(body).send().await?;
    let (status, headers) = (incoming.status(), incoming.headers().clone());
    let mut response = http::Response::new(incoming.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
