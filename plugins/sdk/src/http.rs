use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::host::HttpClient;

/// An HTTP request, sent by the host on the plugin's behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET`, `POST` ...
    pub method: String,
    /// Absolute `http` or `https` address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Body, empty for none.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET".into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST request with a JSON body.
    ///
    /// # Errors
    /// [`HttpError`] when the body does not serialise.
    pub fn post_json(url: impl Into<String>, body: &impl Serialize) -> Result<Self, HttpError> {
        let body = serde_json::to_vec(body).map_err(|e| HttpError(format!("request body: {e}")))?;
        Ok(Self {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body,
        })
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// The whole answer to an [`HttpRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A header's first value; the case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// Decodes the body as JSON.
    ///
    /// # Errors
    /// [`HttpError`] when the body is not the JSON expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|e| HttpError(format!("response body: {e}")))
    }
}

/// A request that got no answer, or an answer over the host's limits.
#[derive(Debug, Clone, thiserror::Error)]
#[error("http: {0}")]
pub struct HttpError(pub String);

/// The host's HTTP client; see [`Context::http`](crate::Context::http).
#[derive(Clone, Copy)]
pub struct Http<'a>(pub(crate) &'a dyn HttpClient);

impl Http<'_> {
    /// Sends one request and reads the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// [`HttpError`] when there was no answer, or it broke the host's limits.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_whatever_its_case() {
        let headers = vec![
            ("Retry-After".to_owned(), "7".to_owned()),
            ("retry-after".to_owned(), "8".to_owned()),
        ];
        let answer = HttpResponse { status: 429, headers, body: Vec::new() };
        for name in ["retry-after", "Retry-After", "RETRY-AFTER"] {
            assert_eq!(answer.header(name), Some("7"));
        }
        assert_eq!(answer.header("etag"), None);
    }
}
