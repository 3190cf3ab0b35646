//! Signing in at an OpenID Connect provider: the authorization code flow with PKCE, state and nonce
//! (OpenID Connect Core 1.0, section 3.1; RFC 7636).

mod id_token;
mod provider;
mod signature;
mod state;

use std::time::Duration;

use chrono::Utc;

use super::{digest::digest, oidc_name::display_name};
use cascade_store::tls;
use id_token::Expected;
use provider::Metadata;
use state::{Begun, States};

/// OpenID Connect Core 1.0, section 2.
const LONGEST_SUBJECT: usize = 255;

/// What is set up.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider, such as `https://login.example`.
    pub issuer: String,
    /// What it knows this host by.
    pub client_id: String,
    /// Its secret. States of sign-ins are signed by it, so it must not be one that can be guessed.
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
    /// An e-mail address, if the provider has verified it.
    pub verified_email: Option<String>,
    /// What they call themselves, to be shown; it proves nothing.
    pub display_name: Option<String>,
}

/// One provider.
pub struct Oidc {
    settings: OidcSettings,
    redirect_url: String,
    http: reqwest::Client,
    states: States,
}

impl Oidc {
    /// `base` is the address of this host, to which the provider sends browsers back. Nothing is
    /// asked of the provider yet: it may be down while the host starts.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(settings: OidcSettings, base: &str) -> reqwest::Result<Self> {
        tls::install();
        signature::install();
        let redirect_url = format!("{base}/api/session/oidc/callback");
        // A redirect of the provider's own endpoints would be a way to make us ask others.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(15))
            .build()?;
        let states = States::new(&settings.client_secret);
        Ok(Self { settings, redirect_url, http, states })
    }

    /// The provider's page to send the browser to, and the state that must come back with it.
    ///
    /// # Errors
    /// [`OidcError::Provider`].
    pub async fn begin(&self) -> Result<(String, String), OidcError> {
        let mut url = self.metadata().await?.authorization_endpoint;
        let begun = self.states.begin(Utc::now().timestamp());
        let begun = begun.map_err(|error| OidcError::Provider(error.to_string()))?;
        let Begun { state, nonce, verifier } = begun;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_url)
            .append_pair("scope", "openid profile email")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &digest(&verifier))
            .append_pair("code_challenge_method", "S256");
        Ok((url.to_string(), state))
    }

    /// Takes the browser back: trades the code for who it is.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn finish(&self, state: &str, code: String) -> Result<OidcIdentity, OidcError> {
        let begun = self.states.find(state, Utc::now().timestamp());
        let Begun { nonce, verifier, .. } = begun.ok_or(OidcError::Unknown)?;
        let metadata = self.metadata().await?;
        let code = (code.as_str(), verifier.as_str(), self.redirect_url.as_str());
        let token = metadata.id_token(&self.http, &self.settings, code).await;
        let token = token.map_err(OidcError::Provider)?;
        // Asked again each time, so that the provider's keys may change.
        let keys = metadata.keys(&self.http).await.map_err(OidcError::Provider)?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &nonce,
            algorithms: &metadata.id_token_signing_alg_values_supported,
        };
        let claims = id_token::verify(&token, &keys, &expected).map_err(OidcError::Provider)?;
        let subject = claims.sub;
        if subject.is_empty()
            || subject.len() > LONGEST_SUBJECT
            || subject.contains(char::is_control)
        {
            let why = "the subject of its id token is not 1 to 255 bytes of text";
            return Err(OidcError::Provider(why.into()));
        }
        let verified = claims.email_verified == Some(true.into());
        let names = [&claims.name, &claims.preferred_username, &claims.email];
        let display_name = names.into_iter().flatten().find_map(|name| display_name(name));
        let issuer = self.settings.issuer.clone();
        let verified_email = claims.email.filter(|_| verified);
        Ok(OidcIdentity { issuer, subject, verified_email, display_name })
    }

    async fn metadata(&self) -> Result<Metadata, OidcError> {
        let found = Metadata::discover(&self.http, &self.settings.issuer).await;
        found.map_err(OidcError::Provider)
    }
}
