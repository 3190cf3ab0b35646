//! What jobs.toml says of a join, in words.

use serde::Serialize;
use utoipa::ToSchema;

/// What becomes of a join whose time is over.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Late {
    /// It does not fire.
    Skip,
    /// It fires with what there is.
    Run,
}

/// What a join needs of its jobs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Needs {
    /// That those which ran have succeeded.
    Success,
    /// That they have ended.
    End,
}

/// Which runs of its jobs a join brings together.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Those of one trace.
    Trace,
    /// The latest of each since it last fired.
    Latest,
}

impl From<cascade_model::Late> for Late {
    fn from(from: cascade_model::Late) -> Self {
        match from {
            cascade_model::Late::Skip => Self::Skip,
            cascade_model::Late::Run => Self::Run,
        }
    }
}

impl From<cascade_model::Needs> for Needs {
    fn from(from: cascade_model::Needs) -> Self {
        match from {
            cascade_model::Needs::Success => Self::Success,
            cascade_model::Needs::End => Self::End,
        }
    }
}

impl From<cascade_model::By> for By {
    fn from(from: cascade_model::By) -> Self {
        match from {
            cascade_model::By::Trace => Self::Trace,
            cascade_model::By::Latest => Self::Latest,
        }
    }
}
