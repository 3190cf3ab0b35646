//! HTTP for plugins, within limits.
//!
//! A plugin connects to public addresses only, and to what jobs.toml allows. The check is made where
//! the connection is: the resolver hands out checked addresses alone and those are connected to, so
//! that a name cannot lead elsewhere a moment later. An address in a URL is checked before each
//! request and each redirect. A proxy would connect unchecked, so none is used.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cascade_sdk::{BoxFuture, HttpError, HttpRequest, HttpResponse, host::HttpClient};
use reqwest::{
    Client, Method, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};

use super::reach::{Refused, Unreachable, addresses, check_literal};
use cascade_config::{Egress, LiveConfig};
use cascade_store::tls;

const TIMEOUT: Duration = Duration::from_secs(30);
const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_REDIRECTS: usize = 5;

/// A shared client: `http` and `https`, 30 s in all, 16 MiB of answer, 5 redirects.
pub struct HostHttp {
    config: LiveConfig,
    /// Open connections were checked by the rules that they were made under: other rules take another
    /// client.
    client: Mutex<(Arc<Egress>, Client)>,
}

impl HostHttp {
    /// Sets up the client.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(config: LiveConfig) -> reqwest::Result<Self> {
        tls::install();
        let egress = Arc::new(config.current().http.clone());
        let client = Mutex::new((egress.clone(), client(egress)?));
        Ok(Self { config, client })
    }

    /// The client for the rules in force.
    fn client(&self) -> reqwest::Result<(Arc<Egress>, Client)> {
        let mut held = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let config = self.config.current();
        if *held.0 != config.http {
            let egress = Arc::new(config.http.clone());
            *held = (egress.clone(), client(egress)?);
        }
        Ok(held.clone())
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (egress, client) = self.client().map_err(told)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HttpError(format!("`{}` is no method", request.method)))?;
        let url: Url = request.url.parse().map_err(|e| HttpError(format!("bad URL: {e}")))?;
        check_url(&egress, &url).map_err(|refused| HttpError(refused.to_string()))?;
        let mut outgoing = client.request(method, url).body(request.body);
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        let mut incoming = outgoing.send().await.map_err(told)?;
        let status = incoming.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = incoming.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(told)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError(format!("the answer is over {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

impl HttpClient for HostHttp {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.exchange(request))
    }
}

fn client(egress: Arc<Egress>) -> reqwest::Result<Client> {
    let of_redirects = egress.clone();
    Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .dns_resolver(Arc::new(Resolver(egress)))
        .redirect(Policy::custom(move |attempt: Attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error(format!("more than {MOST_REDIRECTS} redirects"));
            }
            match check_url(&of_redirects, attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        }))
        .user_agent(concat!("cascade/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// An address that stands in the URL is never resolved.
fn check_url(egress: &Egress, url: &Url) -> Result<(), Refused> {
    url.host_str().map_or(Ok(()), |host| check_literal(egress, host))
}

struct Resolver(Arc<Egress>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.0.clone();
        Box::pin(async move {
            match addresses(&egress, name.as_str(), 0).await {
                Ok(found) => Ok(Box::new(found.into_iter()) as Addrs),
                Err(Unreachable::Refused(refused)) => Err(refused.into()),
                Err(Unreachable::Unknown(error)) => Err(error.into()),
            }
        })
    }
}

/// For a person: the refusal, if there is one among the causes; else what was said last, and without
/// the URL, which may hold a key.
fn told(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.find(|cause| cause.is::<Refused>()) {
        Some(refused) => HttpError(refused.to_string()),
        None => {
            let last = std::iter::successors(error.source(), |cause| (*cause).source()).last();
            HttpError(last.map_or(error.to_string(), |cause| format!("{error}: {cause}")))
        }
    }
}
