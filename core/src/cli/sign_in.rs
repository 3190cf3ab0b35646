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
        // An empty variable is no secret: everybody knows it.
        let given = self.oidc_client_secret.filter(|secret| !secret.is_empty());
        let client_secret = given.or_else(|| environment::var(name));
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Given {
        #[command(flatten)]
        sign_in: SignInArgs,
    }

    #[test]
    fn an_empty_secret_of_the_client_is_none() {
        let settings = |secret| {
            let options = ["--oidc-issuer=https://login.example", "--oidc-client-id=cascade"];
            let all = ["cascade"].into_iter().chain(options).chain([secret]);
            let listen = "127.0.0.1:7878".parse().unwrap();
            Given::parse_from(all).sign_in.settings(Some(listen))
        };
        let (_, oidc) = settings("--oidc-client-secret=secret").unwrap();
        assert_eq!(oidc.unwrap().client_secret, "secret");
        assert!(settings("--oidc-client-secret=").unwrap_err().contains("client's secret"));
    }
}
