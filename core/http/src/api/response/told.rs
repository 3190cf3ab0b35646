//! What an English sentence says, for programs and other languages.

use std::collections::BTreeMap;

use cascade_model::Explanation;
use serde::Serialize;
use utoipa::ToSchema;

/// A sentence, and what it says: its kind with its values, and the sentences within it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Told {
    /// In English.
    pub text: String,
    /// Names the kind, such as `condition_false` or `not_succeeded`; empty where only the text says it, or where it
    /// is the sum of its parts. A later version may have more.
    pub code: String,
    /// What the text names, as it stands there.
    pub values: BTreeMap<String, String>,
    /// The sentences within it.
    #[schema(no_recursion)]
    pub parts: Vec<Told>,
}

impl From<&Explanation> for Told {
    fn from(from: &Explanation) -> Self {
        let values = from.values.iter().map(|(name, value)| (name.to_string(), value.clone()));
        Self {
            text: from.text.clone(),
            code: from.code.to_string(),
            values: values.collect(),
            parts: from.parts.iter().map(Self::from).collect(),
        }
    }
}
