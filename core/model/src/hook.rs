//! What was sent to hooks.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::Explanation;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookOutcome {
    /// A run was made of it.
    Run,
    /// It is none that a run is made of.
    Ignored,
    /// No run could be made of it.
    Refused,
}

impl HookOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Run, Self::Ignored, Self::Refused];

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for HookOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| {
            format!("`{text}` is no outcome of a delivery; there is: run, ignored, refused")
        })
    }
}

/// A delivery that is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// Its own id.
    pub id: Uuid,
    /// The hook.
    pub hook: String,
    /// What tells it apart from others of the hook: of the same one a single run is made.
    pub identity: String,
    /// The project that it is of, as far as it says.
    pub project_id: Option<Uuid>,
    /// Where it came from.
    pub address: Option<String>,
    /// What became of it.
    pub outcome: HookOutcome,
    /// Why it was ignored or refused.
    pub reason: Option<Explanation>,
    /// Headers that may be shown, as a JSON object.
    pub headers: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// Its body; `None` where that is too long to be kept.
    pub body: Option<String>,
    /// The delivery that somebody had done again, and who.
    pub replay: Option<(Uuid, String)>,
}

impl NewDelivery {
    /// The longest body that is kept, bytes.
    pub const LONGEST_BODY: usize = 64 * 1024;
}

/// What came of a delivery that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// This run was made of it.
    Made(Uuid),
    /// This run was made of it when it came before.
    Before(Uuid),
    /// It is kept, without a run.
    Kept,
}

/// A delivery as it was kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Delivery {
    /// Its own id: those of later ones are greater.
    pub id: Uuid,
    /// The hook.
    pub hook: String,
    /// What tells it apart from others of the hook.
    pub identity: String,
    /// The project that it is of.
    pub project_id: Option<Uuid>,
    /// The project's short name.
    pub project: Option<String>,
    /// When it came: the last time, until a run was made of it.
    pub received_at: DateTime<Utc>,
    /// Where it came from.
    pub address: Option<String>,
    /// What became of it.
    pub outcome: HookOutcome,
    /// Why it was ignored or refused.
    pub reason: Option<String>,
    /// The same, for other languages; a version before this one has not kept it.
    #[serde(default, deserialize_with = "explained")]
    pub told: Option<Explanation>,
    /// The run that was made of it.
    pub run_id: Option<Uuid>,
    /// How often it came.
    pub times: u64,
    /// Bytes of its body.
    pub bytes: u64,
    /// The delivery that this one repeats.
    pub replay_of: Option<Uuid>,
    /// Who had it repeated.
    pub replayed_by: Option<String>,
}

/// One that is kept as JSON.
fn explained<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Explanation>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// A delivery with what it said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WholeDelivery {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Headers, as a JSON object.
    pub headers: String,
    /// Its body, if that was kept.
    pub body: Option<String>,
}

/// How many deliveries of a hook had an outcome in the last day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HookCount {
    /// The hook.
    pub hook: String,
    /// What became of them.
    pub outcome: HookOutcome,
    /// How many.
    pub deliveries: u64,
}
