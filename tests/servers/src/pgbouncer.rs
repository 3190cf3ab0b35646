use tempfile::TempDir;

use crate::{
    Postgres,
    process::{Process, find, free_port, give_to, is_root},
};

/// The account that runs it when the tests run as root, as PgBouncer refuses to.
const USER: &str = "postgres";

/// PgBouncer in transaction mode before a [`Postgres`].
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one; `settings` are further lines of `[pgbouncer]`, and `database` further words of the
    /// line that names the server.
    pub fn start(postgres: &Postgres, database: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let port = free_port();
        let mut text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={USER} {database}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\n",
            postgres.port()
        );
        for (name, value) in settings {
            text.push_str(&format!("{name} = {value}\n"));
        }
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, text).expect("pgbouncer.ini");
        if is_root() {
            give_to(USER, folder.path());
            give_to(USER, &file);
        }
        let log = folder.path().join("pgbouncer.log");
        let file = file.display().to_string();
        let mut process = Process::start(&find("pgbouncer"), &[&file], Some(USER), log);
        process
            .wait_until("pgbouncer", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { port, _process: process, _folder: folder }
    }

    /// The address of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }
}
