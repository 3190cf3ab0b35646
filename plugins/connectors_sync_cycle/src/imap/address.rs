//! Where a mail server is, and how its connection is kept private.

use cascade_sdk::ConnectRequest;
use url::Url;

use crate::{fault::Fault, params::Source};

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// With the first byte: `imaps://`.
    Tls,
    /// By STARTTLS, before anything is told: `imap://`.
    StartTls,
    /// Never: `imap://` and `without_tls`.
    None,
}

/// A server, and who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub host: String,
    pub port: u16,
    pub privacy: Privacy,
    pub user: String,
    /// The variable that holds the password.
    pub password_env: String,
}

impl Address {
    /// Reads what jobs.toml says.
    ///
    /// # Errors
    /// What is missing or wrong, and how to write it.
    pub fn of(source: &Source) -> Result<Self, Fault> {
        let wrong = |what: &str| Fault::lasting(format!("source {}: {what}", source.name));
        let needs = |value: &Option<String>, key: &str| {
            value.clone().ok_or_else(|| wrong(&format!("IMAP needs `{key}`")))
        };
        if source.path.is_some() {
            return Err(wrong("IMAP takes `url`, and no `path`"));
        }
        let text = needs(&source.url, "url")?;
        let url = Url::parse(&text).map_err(|error| wrong(&format!("url: {error}")))?;
        let privacy = match (url.scheme(), source.without_tls) {
            ("imaps", false) => Privacy::Tls,
            ("imap", false) => Privacy::StartTls,
            ("imap", true) => Privacy::None,
            ("imaps", true) => {
                return Err(wrong("`imaps://` is TLS; `without_tls` goes with `imap://`"));
            }
            _ => return Err(wrong("url: write `imaps://HOST` or, for STARTTLS, `imap://HOST`")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("url: the user stands in `user`, the password in `password_env`"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(wrong("url: it ends after host and port; folders stand in `mailboxes`"));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("url: it names no host"))?.to_owned();
        let usual = if privacy == Privacy::Tls { 993 } else { 143 };
        Ok(Self {
            host,
            port: url.port().unwrap_or(usual),
            privacy,
            user: needs(&source.user, "user")?,
            password_env: needs(&source.password_env, "password_env")?,
        })
    }

    /// What the host is asked for.
    pub fn request(&self) -> ConnectRequest {
        match self.privacy {
            Privacy::Tls => ConnectRequest::tls(&self.host, self.port),
            Privacy::StartTls | Privacy::None => ConnectRequest::tcp(&self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address(extra: serde_json::Value) -> Result<Address, String> {
        let mut source = json!({"project": "p", "name": "s", "kind": "imap", "user": "ann",
            "password_env": "P"});
        let extra = extra.as_object().unwrap().clone();
        source.as_object_mut().unwrap().extend(extra);
        Address::of(&serde_json::from_value(source).unwrap()).map_err(|fault| fault.reason)
    }

    #[test]
    fn a_server_is_named_by_its_address() {
        let of = |url: &str| {
            let address = address(json!({ "url": url })).unwrap();
            (address.host, address.port, address.privacy)
        };
        assert_eq!(of("imaps://mail.example"), ("mail.example".into(), 993, Privacy::Tls));
        assert_eq!(of("imap://mail.example/"), ("mail.example".into(), 143, Privacy::StartTls));
        assert_eq!(of("imaps://[::1]:1993"), ("[::1]".into(), 1993, Privacy::Tls));
        let plain = address(json!({"url": "imap://h:1", "without_tls": true})).unwrap();
        assert_eq!((plain.port, plain.privacy), (1, Privacy::None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_remedy() {
        for (extra, told) in [
            (json!({}), "needs `url`"),
            (json!({"url": "https://h"}), "imaps://HOST"),
            (json!({"url": "mail.example"}), "url:"),
            (json!({"url": "imaps://ann:pw@h"}), "`password_env`"),
            (json!({"url": "imaps://h/INBOX"}), "`mailboxes`"),
            (json!({"url": "imaps://h", "without_tls": true}), "`without_tls`"),
            (json!({"url": "imaps://h", "path": "x"}), "no `path`"),
            (json!({"url": "imaps://h", "user": null}), "needs `user`"),
        ] {
            let said = address(extra.clone()).unwrap_err();
            assert!(said.contains(told) && !said.contains("pw@"), "{extra}: {said}");
        }
    }
}
