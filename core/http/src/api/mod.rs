//! The API: one file per resource.

pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod config_history;
pub(crate) mod config_text;
pub(crate) mod data;
pub(crate) mod described;
pub(crate) mod edit;
pub(crate) mod enqueue;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod metrics;
pub(crate) mod notices;
pub(crate) mod oidc;
pub(crate) mod paging;
pub(crate) mod problems;
pub(crate) mod projects;
pub(crate) mod response;
pub(crate) mod runs;
pub(crate) mod session;
pub(crate) mod times;
pub(crate) mod users;
