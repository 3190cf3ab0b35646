use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(3);

/// `cascade health`: success if `/health` answers 200. Plain HTTP/1.0, so that a container needs no
/// other program for its health check.
pub(super) fn health(mut address: SocketAddr) -> ExitCode {
    // What a server that listens everywhere was told is no address to connect to.
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    match ask(address) {
        Ok(answer) if answer.lines().next().is_some_and(|line| line.contains(" 200 ")) => {
            println!("{}", answer.lines().last().unwrap_or_default());
            ExitCode::SUCCESS
        }
        Ok(answer) => {
            eprintln!("error: {address} says: {}", answer.lines().next().unwrap_or("nothing"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {address} does not answer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
