use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Certificates,
    process::{Process, find, free_port, give_to, is_root, signal},
    template::{self, Kept},
};

/// The account that runs it when the tests run as root, as PostgreSQL refuses to.
pub(crate) const USER: &str = "postgres";

/// A test ends processes and never the machine: what a server wrote is there when it comes back, and nothing waits for
/// the disk.
const QUICK: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    // As it is by itself where the segments of the log are not small.
    ("max_wal_size", "1GB"),
];

/// A PostgreSQL cluster.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
    databases: AtomicU32,
    paused: AtomicBool,
    secured: Option<(String, Certificates)>,
    settings: Vec<String>,
}

/// An open transaction.
#[derive(Debug)]
pub struct Held {
    psql: Child,
    _input: ChildStdin,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.psql.kill().ok();
        self.psql.wait().ok();
    }
}

impl Postgres {
    /// The database of [`Self::migrated`].
    pub(crate) const MIGRATED: &str = "migrated";

    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let mut postgres = Self::of(None, new_folder(), &QUICK);
        template::make_small_data(&postgres.data());
        postgres.restart();
        postgres
    }

    /// One whose database [`Self::MIGRATED`] is as [`Migrated`](crate::Migrated) says.
    pub(crate) async fn migrated(migrate: impl AsyncFnOnce(String)) -> Self {
        let kept = Kept::migrated();
        let mut postgres = Self::of(None, new_folder(), &QUICK);
        if !kept.copy(&postgres.data()) {
            template::make_small_data(&postgres.data());
            postgres.restart();
            postgres.sql("postgres", &format!("CREATE DATABASE {}", Self::MIGRATED));
            migrate(postgres.url(Self::MIGRATED)).await;
            postgres.stop();
            kept.keep(&postgres.data());
        }
        postgres.restart();
        postgres
    }

    /// One that another process has started on this port.
    pub(crate) fn shared(port: u16) -> Self {
        let mut postgres = Self::of(None, new_folder(), &[]);
        postgres.port = port;
        postgres
    }

    /// One with settings of its own, such as `("fsync", "on")`, and its data in a new folder of
    /// `parent`, which the account `postgres` must be able to reach.
    pub fn start_with(parent: &Path, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new_in(parent).expect("temporary folder");
        let mut postgres = Self::of(None, folder, settings);
        template::make_data(&postgres.data());
        postgres.restart();
        postgres
    }

    /// One that takes connections over TLS alone, and a password (SCRAM), which must fit into a URL.
    pub fn start_secured(password: &str) -> Self {
        let secured = Some((password.to_owned(), Certificates::make(Some(USER))));
        let mut postgres = Self::of(secured, new_folder(), &QUICK);
        let data = postgres.data();
        let file = postgres.folder.path().join("password");
        std::fs::write(&file, password).expect("file");
        let file = file.display().to_string();
        let options = ["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"];
        let options = [&options[..], &["-A", "scram-sha-256", "--pwfile", &file]].concat();
        template::initdb(&data, &options, &postgres.folder.path().join("initdb.log"));
        let rule = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), rule).expect("pg_hba.conf");
        postgres.restart();
        postgres
    }

    fn of(
        secured: Option<(String, Certificates)>,
        folder: TempDir,
        settings: &[(&str, &str)],
    ) -> Self {
        if is_root() {
            give_to(USER, folder.path());
        }
        let (port, databases, paused) = (free_port(), AtomicU32::new(0), AtomicBool::new(false));
        let settings = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self { folder, port, process: None, databases, paused, secured, settings }
    }

    /// A streaming replica, on a port of its own, with all that is committed now.
    pub fn replica(&self) -> Self {
        let mut replica = Self::of(None, new_folder(), &[]);
        replica.settings.clone_from(&self.settings);
        replica.databases = AtomicU32::new(self.databases.load(Ordering::Relaxed));
        let (data, primary) = (replica.data().display().to_string(), self.port.to_string());
        let args = ["-D", &data, "-h", "127.0.0.1", "-p", &primary, "-U", USER, "-R"];
        let args = [&args[..], &["-X", "stream", "-c", "fast", "--no-sync"]].concat();
        let log = replica.folder.path().join("pg_basebackup.log");
        Process::start(&find("pg_basebackup"), &args, Some(USER), log).wait();
        replica.restart();
        replica
    }

    /// Fails over: kills the primary and makes this replica, with what it has, the primary on its port.
    pub fn take_over(&mut self, primary: &mut Self) {
        primary.kill();
        self.kill();
        self.port = primary.port;
        self.restart();
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    /// What its certificate comes from, if it takes TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.secured.as_ref().map(|(_, certificates)| certificates)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("postgres.log")).expect("postgres.log")
    }

    /// Where it listens on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A new empty database.
    pub fn database(&self) -> String {
        let name = format!("cascade_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        match &self.secured {
            None => format!("postgres://{USER}@127.0.0.1:{port}/{database}"),
            Some((password, certificates)) => format!(
                "postgres://{USER}:{password}@localhost:{port}/{database}?sslmode=verify-full&sslrootcert={}",
                certificates.authority().display()
            ),
        }
    }

    /// Runs a statement by psql and returns what it prints, unaligned and without headers.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let ran = Command::new(find("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database)])
            .args(["-c", statement])
            .output()
            .expect("psql");
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// Runs a statement in a transaction that stays open until the answer is dropped.
    pub fn hold(&self, statement: &str, database: &str) -> Held {
        let mut psql = Command::new(find("psql"))
            .args(["-X", "-q", "-A", "-t", "-d", &self.url(database)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql");
        let mut input = psql.stdin.take().expect("stdin");
        writeln!(input, "BEGIN; {statement}; SELECT 'held';").expect("psql");
        let mut said = String::new();
        let output = psql.stdout.take().expect("stdout");
        BufReader::new(output).read_line(&mut said).expect("psql");
        assert_eq!(said.trim(), "held", "{statement}");
        Held { psql, _input: input }
    }

    /// SIGKILL of every process of the cluster, as a power cut would.
    pub fn kill(&mut self) {
        // Held still first, or it would begin to recover from the death of its children, by new ones.
        self.process.iter().for_each(|postmaster| postmaster.signal("STOP"));
        let backends = self.backends();
        self.process = None;
        for pid in &backends {
            signal(pid, "KILL");
        }
        while backends.iter().any(|pid| Path::new("/proc").join(pid).exists()) {
            std::thread::yield_now();
        }
    }

    /// SIGSTOP of the cluster: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
        self.family("STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Relaxed);
        self.family("CONT");
    }

    fn family(&self, name: &str) {
        self.process.iter().for_each(|postmaster| postmaster.signal(name));
        for pid in self.backends() {
            signal(&pid, name);
        }
    }

    fn backends(&self) -> Vec<String> {
        let Some(postmaster) = &self.process else { return Vec::new() };
        let pid = postmaster.id().to_string();
        let children = Command::new("pgrep").args(["-P", &pid]).output().expect("pgrep");
        String::from_utf8_lossy(&children.stdout).lines().map(ToOwned::to_owned).collect()
    }

    /// Ends it as an administrator would, fast: open transactions are rolled back.
    pub fn stop(&mut self) {
        if let Some(mut postmaster) = self.process.take() {
            postmaster.signal("INT");
            postmaster.wait();
        }
    }

    /// Starts again, on the same port, with what was committed.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let (data, folder) =
            (self.data().display().to_string(), self.folder.path().display().to_string());
        let mut args = vec![
            "-D",
            &data,
            "-p",
            &port,
            "-k",
            &folder,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=200",
            "-c",
            "shared_buffers=64MB",
        ];
        let secured = self.secured.as_ref().map(|(_, certificates)| {
            let setting = |name: &str, file| format!("{name}={}", certificates.path(file));
            [setting("ssl_cert_file", "server.pem"), setting("ssl_key_file", "server.key")]
        });
        if let Some([certificate, key]) = &secured {
            args.extend(["-c", "ssl=on", "-c", certificate, "-c", key]);
        }
        for setting in &self.settings {
            args.extend(["-c", setting]);
        }
        let log = self.folder.path().join("postgres.log");
        let mut process = Process::start(&find("postgres"), &args, Some(USER), log);
        let (pid, state) = (process.id().to_string(), self.data().join("postmaster.pid"));
        process.wait_until("postgres", || {
            let said = std::fs::read_to_string(&state).unwrap_or_default();
            is_ready(&said, &pid)
        });
        self.process = Some(process);
    }
}

/// One that was killed would leave behind the piece of shared memory by which it finds its own children again.
impl Drop for Postgres {
    fn drop(&mut self) {
        if *self.paused.get_mut() {
            self.resume();
        }
        if let Some(mut postmaster) = self.process.take() {
            postmaster.signal("QUIT");
            postmaster.end_within(Duration::from_secs(5));
        }
    }
}

fn new_folder() -> TempDir {
    tempfile::tempdir().expect("temporary folder")
}

/// Whether postmaster.pid is of this process and says that it takes connections. One that was killed
/// leaves its own behind.
fn is_ready(state: &str, pid: &str) -> bool {
    let mut lines = state.lines().map(str::trim);
    lines.next() == Some(pid) && matches!(lines.nth(6), Some("ready" | "standby"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_own_state_says_so() {
        let state = "7\n/data\n1\n5432\n/tmp\n127.0.0.1\n  65 1\nready   \n";
        assert!(is_ready(state, "7") && !is_ready(state, "8"));
        assert!(!is_ready(&state.replace("ready", "starting"), "7") && !is_ready("7\n", "7"));
    }
}
