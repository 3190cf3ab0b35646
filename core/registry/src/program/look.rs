//! What a program that runs uses, with all that it has started: by `/proc`, so on Linux alone.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, PoisonError},
};

use cascade_model::{ProcessState, ProcessUse};
use cascade_sdk::uuid::Uuid;

/// Milliseconds in a tick of `/proc/PID/stat`: a hundredth of a second, on all machines that this is built for.
const TICK_MS: u64 = 10;
/// The most processes of one program that are looked at.
const MOST: usize = 256;

/// The programs of this process, by run.
static RUNNING: Mutex<BTreeMap<Uuid, Root>> = Mutex::new(BTreeMap::new());

/// The process that was started for a run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Root {
    pid: u32,
    /// Whether it is a keeper, whose child is the program.
    kept: bool,
}

/// A program that may be looked at until this is dropped.
pub(super) struct Seen(Uuid, Root);

/// The program of `run` has this process, or a keeper has.
pub(super) fn seen(run: Uuid, pid: u32, kept: bool) -> Seen {
    let root = Root { pid, kept };
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(run, root);
    Seen(run, root)
}

impl Drop for Seen {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        // A later attempt may have another by now.
        if running.get(&self.0) == Some(&self.1) {
            running.remove(&self.0);
        }
    }
}

/// What the program of a run uses; `None` where it has none in this process.
pub fn program_use(run: Uuid) -> Option<ProcessUse> {
    let root = *RUNNING.lock().unwrap_or_else(PoisonError::into_inner).get(&run)?;
    let pid = if root.kept { *children(root.pid).first()? } else { root.pid };
    // Behind a keeper is also what outlived its parent.
    let mut left = if root.kept { children(root.pid) } else { vec![pid] };
    let (mut all, mut cpu_ms, mut memory) = (0, 0, 0);
    let mut state = None;
    while let Some(next) = left.pop() {
        if all == MOST {
            break;
        }
        // It may just have ended.
        let Some(stat) = stat(&format!("/proc/{next}/stat")) else { continue };
        all += 1;
        cpu_ms += stat.cpu_ms;
        memory += resident(next).unwrap_or(0);
        if next == pid {
            state = Some(stat.state);
        }
        left.extend(children(next));
    }
    let processes = u32::try_from(all).ok();
    let (pid, memory, state) = (Some(pid), Some(memory), state?);
    Some(ProcessUse { pid, processes, thread: None, memory, cpu_ms, state })
}

/// The state and processor time of a thread of this process.
pub fn thread_use(thread: u32) -> Option<(ProcessState, u64)> {
    let Stat { state, cpu_ms } = stat(&format!("/proc/self/task/{thread}/stat"))?;
    // In nanoseconds, where the kernel tells.
    let exact = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok();
    let nanoseconds = exact.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    Some((state, nanoseconds.map_or(cpu_ms, |time| time / 1_000_000)))
}

/// The number of the thread that asks.
pub fn this_thread() -> Option<u32> {
    fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
}

struct Stat {
    state: ProcessState,
    /// Its own, and that of children that it has waited for.
    cpu_ms: u64,
}

fn stat(path: &str) -> Option<Stat> {
    parsed(&fs::read_to_string(path).ok()?)
}

/// The name of a program, in brackets, may have brackets and spaces.
fn parsed(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split(' ').collect();
    let state = ProcessState::of(fields.first()?.chars().next()?);
    let times = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<u64>());
    let ticks: u64 = times.sum::<Result<u64, _>>().ok()?;
    Some(Stat { state, cpu_ms: ticks * TICK_MS })
}

/// Resident memory, in bytes.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// Those that any of its threads has started.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name_is() {
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 12 3 4 1 20 0 1 0 5 6 7";
        let stat = parsed(line).unwrap();
        assert_eq!((stat.state, stat.cpu_ms), (ProcessState::Sleeping, 200));
        assert!(parsed("7 (a) S 1").is_none());
    }

    #[test]
    fn a_process_is_looked_at_with_what_it_has_started() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "cat; true"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let run = Uuid::now_v7();
        let seen = seen(run, child.id(), false);
        loop {
            let found = program_use(run).unwrap();
            assert_eq!((found.pid, found.thread), (Some(child.id()), None));
            if found.processes == Some(2) {
                assert!(found.memory.unwrap() > 0);
                break;
            }
            std::thread::yield_now();
        }
        drop(seen);
        assert_eq!(program_use(run), None);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_thread_tells_its_own_time() {
        let thread = this_thread().unwrap();
        let began = std::time::Instant::now();
        let mut sum = 0_u64;
        while thread_use(thread).unwrap().1 < 5 {
            sum = sum.wrapping_add(began.elapsed().as_nanos() as u64);
        }
        assert_eq!(thread_use(thread).unwrap().0, ProcessState::Running, "{sum}");
    }
}
