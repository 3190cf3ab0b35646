use cascade_sdk::{BoxFuture, ConnectRequest, ConnectionError, host::ByteStream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Real connections to servers that the test itself runs, on this machine's loopback addresses, for
/// [`TestBench::connections`](crate::TestBench::connections). Without TLS: certificates are the host's
/// business.
///
/// # Errors
/// When the address is another, TLS is asked for, or nobody answers.
pub async fn loopback(request: ConnectRequest) -> Result<Box<dyn ByteStream>, ConnectionError> {
    let ConnectRequest { host, port, tls } = request;
    if tls {
        return Err(ConnectionError("no TLS on the bench".into()));
    }
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(broken)?;
    if !stream.peer_addr().map_err(broken)?.ip().is_loopback() {
        return Err(ConnectionError(format!("{host} is not this machine")));
    }
    Ok(Box::new(Plain(stream)))
}

fn broken(error: std::io::Error) -> ConnectionError {
    ConnectionError(error.to_string())
}

struct Plain(TcpStream);

impl ByteStream for Plain {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>> {
        Box::pin(async move {
            let mut bytes = vec![0; 64 << 10];
            let length = self.0.read(&mut bytes).await.map_err(broken)?;
            bytes.truncate(length);
            Ok(bytes)
        })
    }

    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move { self.0.write_all(&bytes).await.map_err(broken) })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(std::future::ready(Err(ConnectionError("no TLS on the bench".into()))))
    }
}
