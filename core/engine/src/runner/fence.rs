//! Refuses the database, HTTP and connections to the code of an attempt that is over: a plugin that was abandoned, or
//! that left something running, must not go on to write beside the next attempt.

use std::{
    fmt::Display,
    sync::{Arc, OnceLock},
};

use cascade_sdk::{
    BoxFuture, ConnectRequest, ConnectionError, DbError, Dialect, HttpError, HttpRequest,
    HttpResponse, Row, Statement,
    host::{ByteStream, Connector, Database, DatabaseTransaction, HttpClient},
};
use tokio_util::sync::CancellationToken;

use super::connections::HostConnections;

/// Why nothing passes whose lease is lost.
const LOST: &str = "the lease on this run is lost, and another attempt may be under way";

/// Stands between one attempt and the host's services.
#[derive(Clone)]
pub(super) struct Fence {
    lost: CancellationToken,
    closed: CancellationToken,
    why: Arc<OnceLock<&'static str>>,
}

impl Fence {
    /// Open until `lost`, or until it is closed.
    pub fn new(lost: CancellationToken) -> Self {
        Self { lost, closed: CancellationToken::new(), why: Arc::default() }
    }

    /// Nothing passes from now on, and what is under way is broken off.
    pub fn close(&self, why: &'static str) {
        self.why.set(why).ok();
        self.closed.cancel();
    }

    /// Whether everything is refused.
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled() || self.lost.is_cancelled()
    }

    async fn pass<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        refuse: impl FnOnce(String) -> E,
    ) -> Result<T, E> {
        let refused = |why: &dyn Display| refuse(format!("refused: {why}"));
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(refused(self.why.get().unwrap_or(&LOST))),
            () = self.lost.cancelled() => Err(refused(&LOST)),
            done = work => done,
        }
    }
}

/// The host's database behind a fence.
pub(super) struct FencedDatabase {
    pub database: Arc<dyn Database>,
    pub fence: Fence,
}

impl Database for FencedDatabase {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    fn query(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let text = statement.sql.clone();
            let query = self.database.query(statement);
            self.fence.pass(query, |why| DbError::new(&text, why)).await
        })
    }

    fn snapshot(&self, queries: Vec<Statement>) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>> {
        Box::pin(async move {
            let snapshot = self.database.snapshot(queries);
            self.fence.pass(snapshot, |why| DbError::new("BEGIN", why)).await
        })
    }

    fn batch(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DbError>> {
        Box::pin(async move {
            let batch = self.database.batch(statements);
            self.fence.pass(batch, |why| DbError::new("BEGIN", why)).await
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>> {
        Box::pin(async move {
            let begun = self.database.begin();
            let open = self.fence.pass(begun, |why| DbError::new("BEGIN", why)).await?;
            let fenced = FencedTransaction { open: Some(open), fence: self.fence.clone() };
            Ok(Box::new(fenced) as Box<dyn DatabaseTransaction>)
        })
    }
}

/// An open transaction, which is rolled back once something of it was refused.
struct FencedTransaction {
    open: Option<Box<dyn DatabaseTransaction>>,
    fence: Fence,
}

impl FencedTransaction {
    fn open(&mut self) -> Option<&mut Box<dyn DatabaseTransaction>> {
        if self.fence.is_closed() {
            self.open = None;
        }
        self.open.as_mut()
    }
}

impl DatabaseTransaction for FencedTransaction {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let (text, fence) = (statement.sql.clone(), self.fence.clone());
            let query = async {
                match self.open() {
                    Some(open) => open.query(statement).await,
                    None => Err(rolled_back(&text)),
                }
            };
            fence.pass(query, |why| DbError::new(&text, why)).await
        })
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<u64, DbError>> {
        Box::pin(async move {
            let (text, fence) = (statement.sql.clone(), self.fence.clone());
            let execution = async {
                match self.open() {
                    Some(open) => open.execute(statement).await,
                    None => Err(rolled_back(&text)),
                }
            };
            fence.pass(execution, |why| DbError::new(&text, why)).await
        })
    }

    fn commit(mut self: Box<Self>) -> BoxFuture<'static, Result<(), DbError>> {
        Box::pin(async move {
            let open = self.open.take();
            let commit = async {
                match open {
                    Some(open) => open.commit().await,
                    None => Err(rolled_back("COMMIT")),
                }
            };
            self.fence.pass(commit, |why| DbError::new("COMMIT", why)).await
        })
    }
}

fn rolled_back(text: &str) -> DbError {
    DbError::new(text, "the transaction was rolled back")
}

/// The host's HTTP client behind a fence.
pub(super) struct FencedHttp<C> {
    pub client: Arc<C>,
    pub fence: Fence,
}

impl<C: HttpClient> HttpClient for FencedHttp<C> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move { self.fence.pass(self.client.send(request), HttpError).await })
    }
}

/// The host's connections behind a fence.
pub(super) struct FencedConnections {
    pub connections: Arc<HostConnections>,
    pub fence: Fence,
}

impl Connector for FencedConnections {
    fn connect(
        &self,
        request: ConnectRequest,
    ) -> BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>> {
        Box::pin(async move {
            let stream = self.fence.pass(self.connections.open(request), ConnectionError).await?;
            let fenced = FencedStream { stream, fence: self.fence.clone() };
            Ok(Box::new(fenced) as Box<dyn ByteStream>)
        })
    }
}

struct FencedStream {
    stream: Box<dyn ByteStream>,
    fence: Fence,
}

impl ByteStream for FencedStream {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>> {
        Box::pin(async move { self.fence.pass(self.stream.read(), ConnectionError).await })
    }

    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move { self.fence.pass(self.stream.write(bytes), ConnectionError).await })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>> {
        Box::pin(async move { self.fence.pass(self.stream.start_tls(), ConnectionError).await })
    }
}
