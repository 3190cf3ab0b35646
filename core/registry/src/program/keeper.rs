//! The parent process of one program: ends it and all its descendants when the host is gone.
//!
//! The host starts itself once more as a keeper, and the keeper starts the program. The kernel tells
//! the keeper when the host dies, however it dies, and hands it every descendant of the program whose
//! own parent has ended, so that neither `setsid` nor a double fork gets away from it.

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{
        DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process,
        kill_process_group, set_child_subreaper, set_dumpable_behavior,
        set_parent_process_death_signal, wait,
    },
};
use tokio::signal::unix::{SignalKind, signal};

/// The first argument of a keeper.
const NAME: &str = "cascade-program";
/// How long descendants may go on after the program itself has ended.
const LINGER: Duration = Duration::from_secs(1);
/// For how long it is tried to end processes that the kernel holds.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
/// The exit status of a keeper that could not do its work, as of a shell that cannot run a command.
const CANNOT_RUN: u8 = 126;

/// Whether this process' program can be started as a keeper.
static AVAILABLE: AtomicBool = AtomicBool::new(false);

/// What the keeper is asked by a signal.
pub(super) mod ask {
    use rustix::process::Signal;

    /// To pass SIGTERM on to the program and its group.
    pub const STOP: Signal = Signal::TERM;
    /// To end the program and all its descendants; the kernel asks it when the host dies.
    pub const END: Signal = Signal::HUP;
}

/// To be called first in `main`: does a keeper's work if this process was started as one. A host
/// that does not call it starts programs without a keeper.
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.next().is_none_or(|name| name != NAME) {
        AVAILABLE.store(true, Ordering::Relaxed);
        return None;
    }
    Some(keep(arguments).unwrap_or_else(|error| {
        eprintln!("cannot start the program: {error}");
        CANNOT_RUN.into()
    }))
}

/// The command that starts `program` under a keeper, in a group of its own; `program` itself in a
/// process that cannot be one.
pub(super) fn command(program: &[String]) -> (tokio::process::Command, bool) {
    let kept = AVAILABLE.load(Ordering::Relaxed);
    let mut command = if kept {
        // By way of /proc, so that an upgrade that replaces the file is not started in its place.
        let mut command = tokio::process::Command::new("/proc/self/exe");
        command.arg0(NAME).arg(std::process::id().to_string()).args(program);
        command
    } else {
        let (name, arguments) = program.split_first().map_or(("", program), |(n, a)| (n, a));
        let mut command = tokio::process::Command::new(name);
        command.args(arguments);
        command
    };
    command.process_group(0);
    (command, kept)
}

fn keep(mut arguments: impl Iterator<Item = OsString>) -> io::Result<ExitCode> {
    let host = arguments.next().and_then(|host| host.to_str()?.parse().ok());
    let host = host.and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no host is named"))?;
    let program = arguments.next().ok_or_else(|| io::Error::other("no program is named"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        // Heard from before the kernel may send them.
        let mut end = signal(SignalKind::hangup())?;
        let mut stop = signal(SignalKind::terminate())?;
        let mut changed = signal(SignalKind::child())?;
        set_parent_process_death_signal(Some(ask::END))?;
        set_child_subreaper(Some(getpid()))?;
        if getppid() != Some(host) {
            return Err(io::Error::other("the host is gone"));
        }
        let program = Command::new(program).args(arguments).process_group(0).spawn()?;
        let program = Pid::from_child(&program);
        let (mut status, mut left) = (None, true);
        let mut deadline = None;
        while left {
            tokio::select! {
                _ = changed.recv() => {
                    (status, left) = reap(program, status);
                    if status.is_some() {
                        deadline.get_or_insert_with(|| tokio::time::Instant::now() + LINGER);
                    }
                }
                _ = stop.recv() => { kill_process_group(program, Signal::TERM).ok(); }
                _ = end.recv() => break,
                () = tokio::time::sleep_until(deadline.unwrap_or_else(tokio::time::Instant::now)),
                    if deadline.is_some() => break,
            }
        }
        Ok(end_all(program, status))
    });
    Ok(as_it_ended(ended?))
}

/// Takes the status of every child that has ended; says the program's and whether any child is left.
fn reap(program: Pid, mut status: Option<WaitStatus>) -> (Option<WaitStatus>, bool) {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((child, how))) if child == program => status = Some(how),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return (status, true),
            Err(_) => return (status, false),
        }
    }
}

/// Kills the program and whatever descends from it, and waits until nothing is left.
fn end_all(program: Pid, mut status: Option<WaitStatus>) -> Option<WaitStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left;
        (status, left) = reap(program, status);
        if !left || Instant::now() > deadline {
            return status;
        }
        if status.is_none() {
            kill_process_group(program, Signal::KILL).ok();
        }
        // Children of those that die here become ours, and are killed in the next round.
        for child in children() {
            kill_process(child, Signal::KILL).ok();
        }
        std::thread::sleep(PAUSE);
    }
}

/// The direct children of this process, which has one thread.
fn children() -> Vec<Pid> {
    let listed = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    listed.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}

/// Ends this process as the program ended, so that the host sees no difference.
fn as_it_ended(status: Option<WaitStatus>) -> ExitCode {
    let Some(status) = status else { return CANNOT_RUN.into() };
    let Some(number) = status.terminating_signal() else {
        let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
        return code.unwrap_or(CANNOT_RUN).into();
    };
    // The signal may be one that writes memory to a disk.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    if let Some(signal) = Signal::from_named_raw(number) {
        kill_process(getpid(), signal).ok();
    }
    // It is one that this process handles; this is how shells tell it.
    u8::try_from(128 + number).unwrap_or(CANNOT_RUN).into()
}
