//! Time of processors, which a busy machine changes less than it does the time on the clock.

use std::fs;

use anyhow::{Context as _, Result};

/// Of this process, seconds.
pub fn of_self() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    ticks(&stat, &[11, 12]).context("/proc/self/stat")
}

/// Of a process and all of its children, those that have ended too, seconds.
pub fn of_family(parent: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{parent}/stat"))?;
    let mut sum = ticks(&stat, &[11, 12, 13, 14]).context("the stat of a process")?;
    for entry in fs::read_dir("/proc")?.flatten() {
        // One that has just ended is counted by its parent.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if parent_of(&stat) == Some(parent) {
            sum += ticks(&stat, &[11, 12]).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// The parent of a process.
pub fn parent(process: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    parent_of(&stat).context("the stat of a process")
}

/// What follows the name, which may have spaces: field 3 of proc(5) and on.
fn fields(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(") ")?.1.split_whitespace().collect())
}

fn parent_of(stat: &str) -> Option<u32> {
    fields(stat)?.get(1)?.parse().ok()
}

/// Linux tells a hundredth of a second.
fn ticks(stat: &str, places: &[usize]) -> Option<f64> {
    let fields = fields(stat)?;
    let ticks = places.iter().map(|place| fields.get(*place)?.parse::<f64>().ok());
    Some(ticks.sum::<Option<f64>>()? / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_moves_no_field() {
        let stat = "7 (a name) S 3 7 7 0 -1 0 0 0 0 0 150 50 25 75 20";
        assert_eq!((parent_of(stat), ticks(stat, &[11, 12])), (Some(3), Some(2.0)));
    }
}
