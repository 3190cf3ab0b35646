use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use crate::{HttpError, HttpRequest, HttpResponse};

/// A body of HTTP, or bytes of a connection: text where it is UTF-8, else base64.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Body {
    /// As text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// As base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body_base64: String,
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(body) => Self { body, body_base64: String::new() },
            Err(error) => {
                Self { body: String::new(), body_base64: BASE64.encode(error.as_bytes()) }
            }
        }
    }
}

impl Body {
    /// As it was sent.
    ///
    /// # Errors
    /// [`HttpError`] when it is no base64.
    pub fn bytes(self) -> Result<Vec<u8>, HttpError> {
        if self.body_base64.is_empty() {
            return Ok(self.body.into_bytes());
        }
        BASE64.decode(self.body_base64).map_err(|e| HttpError(format!("body_base64: {e}")))
    }
}

/// An [`HttpRequest`].
#[derive(Debug, Serialize, Deserialize)]
pub struct HttpRequestText {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    body: Body,
}

impl From<HttpRequest> for HttpRequestText {
    fn from(request: HttpRequest) -> Self {
        let HttpRequest { method, url, headers, body } = request;
        Self { method, url, headers, body: body.into() }
    }
}

impl TryFrom<HttpRequestText> for HttpRequest {
    type Error = HttpError;

    fn try_from(request: HttpRequestText) -> Result<Self, HttpError> {
        let HttpRequestText { method, url, headers, body } = request;
        Ok(Self { method, url, headers, body: body.bytes()? })
    }
}

/// An [`HttpResponse`].
#[derive(Debug, Serialize, Deserialize)]
pub struct HttpResponseText {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    body: Body,
}

impl From<HttpResponse> for HttpResponseText {
    fn from(response: HttpResponse) -> Self {
        let HttpResponse { status, headers, body } = response;
        Self { status, headers, body: body.into() }
    }
}

impl TryFrom<HttpResponseText> for HttpResponse {
    type Error = HttpError;

    fn try_from(response: HttpResponseText) -> Result<Self, HttpError> {
        let HttpResponseText { status, headers, body } = response;
        Ok(Self { status, headers, body: body.bytes()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::text;

    #[test]
    fn a_body_crosses_as_it_is_text_or_not() {
        for bytes in [b"".to_vec(), b"plain".to_vec(), vec![0xff, 0, 1]] {
            let sent = HttpRequest { body: bytes.clone(), ..HttpRequest::get("http://x") };
            let json = text(&HttpRequestText::from(sent.clone()));
            let read: HttpRequestText = serde_json::from_str(&json).unwrap();
            assert_eq!(HttpRequest::try_from(read).unwrap(), sent, "{json}");
        }
    }
}
