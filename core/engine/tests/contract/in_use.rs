//! What runs use of the machine, as their workers have measured it.

use cascade_engine::Engine;
use cascade_model::{NewRunProcess, ProcessState, ProcessUse};
use cascade_store::Queries;
use uuid::Uuid;

pub(super) async fn what_a_run_uses_is_known_of_its_attempt_alone(engine: &Engine) {
    let uses = ProcessUse {
        pid: Some(7),
        processes: Some(2),
        thread: None,
        memory: Some(1 << 33),
        cpu_ms: 1_500,
        state: ProcessState::Device,
    };
    let run_id = Uuid::now_v7();
    let one = NewRunProcess { run_id, attempt: 2, uses };
    let other = NewRunProcess { run_id: Uuid::now_v7(), attempt: 1, uses };
    engine.store().save_processes("w", &[one, other]).await.unwrap();
    let later = NewRunProcess { uses: ProcessUse { cpu_ms: 3_000, ..uses }, ..one };
    engine.store().save_processes("w", &[later]).await.unwrap();
    let found = engine.store().run_process(run_id, 2).await.unwrap().unwrap();
    assert_eq!((found.worker.as_str(), found.pid, found.processes), ("w", Some(7), Some(2)));
    assert_eq!((found.memory, found.thread), (Some(1 << 33), None));
    assert_eq!((found.cpu_ms, found.state), (3_000, ProcessState::Device));
    assert!(engine.store().run_process(run_id, 1).await.unwrap().is_none());
    engine.store().save_processes("w", &[]).await.unwrap();
    assert!(
        engine.store().run_process(run_id, 2).await.unwrap().is_some(),
        "it is not a minute old"
    );
}
