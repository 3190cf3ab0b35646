//! From a delivery that is good to what comes of it: a run, or why there is none. Either is kept.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, ApiResult},
};
use cascade_access::digest;
use cascade_config::{ConfigState, Hook, HookScheme};
use cascade_engine::{Engine, Mapped, identity, mapped};
use cascade_model::{
    Delivered, Enqueue, Explanation, HookOutcome, NewDelivery, OnDuplicate, RunRequest, Visible,
    border, explanation,
};
use cascade_store::{Queries, StoreError};

/// The longest name that a sender gives a delivery, bytes.
const LONGEST_NAME: usize = 200;

/// A delivery whose signature is good.
pub(super) struct Incoming {
    /// The name of the hook.
    pub name: String,
    pub hook: Hook,
    pub address: Option<String>,
    /// Those that expressions see.
    pub headers: Value,
    pub body: String,
    /// What the sender calls it, and the time that it has signed.
    pub sent_as: SentAs,
    /// The delivery that somebody wants repeated, and who.
    pub replay: Option<(Uuid, String)>,
}

/// What tells of a delivery outside its body.
#[derive(Default)]
pub(super) struct SentAs {
    pub name: Option<String>,
    pub time: Option<String>,
}

/// What came of it.
pub(super) enum Done {
    /// A run, made now or when it came before.
    Run { run: Uuid, before: bool },
    /// It is none that a run is made of.
    Ignored(Explanation),
    /// No run could be made of it.
    Refused(ApiError),
}

/// Makes the run; `engine` says by which engine in a project, or why not. What is ignored or refused is kept too,
/// unless it is repeated.
pub(super) async fn make(
    server: &AppState,
    incoming: Incoming,
    engine: impl FnOnce(Uuid) -> ApiResult<Engine>,
) -> ApiResult<Done> {
    let config = server.config.state();
    let evaluated = tokio::task::spawn_blocking(move || read(&config, incoming)).await;
    let Read { incoming, identity, mapped } =
        evaluated.map_err(|error| ApiError::internal(&error))??;
    let projects = server.store.projects(&Visible::All).await?;
    let id_of = |slug: &str| projects.iter().find(|row| row.slug == slug).map(|row| row.id);
    let new = |project: Option<Uuid>, outcome, reason: Option<&Explanation>| NewDelivery {
        id: Uuid::now_v7(),
        hook: incoming.name.clone(),
        identity: identity.clone(),
        project_id: project,
        address: incoming.address.clone(),
        outcome,
        reason: reason.cloned().map(|why| Explanation { text: border::error(why.text), ..why }),
        headers: incoming.headers.to_string(),
        bytes: incoming.body.len() as u64,
        body: Some(&incoming.body).filter(|body| body.len() <= NewDelivery::LONGEST_BODY).cloned(),
        replay: incoming.replay.clone(),
    };
    let without_run = async |project: Option<Uuid>, outcome, reason: &Explanation, done: Done| {
        if incoming.replay.is_some() {
            return Ok(done);
        }
        let kept = server.engine.deliver(&new(project, outcome, Some(reason)), None).await?;
        Ok(match kept {
            Delivered::Made(run) | Delivered::Before(run) => Done::Run { run, before: true },
            Delivered::Kept => done,
        })
    };
    let (project, request) = match mapped {
        Mapped::Run { project, request } => (project, request),
        Mapped::Ignored { project, reason } => {
            let project = project.and_then(|slug| id_of(&slug));
            let done = Done::Ignored(reason.clone());
            return without_run(project, HookOutcome::Ignored, &reason, done).await;
        }
        Mapped::Refused { project, reason } => {
            let project = project.and_then(|slug| id_of(&slug));
            let done = Done::Refused(ApiError::invalid(reason.text.clone()));
            return without_run(project, HookOutcome::Refused, &reason, done).await;
        }
    };
    let Some(project) = id_of(&project) else {
        let reason = explanation!(
            "project_not_yet",
            "the project `{project}` is not there yet",
            project = project
        );
        let done = Done::Refused(ApiError::conflict(reason.text.clone()));
        return without_run(None, HookOutcome::Refused, &reason, done).await;
    };
    let asked = asked(&incoming.hook, project, request);
    let engine = engine(project)?;
    match engine.deliver(&new(Some(project), HookOutcome::Run, None), Some(&asked)).await {
        Ok(Delivered::Made(run)) => {
            server.wake.wake_for_caller();
            Ok(Done::Run { run, before: false })
        }
        Ok(Delivered::Before(run)) => Ok(Done::Run { run, before: true }),
        Ok(Delivered::Kept) => Err(ApiError::internal(&"a delivery made no run")),
        Err(error @ (StoreError::NotScheduled { .. } | StoreError::WrongState(_))) => {
            let reason = Explanation::new("takes_no_runs", error.to_string());
            let done = Done::Refused(ApiError::conflict(reason.text.clone()));
            without_run(Some(project), HookOutcome::Refused, &reason, done).await
        }
        Err(error) => Err(error.into()),
    }
}

fn asked(hook: &Hook, project_id: Uuid, request: RunRequest) -> Enqueue {
    let on_duplicate = OnDuplicate::Queue;
    Enqueue { job_type: hook.job.clone(), project_id, request, on_duplicate }
}

struct Read {
    incoming: Incoming,
    identity: String,
    mapped: Mapped,
}

/// Reads the body and evaluates the hook's expressions; both may take their time.
fn read(config: &ConfigState, incoming: Incoming) -> ApiResult<Read> {
    let body: Value = serde_json::from_str(&incoming.body).map_err(|error| {
        // serde_json counts levels, so that a body cannot use up the stack.
        if error.to_string().starts_with("recursion limit") {
            let message = "body: it is nested deeper than 127 levels";
            return ApiError::bad_request(message).help("have the sender send less");
        }
        ApiError::bad_request(format!("body: it is no JSON: {error}"))
            .help("have the sender send `application/json`; forms are not read")
    })?;
    let (name, hook, headers) = (&incoming.name, &incoming.hook, &incoming.headers);
    let (identity, fault) = match &incoming.replay {
        Some(_) => (format!("replay:{}", Uuid::now_v7()), None),
        None => match identity(hook, &body, headers) {
            Ok(Some(once)) => (format!("once:{once}"), None),
            Ok(None) => (named(&incoming, &body), None),
            Err(fault) => (named(&incoming, &body), Some(fault)),
        },
    };
    let mapped = match (mapped(config, (name, hook), &body, headers), fault) {
        (Mapped::Run { project, .. }, Some(reason)) => {
            Mapped::Refused { project: Some(project), reason }
        }
        (mapped, _) => mapped,
    };
    Ok(Read { incoming, identity, mapped })
}

/// What the sender calls a delivery, or for lack of that a digest of what it has signed.
fn named(Incoming { hook, body: text, sent_as, .. }: &Incoming, body: &Value) -> String {
    let name = match hook.scheme {
        HookScheme::Github => sent_as.name.as_deref(),
        HookScheme::Stripe => body["id"].as_str(),
    };
    match name.filter(|name| (1..=LONGEST_NAME).contains(&name.len())) {
        Some(name) => format!("id:{}", border::clean(name.to_owned())),
        None => {
            let time = sent_as.time.as_deref().unwrap_or_default();
            format!("sha256:{}", digest(&format!("{time}.{text}")))
        }
    }
}
