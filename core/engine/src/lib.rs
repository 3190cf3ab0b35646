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
mod figures;
mod follow;
mod give_up;
mod job_labels;
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
pub use figures::{FigureWriter, RunCounts};
pub use job_labels::{job_label, keep_labels, labelled_jobs, of_labelled_jobs};
pub use preview::preview;
pub use why::{Reason, WhyRun};
