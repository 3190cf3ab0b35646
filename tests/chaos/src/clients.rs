use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::{sync::watch, task::JoinHandle};

/// One event as a browser got it.
#[derive(Debug)]
pub(crate) struct HeardEvent {
    pub id: i64,
    /// The end of the run.
    pub at: DateTime<Utc>,
    /// From then to here.
    pub delay_ms: i64,
}

/// What one browser has heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The end of the outbox when it came.
    pub from: i64,
    /// In the order in which they came.
    pub events: Vec<HeardEvent>,
    /// `reset` events: the outbox was said to have lost something.
    pub resets: u32,
    /// Connections after the first.
    pub reconnects: u32,
}

/// Event streams as browsers keep them: they come back with the last id, to any server.
pub(crate) struct Clients {
    until: watch::Sender<Option<i64>>,
    tasks: Vec<JoinHandle<Heard>>,
}

impl Clients {
    /// Opens them all, and waits until each has been greeted.
    pub async fn open(urls: &[String], count: usize) -> Self {
        let until = watch::Sender::new(None);
        let mut tasks = Vec::new();
        let mut greeted = Vec::new();
        for nth in 0..count {
            let greeting = watch::Sender::new(false);
            greeted.push(greeting.subscribe());
            let stream = listen(urls.to_vec(), nth, greeting, until.subscribe());
            tasks.push(tokio::spawn(stream));
        }
        for mut greeting in greeted {
            greeting.wait_for(|greeted| *greeted).await.expect("client");
        }
        Self { until, tasks }
    }

    /// Waits until each has heard of the event `newest`, or some seconds longer.
    pub async fn close(self, newest: i64) -> Vec<Heard> {
        self.until.send_replace(Some(newest));
        let mut heard = Vec::new();
        for task in self.tasks {
            heard.push(task.await.expect("client"));
        }
        heard
    }
}

async fn listen(
    urls: Vec<String>,
    nth: usize,
    greeting: watch::Sender<bool>,
    mut until: watch::Receiver<Option<i64>>,
) -> Heard {
    let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(2));
    let client = client.build().expect("HTTP");
    let mut heard = Heard::default();
    // The last id, as it came, and the number in it.
    let mut last: Option<(String, i64)> = None;
    let mut turn = nth;
    loop {
        let mut request = client.get(format!("{}/events/stream", urls[turn % urls.len()]));
        if let Some((id, _)) = &last {
            request = request.header("last-event-id", id);
        }
        turn += 1;
        if let Ok(mut answer) = request.send().await
            && answer.status().is_success()
        {
            let mut text = String::new();
            loop {
                if let Some(newest) = *until.borrow()
                    && last.as_ref().is_some_and(|(_, number)| *number >= newest)
                {
                    return heard;
                }
                let chunk = tokio::select! {
                    chunk = tokio::time::timeout(Duration::from_secs(60), answer.chunk()) => chunk,
                    Ok(()) = until.changed() => continue,
                };
                let Ok(Ok(Some(chunk))) = chunk else { break };
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some((block, rest)) = text.split_once("\n\n") {
                    take(block, &mut last, &mut heard, &greeting);
                    text = rest.to_owned();
                }
            }
        }
        let has = |newest| last.as_ref().is_some_and(|(_, number)| *number >= newest);
        if until.borrow().is_some_and(has) {
            return heard;
        }
        heard.reconnects += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn take(
    block: &str,
    last: &mut Option<(String, i64)>,
    heard: &mut Heard,
    greeting: &watch::Sender<bool>,
) {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let text = field("id: ");
    let id = text.and_then(|id| id.split('.').next()?.parse().ok());
    match field("event: ") {
        // The first one only: later ones tell of another bus.
        Some("connected") if !greeting.send_replace(true) => heard.from = id.unwrap_or(0),
        Some("reset") => heard.resets += 1,
        Some("job_completed") => {
            let data = field("data: ").unwrap_or_default();
            let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
            let at: Option<DateTime<Utc>> = data["at"].as_str().and_then(|at| at.parse().ok());
            let at = at.unwrap_or_default();
            let delay_ms = (Utc::now() - at).num_milliseconds();
            heard.events.push(HeardEvent { id: id.unwrap_or(0), at, delay_ms });
        }
        _ => {}
    }
    if let (Some(text), Some(id)) = (text, id) {
        *last = Some((text.to_owned(), id));
    }
}
