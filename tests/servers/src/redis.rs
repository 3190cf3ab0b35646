use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Certificates,
    process::{Process, find, free_port},
};

/// The account of a secured one.
const USER: &str = "cascade";

/// A Redis server; without persistence, as docker-compose.yml sets it up, unless it is told otherwise.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
    secured: Option<(String, Certificates)>,
    settings: Vec<String>,
}

impl Redis {
    /// Starts one.
    pub fn start() -> Self {
        let mut redis = Self::stopped();
        redis.restart();
        redis
    }

    /// One with settings of its own, such as `("appendonly", "yes")`, and its data in a new folder of
    /// `parent`.
    pub fn start_with(parent: &Path, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new_in(parent).expect("temporary folder");
        let setting = |(name, value): &(&str, &str)| [format!("--{name}"), (*value).to_owned()];
        let settings = settings.iter().flat_map(setting).collect();
        let mut redis = Self { folder, settings, ..Self::stopped() };
        redis.restart();
        redis
    }

    /// One that does not run yet; its port is free.
    pub fn stopped() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        Self { folder, port: free_port(), process: None, secured: None, settings: Vec::new() }
    }

    /// One that takes connections over TLS alone, and an account's password (ACL), which must fit
    /// into a URL.
    pub fn start_secured(password: &str) -> Self {
        let secured = Some((password.to_owned(), Certificates::make(None)));
        let mut redis = Self { secured, ..Self::stopped() };
        redis.restart();
        redis
    }

    /// What its certificate comes from, if it takes TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.secured.as_ref().map(|(_, certificates)| certificates)
    }

    /// `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        match &self.secured {
            None => format!("redis://127.0.0.1:{}", self.port),
            Some((password, _)) => format!("rediss://{USER}:{password}@localhost:{}", self.port),
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGSTOP: it accepts connections, as the kernel does that, and never answers.
    pub fn pause(&self) {
        self.process.iter().for_each(|process| process.signal("STOP"));
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.iter().for_each(|process| process.signal("CONT"));
    }

    /// Starts again, on the same port.
    pub fn restart(&mut self) {
        self.process = None;
        let port = self.port.to_string();
        let dir = self.folder.path().display().to_string();
        let mut args = match &self.secured {
            None => vec!["--port", &port],
            Some(_) => vec!["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"],
        };
        let files = self.secured.as_ref().map(|(password, certificates)| {
            let file = |name| certificates.path(name);
            (file("server.pem"), file("server.key"), file("ca.pem"), format!(">{password}"))
        });
        if let Some((certificate, key, authority, password)) = &files {
            args.extend(["--tls-cert-file", certificate, "--tls-key-file", key]);
            args.extend(["--tls-ca-cert-file", authority, "--user", "default", "off"]);
            args.extend(["--user", USER, "on", password, "~*", "&*", "+@all"]);
        }
        args.extend([
            "--bind",
            "127.0.0.1",
            "--dir",
            &dir,
            "--save",
            "",
            "--appendonly",
            "no",
            "--maxmemory",
            "128mb",
            "--maxmemory-policy",
            "allkeys-lru",
        ]);
        args.extend(self.settings.iter().map(String::as_str));
        let log = self.folder.path().join("redis.log");
        let mut process = Process::start(&find("redis-server"), &args, None, log);
        process.wait_until("redis-server", || self.answers());
        self.process = Some(process);
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        if self.secured.is_some() {
            return true;
        }
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("socket");
        let mut answer = [0; 5];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+PONG"
    }
}
