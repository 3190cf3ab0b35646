//! jobs.toml as a file: written in one step, and never over somebody else's change.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};
use tempfile::NamedTempFile;

use cascade_model::revision;

/// Why a text was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Somebody else has saved another text.
    #[error("jobs.toml has changed on disk since it was read")]
    Conflict {
        /// What is there now.
        text: String,
    },
    /// It may not be written.
    #[error("{}: {why}", file.display())]
    NotWritable {
        /// The file.
        file: PathBuf,
        /// What stands in the way.
        why: String,
    },
    /// The disk or the file system failed.
    #[error("{}: {error}", file.display())]
    Failed {
        /// The file.
        file: PathBuf,
        /// How.
        error: io::Error,
    },
}

/// What keeps this process from replacing `file`, if anything does.
pub fn obstacle(file: &Path) -> Option<String> {
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) => return Some(error.to_string()),
    };
    let file = real(file);
    let folder = file.parent().unwrap_or(Path::new("."));
    // Even for root, who could: somebody took the permission away.
    if metadata.permissions().readonly() || access(&file, Access::WRITE_OK).is_err() {
        return Some("the file may not be written; give the host write permission".into());
    }
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let folder = folder.display();
        return Some(format!(
            "its folder {folder} may not be written, and a file is replaced by a new one beside it"
        ));
    }
    let user = rustix::process::geteuid();
    if !user.is_root() && metadata.uid() != user.as_raw() {
        return Some(
            "it belongs to another user, and a new file could not be given to them".into(),
        );
    }
    None
}

/// Replaces a text that is still `base` by `text`.
///
/// # Errors
/// [`SaveError`]; the file is then as it was.
pub fn save(file: &Path, text: &str, base: &str) -> Result<(), SaveError> {
    if let Some(why) = obstacle(file) {
        return Err(SaveError::NotWritable { file: file.into(), why });
    }
    let failed = |error: io::Error| match error.kind() {
        // A file that is mounted by itself cannot be replaced by another.
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::CrossesDevices => {
            SaveError::NotWritable { file: file.into(), why: error.to_string() }
        }
        _ => SaveError::Failed { file: file.into(), error },
    };
    let target = real(file);
    let folder = File::open(target.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    // Hosts that save at once take turns. Where the file system knows no locks the comparison below
    // is all there is.
    folder.lock().ok();
    let new = beside(&target, text).map_err(failed)?;
    let now = fs::read_to_string(&target).map_err(failed)?;
    if revision(&now) != base {
        return Err(SaveError::Conflict { text: now });
    }
    new.persist(&target).map_err(|error| failed(error.error))?;
    folder.sync_all().map_err(failed)
}

/// Replaces or makes a file in one step, so that a host that watches it never sees half of it.
///
/// # Errors
/// What the file system says.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = real(file);
    beside(&file, text)?.persist(&file)?;
    Ok(())
}

/// A new file beside `file`, safe on the disk, with the mode and the owner of the old one.
fn beside(file: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let mut new = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(text.as_bytes())?;
    let permissions = match fs::metadata(file) {
        Ok(old) => {
            let ours = new.as_file().metadata()?;
            if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
                chown(new.path(), Some(old.uid()), Some(old.gid()))?;
            }
            old.permissions()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::Permissions::from_mode(0o644),
        Err(error) => return Err(error),
    };
    new.as_file().set_permissions(permissions)?;
    new.as_file().sync_all()?;
    Ok(new)
}

/// Where a link leads: the link itself is to stay.
fn real(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_text_that_is_still_the_one_that_was_read_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("jobs.toml"), folder.path().join("link.toml"));
        fs::write(&file, "a").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        save(&link, "b", &revision("a")).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("b", 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        let late = save(&file, "c", &revision("a"));
        assert!(matches!(late, Err(SaveError::Conflict { text }) if text == "b"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn a_file_that_may_not_be_written_is_left_alone_and_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.toml");
        fs::write(&file, "a").unwrap();
        assert_eq!(obstacle(&file), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        let refused = save(&file, "b", &revision("a"));
        assert!(matches!(refused, Err(SaveError::NotWritable { .. })), "{refused:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "a");
    }
}
