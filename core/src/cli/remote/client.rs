//! Requests to the API of a running host.

use std::{error::Error, time::Duration};

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ServerArgs,
    fault::{Fault, Kind, Result},
};
use crate::{cli::secret, host::Secret};
use cascade_store::tls;

/// How long a host may take to be connected to.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: the host itself gives a request up after 30 s if nothing else is said.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a host that is followed may be away, as for a restart.
const AWAY: Duration = Duration::from_secs(60);
/// Until it is asked again then.
const PAUSE: Duration = Duration::from_millis(500);
/// How often a request that may be sent again is.
const MOST_SENT: u32 = 5;

/// A running host, and who asks.
pub struct Client {
    http: reqwest::Client,
    server: Url,
    token: Option<Secret>,
}

impl Client {
    pub fn new(args: &ServerArgs) -> Result<Self> {
        let token = secret::read("CASCADE_TOKEN", None, args.token_file.clone())
            .map_err(|why| Fault::new(Kind::Usage, why))?;
        tls::install();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // A token is for one address.
            .redirect(Policy::none())
            .user_agent(concat!("cascade-cli/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&args.server) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| Fault::new(Kind::Other, told(&error)))?;
        Ok(Self { http, server: args.server.clone(), token })
    }

    /// `path` is below `/api`; `query` is what a person gave, and may hold anything.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        self.answer(self.request(Method::GET, path)?.query(query)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.answer(self.request(Method::POST, path)?.json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.answer(self.request(Method::PATCH, path)?.json(body)).await
    }

    /// The same for a request that the host takes once for each `key`: where its answer is lost it is sent
    /// again.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value> {
        let key = header::HeaderValue::try_from(key).map_err(|_| {
            Fault::new(Kind::Usage, "the idempotency key has characters that no header takes")
        })?;
        let mut sent = 0;
        loop {
            let request = self.request(Method::POST, path)?.header("idempotency-key", key.clone());
            sent += 1;
            match self.answer(request.json(body)).await {
                Err(fault) if fault.is_lost && sent < MOST_SENT => {
                    tokio::time::sleep(PAUSE).await;
                }
                answered => return answered,
            }
        }
    }

    /// As [`Self::get`], while the host may be away for a moment.
    pub async fn get_patiently<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        patiently(async || self.get(path, query).await).await
    }

    /// `path` has no segments that came from a person without [`segment`].
    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let address = format!("{}/api{path}", self.server.as_str().trim_end_matches('/'));
        let mut request = self.http.request(method, address);
        if let Some(token) = &self.token {
            let bearer = header::HeaderValue::try_from(format!("Bearer {}", token.reveal()));
            let mut bearer = bearer.map_err(|_| {
                Fault::new(Kind::Usage, "the API token has characters that no token has")
            })?;
            bearer.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, bearer);
        }
        Ok(request)
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let away = |error: &reqwest::Error| {
            let message = format!("{} does not answer: {}", self.server, told(error));
            let mut fault = Fault::new(Kind::Unreachable, message)
                .help("--server or CASCADE_SERVER names the address of the running host");
            fault.is_lost = !error.is_connect();
            fault
        };
        let response = request.send().await.map_err(|error| away(&error))?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let body = response.bytes().await.map_err(|error| away(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            let message = format!("{} answers with what is not understood: {error}", self.server);
            Fault::new(Kind::Other, message).help("is it a Cascade host of this version?")
        })
    }

    /// What an answer that is no success means.
    async fn refused(&self, response: Response) -> Fault {
        let status = response.status();
        let text = |name: header::HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        if let Some(place) = text(header::LOCATION).filter(|_| status.is_redirection()) {
            return Fault::new(Kind::Usage, format!("{} leads on to {place}", self.server))
                .help("give the address that it leads to as --server");
        }
        let wait = text(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let body = response.bytes().await.unwrap_or_default();
        let body = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let error = &body["error"];
        let mut fault = match error["message"].as_str() {
            Some(message) => Fault::new(kind(status), with_places(message, error)),
            // A proxy says so when the host behind it is away.
            None if kind(status) == Kind::Unreachable => {
                Fault::new(Kind::Unreachable, format!("{} answers {status}", self.server))
            }
            None => Fault::new(Kind::Other, format!("{} answers {status}", self.server))
                .help("is it the address of a Cascade host?"),
        };
        if status == StatusCode::UNAUTHORIZED {
            let help = match self.token {
                None => "set CASCADE_TOKEN or CASCADE_TOKEN_FILE; `cascade token add` makes one",
                Some(_) => "the API token is not known to this host, or has ended",
            };
            fault = fault.help(help);
        } else if let Some(help) = error["help"].as_str() {
            fault = fault.help(help);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            fault.retry_after = Some(Duration::from_secs(wait.unwrap_or(1)));
        }
        fault
    }
}

/// Asks again while the host is away, or was asked too often.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut away = Duration::ZERO;
    loop {
        match ask().await {
            Err(fault) if fault.is_passing() && away < AWAY => {
                let pause = fault.retry_after.unwrap_or_default().max(PAUSE);
                tokio::time::sleep(pause).await;
                away += pause;
            }
            answered => return answered,
        }
    }
}

fn kind(status: StatusCode) -> Kind {
    match status.as_u16() {
        400 | 413 | 422 => Kind::Usage,
        404 => Kind::NotFound,
        401 | 403 | 409 | 429 => Kind::Refused,
        502..=504 => Kind::Unreachable,
        _ => Kind::Other,
    }
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn is_loopback(server: &Url) -> bool {
    match server.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The last cause, which is the one that a person can do something about.
fn told(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// `--server`: an address, without a password.
pub fn server(text: &str) -> Result<Url, String> {
    let url = text.parse::<Url>();
    let url = url.map_err(|error| format!("{error}, as in http://127.0.0.1:7878"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address begins with http:// or https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds no password: set CASCADE_TOKEN or CASCADE_TOKEN_FILE".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address ends before `?` and `#`".into());
    }
    Ok(url)
}

/// What is wrong with a text that was sent, each mistake with its line and column.
fn with_places(message: &str, error: &Value) -> String {
    let told = error["diagnostics"].as_array().into_iter().flatten().map(|one| {
        let text = one["message"].as_str().unwrap_or_default();
        let help = one["help"].as_str().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("\n  {}:{}: {text}{help}", one["line"], one["column"])
    });
    std::iter::once(message.to_owned()).chain(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_without_a_password() {
        for good in ["http://127.0.0.1:7878", "https://cascade.example/behind/a/proxy/"] {
            assert!(server(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("127.0.0.1:7878", "http://127.0.0.1:7878"),
            ("ftp://a", "begins with http"),
            ("http://ann:secret@a", "holds no password"),
            ("http://a/?b", "ends before"),
        ] {
            let said = server(bad).unwrap_err();
            assert!(said.contains(why) && !said.contains("secret"), "{bad}: {said}");
        }
    }

    #[test]
    fn a_name_stays_one_segment_of_a_path() {
        assert_eq!(segment("../a b/c?d#e+f%"), "..%2Fa%20b%2Fc%3Fd%23e%2Bf%25");
    }
}
