//! The life of a run: the scheduler that claims it, the worker that runs it and stores its end.

mod actions;
mod bulk;
mod cancel;
mod capacity;
mod cascade;
mod claim;
mod due;
mod edge_runs;
mod edges;
mod ends;
mod engine;
mod enqueue;
mod event;
mod expiry;
mod follow;
mod give_up;
mod pause;
mod preview;
mod reconcile;
mod request;
mod retry;
mod rotation;
pub mod runner;
pub mod scheduler;
mod settle;
mod texts;
mod timing;
mod why;

pub use bulk::Many;
pub use engine::Engine;
pub use preview::preview;
pub use why::{Reason, WhyRun};
