//! The Cascade host: its parts put together, and the command line. It knows no job by name.
//!
//! Invariants: nothing here names a job type or a data key; the database is the truth and the bus
//! only says "look now"; a config exists only if the whole file is right.

pub mod cli;
pub mod environment;
pub mod host;
