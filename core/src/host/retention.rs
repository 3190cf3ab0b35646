use std::time::Duration;

use tokio_util::sync::CancellationToken;

use cascade_bus::jitter;
use cascade_config::LiveConfig;
use cascade_engine::Engine;
use cascade_model::{KeepFor, Pruned, metric};
use cascade_store::{Queries, Store};

/// Rows of a table that one step removes.
const BATCH: u32 = 500;
/// The pause between rounds, less up to half of it at random: every worker prunes, and they should
/// not do it together.
const PAUSE: Duration = Duration::from_secs(600);

/// Prunes what jobs.toml no longer wants kept, in small steps, until `stop`; and looks after what older versions beside
/// this one leave.
pub(super) async fn keep(config: LiveConfig, engine: Engine, stop: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = round(&config, &**engine.store()).await {
                tracing::warn!(%error, "old rows were not pruned");
            }
            if let Err(error) = engine.fill_keys().await {
                tracing::warn!(%error, "keys that have room were not looked for");
            }
            tokio::time::sleep(PAUSE.mul_f64(1.0 - jitter() / 2.0)).await;
        }
    };
    tokio::select! { () = stop.cancelled() => {}, () = work => {} }
}

/// Steps until nothing is left that is too old.
async fn round(config: &LiveConfig, store: &dyn Store) -> cascade_store::Result<()> {
    let retention = config.current().retention.clone();
    let keep = KeepFor {
        runs: retention.runs,
        logs: retention.logs,
        events: retention.events,
        stats: retention.stats,
    };
    let kept = retention.hooks;
    loop {
        let Pruned { runs, logs, events, stats } = store.prune(&keep, BATCH).await?;
        for (table, rows) in
            [("worker_runs", runs), ("run_logs", logs), ("events", events), ("run_stats", stats)]
        {
            metrics::counter!(metric::PRUNED_ROWS.name, "table" => table).increment(rows);
        }
        let deliveries = store.prune_deliveries(kept, BATCH).await?;
        metrics::counter!(metric::PRUNED_ROWS.name, "table" => "hook_deliveries")
            .increment(deliveries);
        if [runs, logs, events, stats, deliveries].iter().all(|rows| *rows < u64::from(BATCH)) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
