//! Edits of jobs.toml, as the API takes them.

use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// One edit. A path names a key by the keys of the tables around it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Gives a key this value; what is in it already and stays the same is left as it is written.
    Set {
        /// The key.
        path: Vec<String>,
        /// Any JSON but null; in an object, null leaves a key out.
        value: Json,
    },
    /// Takes a key out, if it is there.
    Remove {
        /// The key.
        path: Vec<String>,
    },
    /// Adds a text to the end of a list, unless it is in it; makes the list if need be.
    AddToList {
        /// The list.
        path: Vec<String>,
        /// The text.
        value: String,
    },
    /// Takes a text out of a list, if it is in it.
    RemoveFromList {
        /// The list.
        path: Vec<String>,
        /// The text.
        value: String,
    },
}

impl From<Edit> for cascade_config::edit::Edit {
    fn from(edit: Edit) -> Self {
        match edit {
            Edit::Set { path, value } => Self::Set { path, value },
            Edit::Remove { path } => Self::Remove { path },
            Edit::AddToList { path, value } => Self::AddToList { path, value },
            Edit::RemoveFromList { path, value } => Self::RemoveFromList { path, value },
        }
    }
}
