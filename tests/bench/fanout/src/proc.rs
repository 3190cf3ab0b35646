//! Memory and processor time of a server, from `/proc`.

use std::fs;

use anyhow::Context;

/// Ticks of `/proc/PID/stat` in a second: the same on every Linux machine (USER_HZ).
const TICKS: f64 = 100.0;

/// Memory in bytes, of all processes of a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident; what processes share counts for each.
    pub rss: u64,
    /// Resident; what processes share is divided among them.
    pub pss: u64,
    /// Resident and shared with none.
    pub private: u64,
}

/// The memory of `pids`.
///
/// # Errors
/// A process that is gone.
pub fn memory(pids: &[u32]) -> anyhow::Result<Memory> {
    let mut sum = Memory::default();
    for pid in pids {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number
                .and_then(|text| text.parse::<u64>().ok())
                .map(|kb| kb * 1024)
                .context(name.to_owned())
        };
        sum.rss += of("Rss:")?;
        sum.pss += of("Pss:")?;
        sum.private += of("Private_Clean:")? + of("Private_Dirty:")?;
    }
    Ok(sum)
}

/// Seconds of processor time that `pids` have used.
///
/// # Errors
/// A process that is gone.
pub fn cpu_seconds(pids: &[u32]) -> anyhow::Result<f64> {
    let mut ticks = 0.0;
    for pid in pids {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program may hold anything but ends with the last bracket.
        let (_, fields) = text.rsplit_once(')').context("/proc/PID/stat")?;
        let used = fields.split_whitespace().skip(11).take(2);
        ticks += used.filter_map(|text| text.parse::<f64>().ok()).sum::<f64>();
    }
    Ok(ticks / TICKS)
}

/// The process and its children.
pub fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    std::iter::once(pid)
        .chain(children.split_whitespace().filter_map(|id| id.parse().ok()))
        .collect()
}

/// Bytes of the kernel's objects on the whole machine, sockets among them. Those of both ends of a
/// connection are here, and whatever else goes on.
pub fn kernel_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Slab:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) * 1024
}
