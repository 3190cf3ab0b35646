use proptest::prelude::*;

pub(crate) const JOBS: [&str; 3] = ["up", "down", "last"];
pub(crate) const PROJECTS: [&str; 2] = ["one", "two"];
pub(crate) const WORKERS: [&str; 2] = ["worker-a", "worker-b"];
/// How many versions of jobs.toml there are.
pub(crate) const VARIANTS: usize = 10;

/// What somebody does. Numbers choose among what there is by then: leases and runs from the latest on.
#[derive(Debug, Clone)]
pub(crate) enum Verb {
    RunNow {
        job: usize,
        project: usize,
    },
    Claim {
        worker: usize,
        limit: u32,
    },
    /// With its downstream, or in a batch of one.
    Succeed {
        lease: usize,
        cascade: bool,
    },
    Fail {
        lease: usize,
        again: bool,
    },
    Stop {
        lease: usize,
    },
    Release {
        lease: usize,
    },
    Renew {
        lease: usize,
    },
    /// Its worker no longer lists it.
    LoseTrack {
        lease: usize,
    },
    /// The worker falls silent, and another one finds out.
    Expire {
        worker: usize,
    },
    Pause {
        job: usize,
        project: usize,
    },
    Resume {
        job: usize,
        project: usize,
    },
    Retry {
        run: usize,
    },
    RequestCancel {
        run: usize,
    },
    Reconcile {
        variant: usize,
    },
}

pub(crate) fn any() -> impl Strategy<Value = Verb> {
    let job = || 0..JOBS.len();
    let project = || 0..PROJECTS.len();
    let worker = || 0..WORKERS.len();
    let lease = || 0..6_usize;
    let run = || 0..8_usize;
    prop_oneof![
        6 => (job(), project()).prop_map(|(job, project)| Verb::RunNow { job, project }),
        8 => (worker(), 1..5_u32).prop_map(|(worker, limit)| Verb::Claim { worker, limit }),
        6 => (lease(), proptest::bool::weighted(0.8))
            .prop_map(|(lease, cascade)| Verb::Succeed { lease, cascade }),
        4 => (lease(), proptest::bool::ANY).prop_map(|(lease, again)| Verb::Fail { lease, again }),
        1 => lease().prop_map(|lease| Verb::Stop { lease }),
        2 => lease().prop_map(|lease| Verb::Release { lease }),
        1 => lease().prop_map(|lease| Verb::Renew { lease }),
        1 => lease().prop_map(|lease| Verb::LoseTrack { lease }),
        1 => worker().prop_map(|worker| Verb::Expire { worker }),
        2 => (job(), project()).prop_map(|(job, project)| Verb::Pause { job, project }),
        2 => (job(), project()).prop_map(|(job, project)| Verb::Resume { job, project }),
        2 => run().prop_map(|run| Verb::Retry { run }),
        2 => run().prop_map(|run| Verb::RequestCancel { run }),
        3 => (0..VARIANTS).prop_map(|variant| Verb::Reconcile { variant }),
    ]
}
