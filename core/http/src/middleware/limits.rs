//! What one client may take of the server.

use std::{net::IpAddr, time::Duration};

use cascade_sse::StreamSlots;
use ipnet::IpNet;

/// What one client may take of the server.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP limits")]
pub struct HttpLimits {
    /// Requests per second of one address, of which five seconds' worth may come at once; 0 for no
    /// limit.
    #[arg(long, default_value_t = 200, env = "CASCADE_REQUESTS_PER_SECOND")]
    pub requests_per_second: u32,
    /// How long a request may take, its body included; an event stream is answered within it and
    /// then lasts.
    #[arg(long, default_value = "30s", env = "CASCADE_REQUEST_TIMEOUT", value_parser = more_than_nothing)]
    pub request_timeout: Duration,
    /// How long the head of a request may take to come, and a connection to be idle.
    #[arg(long, default_value = "15s", env = "CASCADE_HEADER_TIMEOUT", value_parser = more_than_nothing)]
    pub header_timeout: Duration,
    /// How long an answer may wait for a client that takes nothing of it. One that takes less than
    /// 16 KiB in this time while more waits is cut off, too.
    #[arg(long, default_value = "30s", env = "CASCADE_WRITE_TIMEOUT", value_parser = more_than_nothing)]
    pub write_timeout: Duration,
    /// Connections of one address at a time, trusted proxies aside; if not given, its streams and 100
    /// more, but no more than half of all.
    #[arg(long, env = "CASCADE_CONNECTIONS_PER_ADDRESS", value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_per_address: Option<u32>,
    /// Event streams at a time.
    #[arg(long, default_value_t = 2000, env = "CASCADE_STREAMS")]
    pub streams: u32,
    /// Event streams of one address at a time.
    #[arg(long, default_value_t = 100, env = "CASCADE_STREAMS_PER_ADDRESS")]
    pub streams_per_address: u32,
    /// Addresses or networks of proxies, whose X-Forwarded-For is believed: "10.0.0.0/8,::1".
    #[arg(long, value_delimiter = ',', env = "CASCADE_TRUSTED_PROXIES", value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
}

impl HttpLimits {
    /// Counts event streams within these limits.
    pub fn stream_slots(&self) -> StreamSlots {
        StreamSlots::new(self.streams as usize, self.streams_per_address as usize)
    }

    /// Connections at a time: all streams, and as many again that ask.
    pub(crate) fn connections(&self) -> usize {
        self.streams as usize * 2 + 100
    }

    /// Connections of one address at a time. Never all of them: whoever fills them shuts nobody out.
    pub(crate) fn connections_of_address(&self) -> usize {
        match self.connections_per_address {
            Some(most) => most as usize,
            None => (self.streams_per_address as usize + 100).min(self.connections() / 2),
        }
    }

    /// Whether an address is one of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

fn more_than_nothing(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|e| e.to_string())?;
    if duration.is_zero() { Err("must be more than nothing".into()) } else { Ok(duration) }
}

/// `10.0.0.0/8`, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| format!("`{text}` is no address and no network"))
}
