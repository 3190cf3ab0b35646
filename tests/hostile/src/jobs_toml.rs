use std::{
    path::Path,
    sync::{LazyLock, OnceLock},
};

use cascade_config::{Checked, Schedule, parse_and_check};
use cascade_model::Registry;
use cascade_registry::Plugins;
use chrono::Utc;

static PLUGINS: LazyLock<Plugins> =
    LazyLock::new(|| Registry::compiled_in().expect("compiled-in plugins").into());
/// Empty, so that relative paths of the input find nothing.
static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();

/// Every text is either taken, and then everything that the host does with it works; or refused, with
/// problems that have their place in the text.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // It would open what the machine has at that place.
    if text.contains("plugin") {
        return;
    }
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("temporary folder"));
    let path = folder.path().join("jobs.toml");
    match parse_and_check(&path, text, &*PLUGINS).result {
        Ok((Checked { config, .. }, warnings)) => {
            assert!(!warnings.has_errors());
            serde_json::to_string(&*config).expect("a config can be served");
            assert!(config.base_dir() == path.parent().unwrap_or(Path::new("")));
            for settings in config.jobs.values() {
                for attempt in [1, 2, settings.max_attempts, u32::MAX] {
                    assert!(settings.backoff.delay(attempt, 0.0) <= settings.backoff.max);
                }
                if let Some(schedule) = &settings.schedule {
                    schedule.next_after(Utc::now());
                    let stored = schedule.to_string();
                    let read = Schedule::from_stored(&stored);
                    assert_eq!(read.as_ref(), Some(schedule), "{stored}");
                }
            }
        }
        Err(problems) => {
            assert!(problems.has_errors());
            let lines = text.matches('\n').count() + 1;
            for problem in problems.iter() {
                assert!((1..=lines).contains(&problem.line), "{problem:?}");
                assert!(!problem.message.is_empty());
            }
            assert!(!problems.to_string().is_empty());
        }
    }
}
