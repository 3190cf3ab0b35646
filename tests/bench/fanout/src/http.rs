//! As much of an HTTP client as this takes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    str::FromStr,
};

use anyhow::{Context, ensure};
use serde_json::Value;

/// `http://ADDRESS:PORT/PATH`.
#[derive(Debug, Clone)]
pub struct Url {
    /// Where it listens.
    pub address: SocketAddr,
    /// With its `/`.
    pub path: String,
}

impl FromStr for Url {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let rest = text.strip_prefix("http://").context("begins with http://")?;
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = address.parse().with_context(|| format!("`{address}` is no ADDRESS:PORT"))?;
        Ok(Self { address, path: format!("/{path}") })
    }
}

/// Asks, and returns the body of an answer of success.
///
/// # Errors
/// Any other answer.
pub fn ask(method: &str, address: SocketAddr, path: &str, body: &str) -> anyhow::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let size = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {size}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP")?;
    ensure!(head.split(' ').nth(1).is_some_and(|code| code.starts_with('2')), "{path}: {answer}");
    Ok(body.to_owned())
}

/// A JSON document.
///
/// # Errors
/// An answer that is not one, or no success.
pub fn get(address: SocketAddr, path: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&ask("GET", address, path, "")?)?)
}
