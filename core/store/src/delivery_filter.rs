use cascade_model::{HookOutcome, Visible};
use uuid::Uuid;

/// Which deliveries of a hook a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// The hook.
    pub hook: String,
    /// Those of these projects; those of no project are seen by who sees all.
    pub visible: Visible,
    /// Those with this outcome.
    pub outcome: Option<HookOutcome>,
    /// Those before this one.
    pub before: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}
