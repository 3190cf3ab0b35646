//! HTTP for plugins, within limits.

use std::time::Duration;

use cascade_sdk::{BoxFuture, HttpError, HttpRequest, HttpResponse, host::HttpClient};
use reqwest::{Client, Method, redirect::Policy};

const TIMEOUT: Duration = Duration::from_secs(30);
const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_REDIRECTS: usize = 5;

/// A shared client: `http` and `https`, 30 s in all, 16 MiB of answer, 5 redirects.
pub struct HostHttp(Client);

impl HostHttp {
    /// Sets up the client.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new() -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::limited(MOST_REDIRECTS))
            .user_agent(concat!("cascade/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let fault = |error: reqwest::Error| HttpError(with_causes(&error.without_url()));
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HttpError(format!("`{}` is no method", request.method)))?;
        let mut outgoing = self.0.request(method, &request.url).body(request.body);
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        let mut incoming = outgoing.send().await.map_err(fault)?;
        let status = incoming.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = incoming.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(fault)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError(format!("the answer is over {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

/// `error sending request` alone helps nobody: the causes say what it was.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

impl HttpClient for HostHttp {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.exchange(request))
    }
}
