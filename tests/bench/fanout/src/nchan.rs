//! Nchan: nginx with its publish-subscribe module, as its own documentation sets it up.

use std::{
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use cascade_test_servers::free_port;
use tempfile::TempDir;

use crate::{clients::now_us, http, proc, round::Server};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// Why there are no figures of it, if there are none.
pub fn lacking() -> Option<String> {
    let nginx = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
    (!nginx || !Path::new(MODULE).exists()).then(|| {
        "nchan: left out; `apt-get install nginx-light libnginx-mod-nchan` installs it".into()
    })
}

/// Killed when dropped.
pub struct Nchan {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Nchan {
    /// Starts nginx with so many workers ("1", "auto"), with room for `count` streams in each.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(workers: &str, count: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let place = folder.path().display();
        let room = count + 1000;
        let config = format!(
            "load_module {MODULE};
             worker_processes {workers};
             worker_rlimit_nofile {room};
             daemon off;
             pid {place}/pid;
             error_log {place}/error.log;
             events {{ worker_connections {room}; }}
             http {{
                 access_log off;
                 client_body_temp_path {place}/body;
                 proxy_temp_path {place}/proxy;
                 fastcgi_temp_path {place}/fastcgi;
                 uwsgi_temp_path {place}/uwsgi;
                 scgi_temp_path {place}/scgi;
                 server {{
                     listen {address} backlog=1024;
                     location = /publish {{ nchan_publisher; nchan_channel_id all; }}
                     location = /subscribe {{
                         nchan_subscriber eventsource;
                         nchan_channel_id all;
                         nchan_eventsource_ping_interval 30;
                     }}
                 }}
             }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let process = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting nginx")?;
        let server = Self { process, address, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("nginx did not start");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Server for Nchan {
    fn url(&self) -> String {
        format!("http://{}/subscribe", self.address)
    }

    fn pids(&self) -> Vec<u32> {
        proc::family(self.process.id())
    }

    /// A message as long as Cascade's, which carries its time.
    fn publish(&mut self, number: usize) -> anyhow::Result<()> {
        let fill = "x".repeat(90);
        let message = format!("{{\"at_us\":{},\"number\":{number},\"fill\":\"{fill}\"}}", now_us());
        http::ask("POST", self.address, "/publish", &message).map(drop)
    }

    fn published_us(&self, event: &str) -> anyhow::Result<u64> {
        let event: serde_json::Value = serde_json::from_str(event)?;
        event["at_us"].as_u64().context("no time")
    }

    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        proc::cpu_seconds(&self.pids())
    }
}

impl Drop for Nchan {
    fn drop(&mut self) {
        // The master ends its workers; SIGKILL would leave them behind.
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().ok();
        self.process.wait().ok();
    }
}
