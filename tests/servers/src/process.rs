//! One server process.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a server may take to start or stop on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child that ends when its parent does, however that ends.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with its output in `log`; under the account `user` if we are root
    /// and it is given.
    pub fn start(program: &Path, args: &[&str], user: Option<&str>, log: PathBuf) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(user) = user.filter(|_| is_root()) {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        let out = File::options().create(true).append(true).open(&log).expect("log file");
        let err = out.try_clone().expect("log file");
        let child = command
            .arg("--")
            .arg(program)
            .args(args)
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv (util-linux) is needed: {error}"));
        Self { child, log }
    }

    /// Waits until `ready`, which must not take long itself.
    pub fn wait_until(&mut self, what: &str, ready: impl Fn() -> bool) {
        let began = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().expect("child");
            if ended.is_some() || began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{what} did not start ({ended:?}):\n{log}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name, without `SIG`.
    pub fn signal(&self, name: &str) {
        signal(&self.child.id().to_string(), name);
    }

    /// Waits for the end.
    pub fn wait(&mut self) {
        self.child.wait().expect("child");
    }

    /// Gives one that was told to end so much time to do it.
    pub fn end_within(&mut self, patience: Duration) {
        let began = Instant::now();
        while began.elapsed() < patience && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn signal(pid: &str, name: &str) {
    // One that has just ended by itself is no fault.
    let mut kill = Command::new("kill");
    kill.args([&format!("-{name}"), pid]).stderr(Stdio::null()).status().expect("kill");
}

/// Needs to be root.
pub(crate) fn give_to(owner: &str, path: &Path) {
    let given = Command::new("chown").arg(owner).arg(path).status();
    assert!(given.is_ok_and(|status| status.success()), "no account `{owner}`");
}

pub(crate) fn is_root() -> bool {
    static ROOT: LazyLock<bool> = LazyLock::new(|| {
        let id = Command::new("id").arg("-u").output().expect("id");
        id.stdout.starts_with(b"0\n")
    });
    *ROOT
}

/// A port that nobody listens on now, below those that the kernel hands to clients: a server that is
/// down for a moment finds it free when it comes back.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(37);
    (0..10_000)
        .map(|_| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000 + 20_000)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port on the loopback")
}

/// A program by the places where Debian puts it.
pub fn find(program: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&paths).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> =
            versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        // The newest first, and all of them before a wrapper in the path.
        for version in versions {
            folders.insert(0, version);
        }
    }
    // Servers that only root is expected to start.
    folders.push("/usr/sbin".into());
    folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{program}` is missing: `cargo xtask test` installs it"))
}
