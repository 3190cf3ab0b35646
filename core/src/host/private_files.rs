//! The data folder and the SQLite file in it are for the user of the host alone: the file holds params,
//! what jobs read, and digests of secrets.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

/// Makes what is not there, and takes from others what is. A folder that holds other things besides
/// stays as it is: it is not ours to close.
///
/// # Errors
/// When folder or file cannot be made.
pub(super) fn prepare(folder: &Path, file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)?;
    if is_ours(folder)? {
        close(folder, FOLDER);
    }
    // SQLite gives the files that it makes beside this one the same rights.
    OpenOptions::new().append(true).create(true).mode(FILE).open(file)?;
    for part in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(part);
        close(Path::new(&name), FILE);
    }
    Ok(())
}

/// Whether nothing in it has a name that is not the host's.
fn is_ours(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if !entry?.file_name().to_string_lossy().starts_with("cascade") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the rights of others away, if there are any.
fn close(path: &Path, most: u32) {
    let Ok(found) = fs::metadata(path) else { return };
    let mode = found.permissions().mode() & 0o777;
    if mode & !most == 0 {
        return;
    }
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(mode & most)) {
        tracing::warn!(%error, path = %path.display(), "others may read this, and it cannot be changed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_file_is_for_its_user_alone_and_the_folder_where_nothing_else_is_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/data");
        let file = folder.join("cascade.db");
        prepare(&folder, &file).unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        // As an older version left them.
        fs::write(folder.join("cascade.db-wal"), "").unwrap();
        for (path, old) in
            [(&folder, 0o755), (&file, 0o644), (&folder.join("cascade.db-wal"), 0o664)]
        {
            fs::set_permissions(path, Permissions::from_mode(old)).unwrap();
        }
        prepare(&folder, &file).unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        assert_eq!(mode(&folder.join("cascade.db-wal")), 0o600);
        // A folder with other things in it.
        fs::write(folder.join("jobs.toml"), "").unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        prepare(&folder, &file).unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o755, 0o600));
    }
}
