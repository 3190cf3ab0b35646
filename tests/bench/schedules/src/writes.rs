//! Writes of others, one after another, as a process makes that runs jobs meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use cascade_sdk::{host::Database, sql};
use tokio::{sync::oneshot, task::JoinHandle};

/// Between two writes, so that they are not what takes the time.
const PAUSE: Duration = Duration::from_millis(5);

/// Writes until it is asked how long the longest took.
pub struct Others {
    stop: oneshot::Sender<()>,
    writing: JoinHandle<Result<Duration>>,
}

impl Others {
    /// Starts to write.
    pub fn start(database: Arc<dyn Database>) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let writing = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
                let began = Instant::now();
                database.batch(vec![sql("UPDATE installation SET only_row = 1")]).await?;
                longest = longest.max(began.elapsed());
                tokio::time::sleep(PAUSE).await;
            }
            Ok(longest)
        });
        Self { stop, writing }
    }

    /// How long the longest write took, with all that it waited for.
    ///
    /// # Errors
    /// A write that failed.
    pub async fn longest(self) -> Result<Duration> {
        self.stop.send(()).ok();
        self.writing.await?
    }
}
