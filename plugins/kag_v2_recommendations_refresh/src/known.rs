//! What the list already holds, and what people said about it.

use serde::Deserialize;

use crate::rank::{Candidate, same};

/// A row of `recommendations`.
#[derive(Debug, Deserialize)]
pub struct Known {
    status: String,
    #[serde(flatten)]
    item: Candidate,
}

impl Known {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.item.id
    }

    /// Whether a person accepted or dismissed it.
    pub fn is_decided(&self) -> bool {
        self.status != "open"
    }

    /// By id; or by what it says, since a topic may be called otherwise once more has been written.
    fn is(&self, candidate: &Candidate) -> bool {
        candidate.merged_ids().any(|id| id == self.item.id) || same(&self.item, candidate)
    }
}

/// Takes out what was decided on, and gives the others the id under which the list knows them.
pub fn settle(candidates: Vec<Candidate>, known: &[Known]) -> Vec<Candidate> {
    let (decided, open): (Vec<&Known>, Vec<&Known>) = known.iter().partition(|k| k.is_decided());
    let mut free = open;
    candidates
        .into_iter()
        .filter(|candidate| !decided.iter().any(|known| known.is(candidate)))
        .map(|mut candidate| {
            let by_id = free.iter().position(|known| known.item.id == candidate.id);
            let at = by_id.or_else(|| free.iter().position(|known| known.is(&candidate)));
            if let Some(at) = at {
                candidate.id.clone_from(&free.remove(at).item.id);
            }
            candidate
        })
        .collect()
}
