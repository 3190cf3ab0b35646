//! TCP and TLS for plugins, within limits.
//!
//! The rules are those of HTTP: a plugin connects to public addresses only, and to what jobs.toml
//! allows, decided at the address that is connected to. A connection that other rules would not allow
//! any more is refused at its next step.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cascade_sdk::{BoxFuture, ConnectRequest, ConnectionError, host::ByteStream};
use rustls::{ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::reach::{addresses, check_address, check_literal};
use cascade_config::LiveConfig;
use cascade_store::tls;

/// To connect, and for TLS to begin.
const TO_CONNECT: Duration = Duration::from_secs(30);
/// For the next bytes to come, or to be taken.
const TO_ANSWER: Duration = Duration::from_secs(60);
/// Bytes of one reading.
const AT_ONCE: usize = 64 << 10;

/// Opens connections for one run: 30 s to connect, 60 s for each step after.
pub(super) struct HostConnections {
    config: LiveConfig,
    /// The system's certificates are read when the run first needs them.
    tls: Mutex<Option<Arc<ClientConfig>>>,
}

impl HostConnections {
    /// By the rules that `config` has at each step.
    pub fn new(config: LiveConfig) -> Self {
        Self { config, tls: Mutex::default() }
    }

    /// Connects, and begins TLS if the request says so.
    ///
    /// # Errors
    /// When the address is not allowed, nobody answers, or the certificate is not trusted.
    pub async fn open(
        self: &Arc<Self>,
        request: ConnectRequest,
    ) -> Result<Box<dyn ByteStream>, ConnectionError> {
        let ConnectRequest { host, port, tls } = request;
        let rules = self.config.current();
        check_literal(&rules.http, &host).map_err(told)?;
        let connect = async {
            let bare = host.trim_matches(['[', ']']);
            let found = addresses(&rules.http, bare, port).await.map_err(told)?;
            to_any(&found).await.map_err(|error| told(format!("{host}:{port}: {error}")))
        };
        let stream = within(TO_CONNECT, connect).await?;
        stream.set_nodelay(true).map_err(told)?;
        let peer = stream.peer_addr().map_err(told)?.ip();
        let mut open =
            Open { host, peer, stream: Some(Stream::Plain(stream)), connections: self.clone() };
        if tls {
            open.upgrade().await?;
        }
        Ok(Box::new(open))
    }

    fn client_config(&self) -> Result<Arc<ClientConfig>, ConnectionError> {
        let mut kept = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*kept {
            return Ok(config.clone());
        }
        tls::install();
        let config = Arc::new(ClientConfig::with_platform_verifier().map_err(told)?);
        *kept = Some(config.clone());
        Ok(config)
    }
}

/// The first address that answers; an error names the last one tried.
async fn to_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

struct Open {
    host: String,
    peer: IpAddr,
    /// `None` after TLS could not begin.
    stream: Option<Stream>,
    connections: Arc<HostConnections>,
}

impl Open {
    /// The stream, if the rules of now let it be used.
    fn allowed(&mut self) -> Result<&mut Stream, ConnectionError> {
        let rules = self.connections.config.current();
        if let Err(refused) = check_address(&rules.http, &self.host, self.peer) {
            self.stream = None;
            return Err(told(refused));
        }
        self.stream.as_mut().ok_or_else(|| told("it is closed"))
    }

    async fn upgrade(&mut self) -> Result<(), ConnectionError> {
        self.allowed()?;
        let plain = match self.stream.take() {
            Some(Stream::Plain(plain)) => plain,
            other => {
                self.stream = other;
                return Err(told("TLS has begun already"));
            }
        };
        let name = ServerName::try_from(self.host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|_| told(format!("`{}` is no host name", self.host)))?;
        let connector = TlsConnector::from(self.connections.client_config()?);
        let host = &self.host;
        let begin = async {
            let begun = connector.connect(name, plain).await;
            begun.map_err(|error| told(format!("TLS with {host}: {error}")))
        };
        self.stream = Some(Stream::Tls(Box::new(within(TO_CONNECT, begin).await?)));
        Ok(())
    }
}

impl ByteStream for Open {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>> {
        Box::pin(async move {
            match self.allowed()? {
                Stream::Plain(stream) => read(stream).await,
                Stream::Tls(stream) => read(stream).await,
            }
        })
    }

    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move {
            match self.allowed()? {
                Stream::Plain(stream) => write(stream, &bytes).await,
                Stream::Tls(stream) => write(stream, &bytes).await,
            }
        })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(self.upgrade())
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ConnectionError> {
    let mut bytes = vec![0; AT_ONCE];
    let length = within(TO_ANSWER, async { stream.read(&mut bytes).await.map_err(told) }).await?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Part by part, so that a slow peer that goes on taking is waited for.
async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> Result<(), ConnectionError> {
    for part in bytes.chunks(AT_ONCE) {
        within(TO_ANSWER, async { stream.write_all(part).await.map_err(told) }).await?;
    }
    within(TO_ANSWER, async { stream.flush().await.map_err(told) }).await
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ConnectionError>>,
) -> Result<T, ConnectionError> {
    let late = || told(format!("no answer within {} s", limit.as_secs()));
    timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

fn told(why: impl ToString) -> ConnectionError {
    ConnectionError(why.to_string())
}

#[cfg(test)]
mod tests {
    use cascade_model::Registry;
    use cascade_registry::Plugins;
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_refused_where_jobs_toml_does_not_allow_it_or_no_longer_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.toml");
        let allow =
            |what: &str| format!("[http]\nallow = [{what}]\n[projects]\none = {{}}\n[jobs]\n");
        std::fs::write(&file, allow("")).unwrap();
        let config = LiveConfig::open(&file, Plugins::from(Registry::default())).unwrap();
        let stop = CancellationToken::new();
        let prepare = Box::new(|_| Box::pin(std::future::ready(Ok(()))) as BoxFuture<'_, _>);
        let watching = tokio::spawn(config.watch(prepare, stop.clone()));
        let save = async |what: &str| {
            let mut changes = config.subscribe();
            let text = allow(what);
            cascade_config::file::replace(&file, &text).unwrap();
            changes.wait_for(|state| &*state.text == text.as_str()).await.unwrap();
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(HostConnections::new(config.clone()));
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
            let refused = connections.open(ConnectRequest::tcp(host, port)).await;
            let said = refused.map(drop).unwrap_err().to_string();
            assert!(said.contains("is a loopback address"), "{host}: {said}");
        }

        save("\"localhost\"").await;
        let by_number = connections.open(ConnectRequest::tcp("127.0.0.1", port)).await;
        assert!(by_number.is_err());
        let mut open = connections.open(ConnectRequest::tcp("localhost", port)).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        open.write(b"question".to_vec()).await.unwrap();
        let mut heard = [0; 8];
        peer.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"question");
        peer.write_all(b"answer").await.unwrap();
        assert_eq!(open.read().await.unwrap(), b"answer");

        save("").await;
        let said = open.read().await.unwrap_err().to_string();
        assert!(said.contains("`localhost` is a loopback address"), "{said}");
        assert_eq!(peer.read(&mut heard).await.unwrap(), 0, "it is closed");
        stop.cancel();
        watching.await.unwrap();
    }

    #[tokio::test]
    async fn after_tls_that_could_not_begin_nothing_passes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.toml");
        std::fs::write(&file, "[http]\nallow = [\"127.0.0.1\"]\n[projects]\none = {}\n[jobs]\n")
            .unwrap();
        let config = LiveConfig::open(&file, Plugins::from(Registry::default())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(HostConnections::new(config));
        let mut open = connections.open(ConnectRequest::tcp("127.0.0.1", port)).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"* this is no TLS\r\n").await.unwrap();
        assert!(open.start_tls().await.is_err());
        assert_eq!(open.write(b"secret".to_vec()).await, Err(told("it is closed")));
    }
}
