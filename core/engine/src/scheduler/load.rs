//! What this process and the programs that it runs use of the machine, as `/proc` tells. Elsewhere nothing is told.

use std::time::{Duration, Instant};

use cascade_model::Load;

/// A share over a shorter time says nothing: the one before still holds.
const LEAST: Duration = Duration::from_secs(1);

/// What was used up to the last report.
#[derive(Default)]
pub(super) struct UsedSoFar(Option<Used>);

struct Used {
    at: Instant,
    /// Processor time, in ticks.
    own: u64,
    programs: Option<u64>,
    told: Load,
}

impl UsedSoFar {
    /// What is used now, with shares of the time since the call before.
    pub fn load(&mut self) -> Load {
        let me = std::process::id();
        let Some(own) = Stat::of(me) else { return Load::default() };
        let programs = Programs::of(me, &own);
        let ticks = programs.as_ref().map(|programs| programs.ticks);
        let at = Instant::now();
        let memory = |pages: u64| pages.saturating_mul(rustix::param::page_size() as u64);
        let mut load = Load {
            memory_bytes: Some(memory(own.pages)),
            programs_memory_bytes: programs.map(|programs| memory(programs.pages)),
            ..Load::default()
        };
        if let Some(before) = &self.0 {
            let passed = at.duration_since(before.at);
            if passed < LEAST {
                let Load { cpu_share, programs_cpu_share, .. } = before.told;
                return Load { cpu_share, programs_cpu_share, ..load };
            }
            let share = |before: u64, now: u64| share(now.saturating_sub(before), passed);
            load.cpu_share = Some(share(before.own, own.ticks));
            load.programs_cpu_share = before.programs.zip(ticks).map(|(old, now)| share(old, now));
        }
        self.0 = Some(Used { at, own: own.ticks, programs: ticks, told: load });
        load
    }
}

/// To thousandths.
fn share(ticks: u64, passed: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "ticks of some seconds")]
    let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    (seconds / passed.as_secs_f64() * 1000.0).round() / 1000.0
}

/// What `/proc/PID/stat` tells of a process.
#[derive(Debug, PartialEq)]
struct Stat {
    /// Processor time of the process itself, without its programs.
    ticks: u64,
    /// Of its children that have ended, and of theirs.
    ended_ticks: u64,
    /// Resident memory.
    pages: u64,
}

impl Stat {
    fn of(process: u32) -> Option<Self> {
        Self::read(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        // The name stands in parentheses and may hold spaces and parentheses itself.
        let (_, behind) = text.rsplit_once(')')?;
        let fields: Vec<_> = behind.split_whitespace().collect();
        let number = |nth: usize| fields.get(nth)?.parse::<u64>().ok();
        Some(Self {
            ticks: number(11)? + number(12)?,
            ended_ticks: number(13)? + number(14)?,
            pages: number(21)?,
        })
    }
}

/// All that a process has started, and what that has started.
#[derive(Debug, Default)]
struct Programs {
    /// Processor time, of those that have ended too.
    ticks: u64,
    pages: u64,
}

impl Programs {
    /// `None` where the kernel does not tell children.
    fn of(process: u32, own: &Stat) -> Option<Self> {
        let mut found = Self { ticks: own.ended_ticks, pages: 0 };
        let mut left = children(process)?;
        while let Some(next) = left.pop() {
            // One that has ended meanwhile is counted by its parent.
            let Some(stat) = Stat::of(next) else { continue };
            found.ticks += stat.ticks + stat.ended_ticks;
            found.pages += stat.pages;
            left.extend(children(next).unwrap_or_default());
        }
        Some(found)
    }
}

fn children(process: u32) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let path = thread.ok()?.path().join("children");
        match std::fs::read_to_string(path) {
            Ok(text) => {
                found.extend(text.split_whitespace().filter_map(|id| id.parse::<u32>().ok()))
            }
            // A thread that has ended meanwhile has none.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {}
            Err(_) => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let text = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 7 3 20 5 20 0 9 0 100 1000 250 18446744073709551615";
        let stat = Stat { ticks: 10, ended_ticks: 25, pages: 250 };
        assert_eq!(Stat::read(text), Some(stat));
        assert_eq!(Stat::read("42 (cat"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_and_what_it_has_started_use_memory_and_time() {
        let mut used = UsedSoFar::default();
        let first = used.load();
        assert!(first.memory_bytes.is_some_and(|bytes| bytes > 100_000));
        assert_eq!(first.cpu_share, None, "there is no time before it");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let began = Instant::now();
        let mut sum = 0_u64;
        while began.elapsed() < LEAST {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let second = used.load();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(second.cpu_share.is_some_and(|share| share > 0.0), "{second:?}");
        // A kernel may be built without lists of children.
        let programs = second.programs_memory_bytes;
        assert!(programs.is_none_or(|bytes| bytes > 0), "{second:?}");
        assert_eq!(used.load().cpu_share, second.cpu_share, "too soon for another");
    }
}
