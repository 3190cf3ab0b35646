//! Issues and their comments, as GitHub and GitLab tell them by their APIs.

mod api;
mod github;
mod gitlab;
mod text;

pub use self::{github::GitHub, gitlab::GitLab};
