//! The process starts itself again without the variables that nobody but the host may read.
//!
//! Whatever a process unsets, `/proc/PID/environ` shows what it was started with for as long as it
//! lives, and the programs that it starts may read that file. So the host puts all variables that are
//! not known to be harmless into a sealed file in memory, starts itself again without them (same
//! process id, arguments, standard streams), and reads the file there.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Seek, Write},
    os::{
        fd::{AsRawFd, RawFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            process::CommandExt,
        },
    },
    path::PathBuf,
    process::Command,
};

use cascade_abi::inherited;
use cascade_config::environment::{self, OWN};
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create},
    process::{DumpableBehavior, set_dumpable_behavior},
};

/// Variables that libraries and people expect to stay, and that hold no secret.
const HARMLESS: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "PWD",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TZDIR",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_PROXY",
    "no_proxy",
    "LLVM_PROFILE_FILE",
];
/// The same, by their beginning; those of [`OWN`] and headers, which carry keys, excepted.
const HARMLESS_BEGIN: [&str; 8] =
    ["LC_", "LD_", "RUST_", "MALLOC_", "GLIBC_", "XDG_", "OTEL_", "PG"];
/// Harmless unless they hold a password.
const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// The name of the sealed file.
const NAME: &str = "cascade-environment";
/// Tells the descriptor of the sealed file. A process that has it does not start itself again.
const MARK: &str = "CASCADE_HIDDEN_ENVIRONMENT";
const SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

type Variables = BTreeMap<OsString, OsString>;

/// Starts this process again without the variables that may hold a secret, unless that was done;
/// `known` are those of the command line. Returns in the process that has none. Call it while there
/// is one thread.
pub fn hide(known: &[String]) {
    match std::env::var(MARK) {
        // Inherited from a host that started us: nothing is hidden from its children any more.
        Ok(mark) => drop(restore(&mark).map(environment::keep)),
        Err(_) => {
            if let Err(error) = start_again(known) {
                eprintln!("warning: secrets stay in the environment of this process: {error}");
            }
        }
    }
    // Neither a debugger nor a child of the same user may read memory that holds passwords, and a
    // crash writes none of it to a disk.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}

/// Returns only when there is nothing to hide, or an error.
fn start_again(known: &[String]) -> io::Result<()> {
    let (kept, hidden): (Variables, Variables) =
        std::env::vars_os().partition(|(name, value)| is_harmless(name, value, known));
    if hidden.is_empty() {
        return Ok(());
    }
    // Not closed on exec: the next image reads it, and closes it before anything else is started.
    let sealed = memfd_create(NAME, MemfdFlags::ALLOW_SEALING)?;
    let number = sealed.as_raw_fd();
    let mut file = File::from(sealed);
    for (name, value) in &hidden {
        for part in [name.as_bytes(), b"=", value.as_bytes(), b"\0"] {
            file.write_all(part)?;
        }
    }
    fcntl_add_seals(&file, SEALS)?;
    let mut arguments = std::env::args_os();
    let mut again = Command::new(own_image()?);
    again.arg0(arguments.next().unwrap_or_else(|| "cascade".into()));
    again.args(arguments).env_clear().envs(kept).env(MARK, number.to_string());
    Err(again.exec())
}

/// This program's file; by way of /proc where it was replaced or removed meanwhile.
fn own_image() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    Ok(if path.exists() { path } else { "/proc/self/exe".into() })
}

fn is_harmless(name: &OsStr, value: &OsStr, known: &[String]) -> bool {
    let Some(name) = name.to_str() else { return false };
    if OWN.contains(&name) || name.ends_with("_HEADERS") {
        return false;
    }
    if PROXIES.contains(&name) {
        return !value.as_bytes().contains(&b'@');
    }
    HARMLESS.contains(&name)
        || HARMLESS_BEGIN.iter().any(|begin| name.starts_with(begin))
        || known.iter().any(|known| known == name)
}

fn restore(mark: &str) -> io::Result<Variables> {
    let number: RawFd = mark.parse().map_err(io::Error::other)?;
    let sealed = inherited::adopt(number, NAME)?;
    if fcntl_get_seals(&sealed)? != SEALS {
        return Err(io::Error::other("the file is not sealed"));
    }
    let mut file = File::from(sealed);
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    drop(file);
    let variable = |line: &[u8]| {
        let at = line.iter().position(|&byte| byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&line[..at]), text(&line[at + 1..])))
    };
    Ok(text.split(|&byte| byte == 0).filter_map(variable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_harmless_is_hidden() {
        let known = ["CASCADE_LISTEN".to_owned(), "DATABASE_URL".to_owned()];
        let harmless =
            |name: &str, value: &str| is_harmless(OsStr::new(name), OsStr::new(value), &known);
        for name in ["PATH", "LC_ALL", "RUST_LOG", "CASCADE_LISTEN", "PGSSLROOTCERT", "OTEL_X"] {
            assert!(harmless(name, "x"), "{name}");
        }
        for name in OWN.into_iter().chain([
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
            "OPENAI_API_KEY",
            "CASCADE_TOKEN",
            "AWS_SECRET",
        ]) {
            assert!(!harmless(name, "x"), "{name}");
        }
        assert!(harmless("HTTPS_PROXY", "http://proxy:3128"));
        assert!(!harmless("HTTPS_PROXY", "http://ann:secret@proxy:3128"));
    }

    #[test]
    fn a_mark_that_means_nothing_is_no_reason_to_read_a_file() {
        for mark in ["", "x", "-1", "0", "100000"] {
            assert!(restore(mark).is_err(), "{mark}");
        }
    }
}
