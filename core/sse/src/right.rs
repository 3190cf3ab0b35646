use std::fmt;

use async_trait::async_trait;
use cascade_model::Visible;
use chrono::{DateTime, Utc};

/// By what right somebody listens, such as a session or a token.
#[async_trait]
pub trait Right: fmt::Debug + Send + Sync {
    /// The same for rights that hold and end together, and ask for the same: their streams share a grant.
    fn key(&self) -> &str;

    /// When it ends by itself, of which nobody is told.
    fn ends_at(&self) -> Option<DateTime<Utc>>;

    /// The projects whose events it lets through now; `None` when it holds no longer.
    async fn scope(&self) -> Option<Visible>;
}
