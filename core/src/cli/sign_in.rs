//! Options on how people sign in.

use std::net::SocketAddr;

use clap::Args;

use cascade_access::OidcSettings;
use cascade_config::environment;
use cascade_http::auth::{self, AuthSettings, SignIn};

#[derive(Args)]
pub(super) struct SignInArgs {
    /// `off`: whoever reaches the address may do everything; on loopback only.
    #[arg(long, default_value = "on", env = "CASCADE_AUTH", value_parser = ["on", "off"])]
    auth: String,
    /// The address that browsers use, such as https://cascade.example, behind a proxy.
    #[arg(long, env = "CASCADE_PUBLIC_URL", value_parser = public_url)]
    public_url: Option<String>,
    /// Issuer of an OpenID Connect provider, such as https://login.example.
    #[arg(long, env = "CASCADE_OIDC_ISSUER", requires = "oidc_client_id")]
    oidc_issuer: Option<String>,
    /// What the provider knows this host by.
    #[arg(long, env = "CASCADE_OIDC_CLIENT_ID")]
    oidc_client_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "CASCADE_OIDC_CLIENT_SECRET", hide_env_values = true)]
    oidc_client_secret: Option<String>,
}

fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest.map(|rest| rest.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && !host.contains('/') => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("scheme and host, such as https://cascade.example".into()),
    }
}

impl SignInArgs {
    /// What they come to for a process that listens on `listen`.
    ///
    /// # Errors
    /// For people, when sign-in is off where others can reach it.
    pub fn settings(
        self,
        listen: Option<SocketAddr>,
    ) -> Result<(AuthSettings, Option<OidcSettings>), String> {
        let sign_in = if self.auth == "off" { SignIn::Off } else { SignIn::Required };
        if sign_in == SignIn::Off && !listen.is_none_or(|listen| auth::is_local(listen.ip())) {
            return Err("--auth off is for loopback only: others can reach this address\n  = help: leave it out, and add people by `cascade user add`".into());
        }
        let name = "CASCADE_OIDC_CLIENT_SECRET";
        let client_secret = self.oidc_client_secret.or_else(|| environment::var(name));
        let oidc = match (self.oidc_issuer, self.oidc_client_id, client_secret) {
            (Some(issuer), Some(client_id), Some(client_secret)) => {
                let local = listen.is_some_and(|listen| auth::is_local(listen.ip()));
                if self.public_url.is_none() && !local {
                    return Err(
                        "--oidc-issuer needs --public-url: the provider sends browsers back there"
                            .into(),
                    );
                }
                Some(OidcSettings { issuer, client_id, client_secret })
            }
            (Some(_), Some(_), None) => {
                return Err(format!("--oidc-client-id needs the client's secret: set {name}"));
            }
            _ => None,
        };
        Ok((AuthSettings { sign_in, public_url: self.public_url }, oidc))
    }
}
