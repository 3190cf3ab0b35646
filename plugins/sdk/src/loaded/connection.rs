use cascade_abi::guest::HostRef;
use serde_json::Value;

use super::{Remote, ask};
use crate::{
    BoxFuture, ConnectRequest, ConnectionError,
    host::{ByteStream, Connector},
    wire::{self, text},
};

fn broken(refusal: wire::Refusal) -> ConnectionError {
    ConnectionError(refusal.message)
}

impl Connector for Remote {
    fn connect(
        &self,
        request: ConnectRequest,
    ) -> BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>> {
        Box::pin(async move {
            let open = ask(&self.host, "net.connect", &request).await.map_err(broken)?;
            let stream = RemoteStream { host: self.host.clone(), open };
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}

/// An open connection of the host; closed when dropped.
struct RemoteStream {
    host: HostRef,
    open: wire::ConnectionRef,
}

impl ByteStream for RemoteStream {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>> {
        Box::pin(async move {
            let read: wire::Body = ask(&self.host, "net.read", &self.open).await.map_err(broken)?;
            read.bytes().map_err(|error| ConnectionError(error.0))
        })
    }

    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move {
            let body = bytes.into();
            let sent = wire::ToConnection { connection: self.open.connection, body };
            let _: Value = ask(&self.host, "net.write", &sent).await.map_err(broken)?;
            Ok(())
        })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move {
            let _: Value = ask(&self.host, "net.start_tls", &self.open).await.map_err(broken)?;
            Ok(())
        })
    }
}

impl Drop for RemoteStream {
    fn drop(&mut self) {
        let _ = self.host.request_wait("net.close", &text(&self.open));
    }
}
