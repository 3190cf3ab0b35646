//! What the API answers: types of their own, so that a change inside is no change of the API.

mod account;
mod audit;
mod bus_state;
mod config_version;
mod decision;
mod hook;
mod join;
mod problem;
mod process;
mod project;
mod run;
mod schedule;
mod stats;
mod told;
mod trace;
mod worker;

pub use account::{ApiToken, Member, Role, User};
pub use audit::AuditPage;
pub use bus_state::BusState;
pub use config_version::{ConfigHistory, ConfigVersionText};
pub use decision::{Decision, On};
pub use hook::{Delivery, WholeDelivery};
pub use join::{By, Late, Needs};
pub use problem::{Attention, Problem};
pub use process::RunProcess;
pub use project::ProjectRow;
pub use run::{FailedAttempt, OnDuplicate, Run, RunLogRow, RunPage, RunState};
pub use schedule::{ScheduledJob, ScheduledStatus, Trend};
pub use stats::{Figures, StatPoint, StatRow, StatWorker};
pub use told::Told;
pub use trace::{CascadeTree, Children, StateCounts};
pub use worker::Worker;
