use serde::{Deserialize, Serialize};

use crate::host::ByteStream;

/// Where a [`Connection`] leads, and whether TLS begins at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// A name or an address; a certificate must be for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS begins before the first byte.
    #[serde(default)]
    pub tls: bool,
}

impl ConnectRequest {
    /// A connection that begins without TLS; [`Connection::start_tls`] may follow.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: false }
    }

    /// A connection that is TLS from its first byte.
    pub fn tls(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: true }
    }
}

/// A connection that was not made, or that broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection: {0}")]
pub struct ConnectionError(pub String);

/// A TCP connection of the host, for protocols other than HTTP; see
/// [`Context::connect`](crate::Context::connect). Dropping it closes it.
pub struct Connection(Box<dyn ByteStream>);

impl Connection {
    /// For hosts and test harnesses.
    pub fn new(stream: Box<dyn ByteStream>) -> Self {
        Self(stream)
    }

    /// Waits for bytes: what has come, at most 64 KiB. Empty when the other side has ended.
    ///
    /// # Errors
    /// [`ConnectionError`] when the connection broke, or nothing came within the host's limit.
    pub async fn read(&mut self) -> Result<Vec<u8>, ConnectionError> {
        self.0.read().await
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// [`ConnectionError`] when the connection broke, or the other side took nothing within the
    /// host's limit.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), ConnectionError> {
        self.0.write(bytes.into()).await
    }

    /// Goes on in TLS, as after STARTTLS. All that was sent before must have been read; after an error
    /// the connection is closed.
    ///
    /// # Errors
    /// [`ConnectionError`] when it is TLS already, or the certificate is not one of the host's.
    pub async fn start_tls(&mut self) -> Result<(), ConnectionError> {
        self.0.start_tls().await
    }
}
