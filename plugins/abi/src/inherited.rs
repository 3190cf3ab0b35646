//! A file in memory that a host leaves open for itself when it starts its own program again.

use std::{
    io,
    os::fd::{FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// Takes over a descriptor that this process inherited: a file in memory (`memfd_create`) named
/// `name`. Once in a process.
///
/// # Errors
/// When the descriptor is anything else, or one was taken over before.
pub fn adopt(number: RawFd, name: &str) -> io::Result<OwnedFd> {
    let target = std::fs::read_link(format!("/proc/self/fd/{number}"))?;
    if target.as_os_str() != format!("/memfd:{name} (deleted)").as_str() {
        return Err(io::Error::other("it is not the file that was left open"));
    }
    static ADOPTED: AtomicBool = AtomicBool::new(false);
    if ADOPTED.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("it was taken over before"));
    }
    // SAFETY: it is open, as its link shows. Nothing in this image of the process made a file of this
    // name, so no other value owns it, and no second one will.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn what_is_no_such_file_is_left_alone() {
        let file = tempfile::tempfile().unwrap();
        assert!(adopt(file.as_raw_fd(), "x").is_err() && adopt(-1, "x").is_err());
        assert!(file.metadata().is_ok(), "it is still open");
    }
}
