//! What a loaded plugin asks of the host during one call.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cascade_abi::host::{ReplyOnce, Services};
use cascade_sdk::{
    ConnectRequest, HttpRequest, LogLine, NewRun, Progress, Statement,
    host::{Database, DatabaseTransaction, Host, HttpClient, ViewHost},
    wire::{self, Refusal, text},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::connections::Connections;

/// The host behind a run or behind a view.
#[derive(Clone)]
pub(super) enum HostSide {
    Run(Arc<dyn Host>),
    View(Arc<dyn ViewHost>),
}

impl HostSide {
    fn database(&self) -> &dyn Database {
        match self {
            Self::Run(host) => host.database(),
            Self::View(host) => host.database(),
        }
    }

    fn http(&self) -> &dyn HttpClient {
        match self {
            Self::Run(host) => host.http(),
            Self::View(host) => host.http(),
        }
    }

    /// The run's host, for what only runs may do.
    fn run(&self) -> Result<&Arc<dyn Host>, Refusal> {
        match self {
            Self::Run(host) => Ok(host),
            Self::View(_) => Err(Refusal::new("only a run may ask for this")),
        }
    }
}

pub(super) type Answer = Result<String, Refusal>;

/// One call.
pub(super) struct CallServices {
    runtime: Handle,
    host: HostSide,
    transactions: Arc<Transactions>,
    connections: Arc<Connections>,
    /// Set when the plugin has returned: what it still asks for is refused.
    ended: CancellationToken,
}

impl CallServices {
    pub fn new(runtime: Handle, host: HostSide) -> Arc<Self> {
        let (transactions, connections, ended) = Default::default();
        Arc::new(Self { runtime, host, transactions, connections, ended })
    }

    /// Ends whatever is still under way; open transactions roll back, connections close.
    pub fn end(&self) {
        self.ended.cancel();
        self.transactions.open().clear();
        self.connections.close_all();
    }
}

impl Services for CallServices {
    fn is_cancelled(&self) -> bool {
        match &self.host {
            HostSide::Run(host) => host.is_cancelled(),
            HostSide::View(_) => false,
        }
    }

    fn now_ms(&self) -> i64 {
        match &self.host {
            HostSide::Run(host) => host.now().timestamp_millis(),
            HostSide::View(host) => host.now().timestamp_millis(),
        }
    }

    fn log(&self, level: i32, message: String, fields: String) {
        let HostSide::Run(host) = &self.host else { return };
        let fields = if fields.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&fields).unwrap_or_else(|_| json!({ "fields": fields }))
        };
        host.log(LogLine { at: host.now(), level: wire::level_from(level), message, fields });
    }

    fn progress(&self, fraction: f64, message: String) {
        if let HostSide::Run(host) = &self.host {
            let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
            host.progress(Progress { fraction, message });
        }
    }

    fn request(&self, op: String, params: String, reply: ReplyOnce) {
        let refuse = |refusal: Refusal| Err(text(&refusal));
        if self.ended.is_cancelled() {
            return reply.send(refuse(Refusal::new("the call is over")));
        }
        if op == "stage" {
            // Not a task: it must be there when the plugin returns.
            let staged = parse::<Statement>(&params)
                .and_then(|statement| self.host.run().map(|host| host.stage(statement)));
            return reply.send(staged.map(|()| "{}".into()).or_else(refuse));
        }
        if op == "enqueue" {
            let asked = parse::<NewRun>(&params).and_then(|run| {
                let host = self.host.run()?;
                host.enqueue(run).map_err(|refused| Refusal::new(refused.to_string()))
            });
            return reply.send(asked.map(|()| "{}".into()).or_else(refuse));
        }
        let (host, transactions) = (self.host.clone(), self.transactions.clone());
        let connections = self.connections.clone();
        let ended = self.ended.clone();
        self.runtime.spawn(async move {
            tokio::select! {
                answer = serve(&host, &transactions, &connections, &op, &params) => {
                    reply.send(answer.or_else(refuse));
                }
                () = ended.cancelled() => reply.send(refuse(Refusal::new("the call is over"))),
            }
        });
    }
}

fn parse<T: DeserializeOwned>(params: &str) -> Result<T, Refusal> {
    serde_json::from_str(params).map_err(|error| Refusal::new(format!("params: {error}")))
}

async fn serve(
    host: &HostSide,
    open: &Transactions,
    connections: &Connections,
    op: &str,
    params: &str,
) -> Answer {
    match op {
        "db.query" => {
            let rows = host.database().query(parse(params)?).await?;
            Ok(text(&wire::Rows { rows }))
        }
        "db.snapshot" => {
            let batch: wire::Batch = parse(params)?;
            let results = host.database().snapshot(batch.statements).await?;
            Ok(text(&wire::RowsEach { results }))
        }
        "db.batch" => {
            let batch: wire::Batch = parse(params)?;
            let affected = host.database().batch(batch.statements).await?;
            Ok(text(&wire::AffectedEach { affected }))
        }
        "db.begin" => {
            let transaction = open.keep(host.database().begin().await?);
            Ok(text(&wire::TransactionRef { transaction }))
        }
        "tx.query" => {
            let within: wire::InTransaction = parse(params)?;
            let mut transaction = open.take(within.transaction)?;
            let rows = transaction.query(within.statement).await;
            open.put_back(within.transaction, transaction);
            Ok(text(&wire::Rows { rows: rows? }))
        }
        "tx.execute" => {
            let within: wire::InTransaction = parse(params)?;
            let mut transaction = open.take(within.transaction)?;
            let affected = transaction.execute(within.statement).await;
            open.put_back(within.transaction, transaction);
            Ok(text(&wire::Affected { affected: affected? }))
        }
        "tx.commit" => {
            let which: wire::TransactionRef = parse(params)?;
            open.take(which.transaction)?.commit().await?;
            Ok("{}".into())
        }
        "tx.rollback" => {
            let which: wire::TransactionRef = parse(params)?;
            drop(open.take(which.transaction)?);
            Ok("{}".into())
        }
        "http.send" => {
            let request: wire::HttpRequestText = parse(params)?;
            let answer = host.http().send(HttpRequest::try_from(request)?).await?;
            Ok(text(&wire::HttpResponseText::from(answer)))
        }
        "net.connect" => {
            let request: ConnectRequest = parse(params)?;
            let connection = connections.keep(host.run()?.connector().connect(request)).await?;
            Ok(text(&wire::ConnectionRef { connection }))
        }
        "net.read" => {
            let which: wire::ConnectionRef = parse(params)?;
            let bytes = connections.find(which)?.lock().await.read().await?;
            Ok(text(&wire::Body::from(bytes)))
        }
        "net.write" => {
            let wire::ToConnection { connection, body } = parse(params)?;
            let found = connections.find(wire::ConnectionRef { connection })?;
            found.lock().await.write(body.bytes()?).await?;
            Ok("{}".into())
        }
        "net.start_tls" => {
            let which: wire::ConnectionRef = parse(params)?;
            connections.find(which)?.lock().await.start_tls().await?;
            Ok("{}".into())
        }
        "net.close" => {
            connections.close(parse(params)?)?;
            Ok("{}".into())
        }
        "secret" => {
            let which: wire::SecretRef = parse(params)?;
            let secret = match host {
                HostSide::Run(host) => host.secret(&which.variable),
                HostSide::View(host) => host.secret(&which.variable),
            };
            let value = secret.map_err(Refusal::new)?;
            Ok(text(&wire::SecretText { value }))
        }
        "sleep" => {
            let pause: wire::Pause = parse(params)?;
            host.run()?.sleep(Duration::from_millis(pause.ms)).await;
            Ok("{}".into())
        }
        "cancelled" => {
            host.run()?.cancelled().await;
            Ok("{}".into())
        }
        "job_params" => {
            let which: wire::JobRef = parse(params)?;
            match host {
                HostSide::View(host) => Ok(text(&host.job_params(&which.job))),
                HostSide::Run(_) => Err(Refusal::new("only a view may ask for this")),
            }
        }
        other => Err(Refusal::new(format!("this host knows no request `{other}`"))),
    }
}

/// The transactions that one call has open, by number.
#[derive(Default)]
struct Transactions {
    open: Mutex<HashMap<u64, Box<dyn DatabaseTransaction>>>,
    last: AtomicU64,
}

impl Transactions {
    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Box<dyn DatabaseTransaction>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, transaction: Box<dyn DatabaseTransaction>) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.put_back(number, transaction);
        number
    }

    /// Out of the list while a statement runs: one at a time.
    fn take(&self, number: u64) -> Result<Box<dyn DatabaseTransaction>, Refusal> {
        let found = self.open().remove(&number);
        found.ok_or_else(|| Refusal::new(format!("no open transaction {number}, or it is in use")))
    }

    fn put_back(&self, number: u64, transaction: Box<dyn DatabaseTransaction>) {
        self.open().insert(number, transaction);
    }
}
