//! A program that runs, and the one thread that starts programs.

use std::{
    io,
    process::ExitStatus,
    sync::{LazyLock, mpsc},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::keeper::ask;

/// A program; ended with all its descendants when dropped.
pub(super) struct Running {
    child: Child,
    /// Whether the child is a keeper, or else the program itself.
    kept: bool,
}

struct Order {
    command: Command,
    kept: bool,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Running>>,
}

/// A keeper is told when the *thread* that started it ends, so one thread starts them all and lives
/// as long as the process.
static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, received) = mpsc::channel::<Order>();
    let start = move || {
        for Order { mut command, kept, runtime, reply } in received {
            let _within = runtime.enter();
            let started = command.spawn().map(|child| Running { child, kept });
            // Nobody waits any more: what was started ends as it is dropped.
            drop(reply.send(started));
        }
    };
    // Without the thread the orders are refused.
    drop(std::thread::Builder::new().name("programs".into()).spawn(start));
    orders
});

impl Running {
    /// Starts a command, which is a keeper's if it is `kept`.
    pub async fn start(command: Command, kept: bool) -> io::Result<Self> {
        let (reply, started) = oneshot::channel();
        let order = Order { command, kept, runtime: Handle::current(), reply };
        let gone = || io::Error::other("the thread that starts programs is gone");
        STARTER.send(order).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }

    /// Its standard streams, each once.
    pub fn streams(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// The process that was started: of its keeper, or its own.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it and its group to stop.
    pub fn stop(&self) {
        self.signal(ask::STOP, Signal::TERM);
    }

    /// Ends it with all its descendants; without a keeper, with its group.
    pub fn end(&self) {
        self.signal(ask::END, Signal::KILL);
    }

    fn signal(&self, keeper: Signal, group: Signal) {
        // Gone once its status was taken: nobody else can have its number before.
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let Some(id) = id else { return };
        // It may just have ended.
        match self.kept {
            true => kill_process(id, keeper).ok(),
            false => kill_process_group(id, group).ok(),
        };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
