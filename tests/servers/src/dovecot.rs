use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
};

use tempfile::TempDir;

use crate::{
    Certificates,
    process::{Process, find, free_port, give_to, is_root},
};

/// Who signs in.
const USER: &str = "ann";
/// The account that mail belongs to when the test runs as root, whom Dovecot lets read none.
const OWNER: &str = "nobody";

/// A mail server with one account: IMAP with STARTTLS on one port, over TLS on another.
#[derive(Debug)]
pub struct Dovecot {
    folder: TempDir,
    imap: u16,
    imaps: u16,
    certificates: Certificates,
    process: Option<Process>,
    password: String,
}

impl Dovecot {
    /// Starts one that lets `ann` in by this password, which has no blanks.
    pub fn start(password: &str) -> Self {
        let mut dovecot = Self {
            folder: tempfile::tempdir().expect("temporary folder"),
            imap: free_port(),
            imaps: free_port(),
            certificates: Certificates::make(None),
            process: None,
            password: password.to_owned(),
        };
        dovecot.configure();
        dovecot.restart();
        dovecot
    }

    /// The port of IMAP; TLS begins by STARTTLS, or never.
    pub fn port(&self) -> u16 {
        self.imap
    }

    /// The port of IMAP over TLS.
    pub fn tls_port(&self) -> u16 {
        self.imaps
    }

    /// Who signs in.
    pub fn user(&self) -> &str {
        USER
    }

    /// What the certificate comes from. It is for `localhost` and 127.0.0.1.
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// The Maildir of a folder, `INBOX` or another.
    pub fn maildir(&self, mailbox: &str) -> PathBuf {
        let root = self.folder.path().join("mail");
        if mailbox == "INBOX" { root } else { root.join(format!(".{mailbox}")) }
    }

    /// SIGKILL; its port stays free for [`Self::restart`].
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts again, on the same ports.
    pub fn restart(&mut self) {
        self.process = None;
        let file = self.folder.path().join("dovecot.conf");
        let log = self.folder.path().join("dovecot.out");
        let args = ["-F", "-c", file.to_str().expect("UTF-8")];
        let mut process = Process::start(&find("dovecot"), &args, None, log);
        process.wait_until("dovecot", || self.greets());
        self.process = Some(process);
    }

    /// What it has logged, for a test that fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("dovecot.log")).unwrap_or_default()
    }

    /// Puts a mail into a folder, as a mail program does.
    pub fn append(&self, mailbox: &str, mail: &str) {
        let mail = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        let mut client = self.client();
        client.command(&format!("APPEND {mailbox} {{{}+}}\r\n{mail}", mail.len()));
    }

    /// Signs in, does commands such as `CREATE Lists`, and signs out; returns what was answered.
    pub fn commands(&self, commands: &[&str]) -> String {
        let mut client = self.client();
        commands.iter().map(|command| client.command(command)).collect()
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.imap)).expect("connection");
        let mut client = Client { lines: BufReader::new(stream), tag: 0 };
        client.line();
        client.command(&format!("LOGIN {USER} {}", self.password));
        client
    }

    fn greets(&self) -> bool {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", self.imap)) else { return false };
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).is_ok_and(|_| line.starts_with("* OK"))
    }

    fn configure(&self) {
        let folder = self.folder.path().display();
        let mail = self.folder.path().join("mail");
        fs::create_dir(&mail).expect("folder");
        fs::write(self.folder.path().join("users"), format!("{USER}:{{PLAIN}}{}\n", self.password))
            .expect("file");
        let (owner, accounts) = if is_root() {
            give_to(OWNER, self.folder.path());
            give_to(OWNER, &mail);
            (OWNER.to_owned(), String::new())
        } else {
            let me = std::process::Command::new("id").arg("-un").output().expect("id").stdout;
            let me = String::from_utf8_lossy(&me).trim().to_owned();
            let accounts = format!(
                "default_internal_user = {me}\ndefault_login_user = {me}\n\
                 service anvil {{\n  chroot =\n}}\n"
            );
            (me, accounts)
        };
        let (certificate, key) =
            (self.certificates.path("server.pem"), self.certificates.path("server.key"));
        let (imap, imaps) = (self.imap, self.imaps);
        let text = format!(
            "base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/dovecot.log\n\
             listen = 127.0.0.1\nprotocols = imap\n{accounts}\
             ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n\
             disable_plaintext_auth = no\nauth_mechanisms = plain\nauth_failure_delay = 0\n\
             mail_location = maildir:{folder}/mail\nmail_max_userip_connections = 100\n\
             first_valid_uid = 1\n\
             service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {imap}\n  }}\n  \
             inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
             passdb {{\n  driver = passwd-file\n  args = {folder}/users\n}}\n\
             userdb {{\n  driver = static\n  args = uid={owner} gid=nogroup home={folder}/mail\n}}\n"
        );
        let text = if is_root() { text } else { text.replace(" gid=nogroup", "") };
        fs::write(self.folder.path().join("dovecot.conf"), text).expect("file");
    }
}

/// A mail program of few words.
struct Client {
    lines: BufReader<TcpStream>,
    tag: u32,
}

impl Client {
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.lines.read_until(b'\n', &mut line).expect("an answer");
        assert!(read > 0, "the mail server ended the connection");
        String::from_utf8_lossy(&line).into_owned()
    }

    fn command(&mut self, text: &str) -> String {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        let stream = self.lines.get_mut();
        stream.write_all(format!("{tag}{text}\r\n").as_bytes()).expect("connection");
        let mut all = String::new();
        loop {
            let line = self.line();
            all.push_str(&line);
            if let Some(end) = line.strip_prefix(&tag) {
                let short: String = text.chars().take(60).collect();
                assert!(end.starts_with("OK"), "{short}: {all}");
                return all;
            }
        }
    }
}
