//! One host at a time works with the SQLite file of a data directory: a second one would claim the same
//! runs, and neither would hear of what the other was asked.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context as _;

/// Held as long as the host works; the system releases it when the process ends, however it ends.
pub struct DataLock {
    _file: File,
}

/// Takes the lock of `folder`.
///
/// # Errors
/// When another host has it, or the file cannot be made.
pub(super) fn take(folder: &Path) -> anyhow::Result<DataLock> {
    let path = folder.join("cascade.lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file =
        options.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            // Who it is helps, but is not needed.
            file.read_to_string(&mut process).ok();
            let process = match process.trim() {
                "" => String::new(),
                process => format!(" (process {process})"),
            };
            anyhow::bail!(
                "another host{process} works with the data directory {}; stop it first, or name another \
                 directory by --data-dir. Commands such as `cascade user` work beside a host, and \
                 several hosts work together on PostgreSQL",
                folder.display()
            );
        }
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            let file = path.display();
            tracing::warn!(%file, "cannot be locked; see to it that only one host works here");
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(DataLock { _file: file })
}
