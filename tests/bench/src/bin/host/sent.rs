//! When each run was asked for, told by `produce` to the bodies: a request carries nothing, so it goes by
//! a file for each pair of job and project. A pair is asked for again only after its run has ended.

use std::{fs, io, path::PathBuf};

use crate::tally::now;

fn file(job: &str, project: &str) -> PathBuf {
    std::env::temp_dir().join("cascade-bench-sent").join(format!("{job}-{project}"))
}

/// Notes that a run is asked for now.
pub fn note(job: &str, project: &str) -> io::Result<()> {
    let file = file(job, project);
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, now().to_string())
}

/// When the run was asked for, in µs of the Unix epoch, and forgets it; `None` if `produce` did not ask.
pub fn taken(job: &str, project: &str) -> Option<i64> {
    let file = file(job, project);
    let sent = fs::read_to_string(&file).ok()?;
    fs::remove_file(file).ok()?;
    sent.parse().ok()
}
