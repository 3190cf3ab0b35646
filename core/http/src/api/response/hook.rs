//! What was sent to hooks.

use cascade_model::{Delivery as Known, WholeDelivery as Whole};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Told;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HookOutcome {
    /// A run was made of it.
    Run,
    /// It is none that a run is made of.
    Ignored,
    /// No run could be made of it.
    Refused,
}

impl From<cascade_model::HookOutcome> for HookOutcome {
    fn from(from: cascade_model::HookOutcome) -> Self {
        match from {
            cascade_model::HookOutcome::Run => Self::Run,
            cascade_model::HookOutcome::Ignored => Self::Ignored,
            cascade_model::HookOutcome::Refused => Self::Refused,
        }
    }
}

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// Those of later ones are greater.
    pub id: Uuid,
    pub hook: String,
    /// What the sender calls it, or a digest where it has no name.
    pub identity: String,
    /// The project that it is of, as far as it says.
    pub project_id: Option<Uuid>,
    /// The project's short name.
    pub project: Option<String>,
    /// When it came: the last time, until a run was made of it.
    pub received_at: DateTime<Utc>,
    /// Where it came from.
    pub address: Option<String>,
    pub outcome: HookOutcome,
    /// Why it was ignored or refused.
    pub reason: Option<String>,
    /// The same, for other languages.
    pub told: Option<Told>,
    /// The run that was made of it.
    pub run_id: Option<Uuid>,
    /// How often it came; of all times a single run was made.
    pub times: u64,
    /// Bytes of its body.
    pub bytes: u64,
    /// The delivery that this one repeats, as somebody wanted.
    pub replay_of: Option<Uuid>,
    /// Who wanted that.
    pub replayed_by: Option<String>,
}

impl From<Known> for Delivery {
    fn from(from: Known) -> Self {
        // `id:`, `once:` and the like, which keep ids of senders from being taken for others.
        let name = from.identity.split_once(':').map_or(&*from.identity, |(_, name)| name);
        Self {
            identity: name.to_owned(),
            id: from.id,
            hook: from.hook,
            project_id: from.project_id,
            project: from.project,
            received_at: from.received_at,
            address: from.address,
            outcome: from.outcome.into(),
            // An older version writes the reason alone.
            told: from
                .told
                .filter(|told| from.reason.as_deref() == Some(&told.text))
                .map(|told| Told::from(&told)),
            reason: from.reason,
            run_id: from.run_id,
            times: from.times,
            bytes: from.bytes,
            replay_of: from.replay_of,
            replayed_by: from.replayed_by,
        }
    }
}

/// Whether the body of a delivery is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyState {
    /// It is.
    Shown,
    /// It is over 64 KiB, and was not kept.
    TooLong,
    /// It is kept, for who may run jobs in its project.
    Hidden,
}

/// A delivery with what it said.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeDelivery {
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Headers that tell of it, by name in lower case.
    #[schema(value_type = Object)]
    pub headers: Value,
    /// The text of its body; it may hold secrets, and is for who may run jobs in its project.
    pub body: Option<String>,
    pub body_state: BodyState,
}

impl WholeDelivery {
    /// As somebody may see it.
    pub fn shown(whole: Whole, with_body: bool) -> Self {
        let body_state = match (&whole.body, with_body) {
            (None, _) => BodyState::TooLong,
            (Some(_), true) => BodyState::Shown,
            (Some(_), false) => BodyState::Hidden,
        };
        Self {
            delivery: whole.delivery.into(),
            headers: serde_json::from_str(&whole.headers).unwrap_or_default(),
            body: whole.body.filter(|_| with_body),
            body_state,
        }
    }
}
