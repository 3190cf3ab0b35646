use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use rustix::{
    fs::{self, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::JobError;

/// The most entries of a folder that [`Files::list`] returns, so that no folder fills the memory.
const MOST_ENTRIES: usize = 500_000;

/// Files that jobs.toml lets plugins read: regular ones beneath the folders of `[files] allow`.
///
/// Neither `..` nor a symbolic link leads out of an allowed folder, not even when somebody changes
/// the folder meanwhile: the kernel resolves the path with that limit. See
/// [`Context::files`](crate::Context::files).
///
/// ```
/// # use cascade_sdk::Files;
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("inbox.txt"), "hello")?;
/// # let allowed = [folder.path().to_owned()];
/// # let files = Files::within(folder.path(), &allowed);
/// let text = files.read("inbox.txt", 1 << 20)?;
/// assert_eq!(text, b"hello");
/// assert!(files.open("../inbox.txt").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Files<'a>(Scope<'a>);

#[derive(Debug, Clone)]
enum Scope<'a> {
    /// Paths start at `base` and must lie beneath one of `allowed`.
    Allowed { base: &'a Path, allowed: &'a [PathBuf] },
    /// Paths start at an open folder and must lie beneath it.
    Beneath { folder: Arc<OwnedFd>, path: PathBuf },
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: OsString,
    /// Whether it is a folder itself.
    pub is_dir: bool,
    /// Bytes of a file.
    pub len: u64,
    /// When its content changed last.
    pub modified: DateTime<Utc>,
}

/// A file or folder that was not read, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FileError {
    /// The path, as far as it was resolved.
    pub path: PathBuf,
    /// Why.
    pub fault: FileFault,
}

/// Why a file or folder was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// It lies beneath none of the allowed folders.
    #[error(
        "outside the folders that plugins may read ({0}); to allow it, name its folder in `allow` of `[files]` in jobs.toml"
    )]
    Outside(String),
    /// `..`, an absolute path or a symbolic link leads out of the folder that it must lie beneath.
    #[error("leads out of {}, beneath which it must lie", .0.display())]
    LeadsOut(PathBuf),
    /// It is a device, a pipe, a socket or a folder.
    #[error("{0}, not a regular file")]
    NotRegular(&'static str),
    /// It should be a folder.
    #[error("not a folder")]
    NotAFolder,
    /// It is longer than the reader takes.
    #[error("longer than {0} bytes, the most that is read of it")]
    TooLong(u64),
    /// The folder has more entries than a list holds.
    #[error("more than {0} entries")]
    TooMany(usize),
    /// The system's own words: not found, no permission, a read error.
    #[error(transparent)]
    Io(io::Error),
}

impl FileError {
    fn new(path: &Path, fault: FileFault) -> Self {
        Self { path: path.to_owned(), fault }
    }

    /// Whether there is no such file or folder.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.fault, FileFault::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// How a run ends by it: a missing file may come and a read error may pass, so they are tried
    /// again; what the operator or the file must change first is not.
    pub fn into_job_error(self) -> JobError {
        match self.fault {
            FileFault::Io(_) => JobError::retry(self),
            _ => JobError::fail(self),
        }
    }
}

impl<'a> Files<'a> {
    /// For hosts and tests: relative paths start at `base`, and every path must lie beneath one of
    /// the `allowed` folders, which are absolute.
    pub fn within(base: &'a Path, allowed: &'a [PathBuf]) -> Self {
        Self(Scope::Allowed { base, allowed })
    }

    /// Opens a regular file for reading.
    ///
    /// Never waits for the other end of a pipe or for a device: what is no regular file is refused.
    ///
    /// # Errors
    /// [`FileError`]: outside the allowed folders, not found, not a regular file.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File, FileError> {
        let path = path.as_ref();
        // Without NONBLOCK the call would wait for the writer of a pipe.
        let file = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let fault = |fault| FileError::new(&self.full(path), fault);
        let stat = fs::fstat(&file).map_err(|errno| fault(FileFault::Io(errno.into())))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(file.into()),
            other => Err(fault(FileFault::NotRegular(kind(other)))),
        }
    }

    /// Reads a whole file of at most `most_bytes`.
    ///
    /// # Errors
    /// As [`Files::open`], and [`FileFault::TooLong`].
    pub fn read(&self, path: impl AsRef<Path>, most_bytes: u64) -> Result<Vec<u8>, FileError> {
        let path = path.as_ref();
        let file = self.open(path)?;
        let fault = |fault| FileError::new(&self.full(path), fault);
        let mut content = Vec::new();
        let read = file.take(most_bytes.saturating_add(1)).read_to_end(&mut content);
        read.map_err(|error| fault(FileFault::Io(error)))?;
        if content.len() as u64 > most_bytes {
            return Err(fault(FileFault::TooLong(most_bytes)));
        }
        Ok(content)
    }

    /// The entries of a folder, by name, without `.` and `..`. A symbolic link is listed as what it
    /// leads to, or as an empty file if it leads out of the allowed folder or nowhere.
    ///
    /// # Errors
    /// As [`Files::beneath`], and [`FileFault::TooMany`] over 500,000 entries.
    pub fn list(&self, folder: impl AsRef<Path>) -> Result<Vec<FileEntry>, FileError> {
        let path = folder.as_ref();
        let fault = |fault| FileError::new(&self.full(path), fault);
        let io = |errno: Errno| fault(FileFault::Io(errno.into()));
        let folder = self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            if entries.len() == MOST_ENTRIES {
                return Err(fault(FileFault::TooMany(MOST_ENTRIES)));
            }
            let mut stat = match fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // It went meanwhile.
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(io(errno)),
            };
            let name = std::os::unix::ffi::OsStringExt::from_vec(name.to_bytes().to_vec());
            if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink
                && let Ok(target) = self.resolve(&path.join(&name), OFlags::PATH)
                && let Ok(behind) = fs::fstat(&target)
            {
                stat = behind;
            }
            entries.push(entry_of(name, &stat));
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The files beneath one folder and nothing else: for names that come from data, such as those in
    /// an archive. Paths are relative to the folder.
    ///
    /// # Errors
    /// [`FileError`]: outside the allowed folders, not found, not a folder.
    pub fn beneath(&self, folder: impl AsRef<Path>) -> Result<Files<'static>, FileError> {
        let path = folder.as_ref();
        let folder = self.resolve(path, OFlags::PATH | OFlags::DIRECTORY)?;
        Ok(Files(Scope::Beneath { folder: Arc::new(folder), path: self.full(path) }))
    }

    /// Whether a path's text lies beneath an allowed folder; the file system is not asked.
    ///
    /// # Errors
    /// [`FileFault::Outside`], or [`FileFault::LeadsOut`] for names from data.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        self.limit(&self.full(path)).map(drop)
    }

    /// A path as errors and log lines should show it.
    pub fn full(&self, path: impl AsRef<Path>) -> PathBuf {
        match &self.0 {
            Scope::Allowed { base, .. } => plain(&base.join(path)),
            Scope::Beneath { path: folder, .. } => plain(&folder.join(path)),
        }
    }

    /// The folder that a full path must not lead out of.
    fn limit(&self, full: &Path) -> Result<PathBuf, FileError> {
        let fault = match &self.0 {
            Scope::Beneath { path, .. } if full.starts_with(path) => return Ok(path.clone()),
            Scope::Beneath { path, .. } => FileFault::LeadsOut(path.clone()),
            Scope::Allowed { allowed, .. } => {
                // The widest folder: a link from one allowed folder into another around it is fine.
                let around = allowed.iter().map(|folder| plain(folder));
                let around = around.filter(|folder| full.starts_with(folder));
                if let Some(widest) = around.min_by_key(|folder| folder.components().count()) {
                    return Ok(widest);
                }
                let listed: Vec<_> =
                    allowed.iter().map(|folder| folder.display().to_string()).collect();
                FileFault::Outside(if listed.is_empty() {
                    "none".into()
                } else {
                    listed.join(", ")
                })
            }
        };
        Err(FileError::new(full, fault))
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, FileError> {
        let flags = flags | OFlags::CLOEXEC;
        let full = self.full(path);
        let limit = self.limit(&full)?;
        let opened = match &self.0 {
            Scope::Beneath { folder, .. } => open_beneath(folder.as_fd(), path, flags),
            Scope::Allowed { .. } => {
                let rest = full.strip_prefix(&limit).unwrap_or(&full);
                let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                fs::openat(CWD, &limit, folder, Mode::empty())
                    .and_then(|folder| open_beneath(folder.as_fd(), rest, flags))
            }
        };
        opened.map_err(|errno| {
            let fault = match errno {
                Errno::XDEV => FileFault::LeadsOut(limit),
                Errno::NOTDIR if flags.contains(OFlags::DIRECTORY) => FileFault::NotAFolder,
                // What NONBLOCK turns the opening of a socket, and of a device without a driver, into.
                Errno::NXIO | Errno::NODEV => FileFault::NotRegular("a device or a socket"),
                errno => FileFault::Io(errno.into()),
            };
            FileError::new(&full, fault)
        })
    }
}

/// Opens `path` beneath `folder`; [`Errno::XDEV`] when it leads out.
fn open_beneath(
    folder: std::os::fd::BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        loop {
            match openat2(folder, path, flags, Mode::empty(), within) {
                // A folder on the way was moved while the kernel walked.
                Err(Errno::AGAIN | Errno::INTR) => {}
                // A kernel before 5.6, or a sandbox that does not know the call.
                Err(Errno::NOSYS | Errno::PERM) => break,
                done => return done,
            }
        }
    }
    open_step_by_step(folder, path, flags)
}

/// Opens one part of a path after the other, where the kernel cannot limit the whole of it. Follows
/// no symbolic link.
fn open_step_by_step(
    folder: std::os::fd::BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(Errno::XDEV);
            }
        }
    }
    let Some((last, folders)) = names.split_last() else {
        return fs::openat(folder, ".", flags, Mode::empty());
    };
    let mut at = fs::openat(folder, ".", step, Mode::empty())?;
    for name in folders {
        at = fs::openat(&at, *name, step, Mode::empty())?;
    }
    let link = fs::statat(&at, *last, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(link.st_mode) == FileType::Symlink {
        return Err(Errno::XDEV);
    }
    fs::openat(&at, *last, flags | OFlags::NOFOLLOW, Mode::empty())
}

/// Without `.` and `..`, which are resolved in the text: the kernel never sees them.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn kind(of: FileType) -> &'static str {
    match of {
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Socket => "a socket",
        _ => "of an unknown kind",
    }
}

fn entry_of(name: OsString, stat: &Stat) -> FileEntry {
    let is = |wanted| FileType::from_raw_mode(stat.st_mode) == wanted;
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or_default();
    FileEntry {
        name,
        is_dir: is(FileType::Directory),
        len: if is(FileType::RegularFile) { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 },
        modified: DateTime::from_timestamp(stat.st_mtime, nanoseconds).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// `inside` with files and links, beside a file that is not to be read.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let around = tempfile::tempdir().unwrap();
        let inside = around.path().join("inside");
        fs::create_dir_all(inside.join("sub")).unwrap();
        fs::write(around.path().join("secret"), "secret").unwrap();
        fs::write(inside.join("a"), "text").unwrap();
        fs::write(inside.join("sub/b"), "more").unwrap();
        symlink("../secret", inside.join("out")).unwrap();
        symlink("a", inside.join("in")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        (around, inside)
    }

    fn fault(result: Result<File, FileError>) -> FileFault {
        result.unwrap_err().fault
    }

    #[test]
    fn a_file_beneath_an_allowed_folder_is_read_by_every_spelling() {
        let (_around, inside) = tree();
        let allowed = [inside.clone()];
        let files = Files::within(&inside, &allowed);
        let absolute = inside.join("a");
        for path in ["a", "./a", "sub/../a", "in", absolute.to_str().unwrap()] {
            assert_eq!(files.read(path, 4).unwrap(), b"text", "{path}");
        }
        assert_eq!(files.beneath("sub").unwrap().read("b", 4).unwrap(), b"more");
        // Relative paths start at the base, wherever the allowed folders are.
        let elsewhere = Files::within(Path::new("/"), &allowed);
        assert!(elsewhere.open(inside.strip_prefix("/").unwrap().join("a")).is_ok());
    }

    #[test]
    fn nothing_leads_out_of_the_allowed_folders() {
        let (_around, inside) = tree();
        let allowed = [inside.clone()];
        let files = Files::within(&inside, &allowed);
        for path in ["../secret", "sub/../../secret", "/etc/passwd"] {
            assert!(matches!(fault(files.open(path)), FileFault::Outside(_)), "{path}");
        }
        for path in ["out", "up/secret"] {
            assert!(matches!(fault(files.open(path)), FileFault::LeadsOut(_)), "{path}");
        }
        assert!(files.beneath("up").is_err() && files.list("up").is_err());
        let said = files.open("../secret").unwrap_err().to_string();
        assert!(said.contains("`allow` of `[files]`") && said.contains("inside"), "{said}");
        let none = Files::within(&inside, &[]);
        assert!(none.open("a").unwrap_err().to_string().contains("(none)"));
    }

    #[test]
    fn names_from_data_stay_beneath_their_folder() {
        let (_around, inside) = tree();
        let allowed = [inside.clone()];
        let sub = Files::within(&inside, &allowed).beneath("sub").unwrap();
        for path in ["../a", "/etc/passwd", "../sub/../a"] {
            assert!(matches!(fault(sub.open(path)), FileFault::LeadsOut(_)), "{path}");
        }
        assert!(sub.open("../sub/b").is_err(), "the way back in goes through the outside");
        assert!(sub.beneath("..").is_err() && sub.list("..").is_err());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let (_around, inside) = tree();
        let made = rustix::fs::mknodat(
            CWD,
            inside.join("pipe"),
            FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        );
        made.unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).unwrap();
        let allowed = [inside.clone(), "/dev".into()];
        let files = Files::within(&inside, &allowed);
        for path in ["pipe", "socket", "sub", "/dev/zero", "/dev/null"] {
            let fault = fault(files.open(path));
            assert!(matches!(fault, FileFault::NotRegular(_)), "{path}: {fault}");
        }
        assert!(matches!(files.list("a").unwrap_err().fault, FileFault::NotAFolder));
        assert!(files.open("gone").unwrap_err().is_not_found());
    }

    #[test]
    fn no_more_is_read_than_was_asked_for() {
        let (_around, inside) = tree();
        let endless = inside.join("endless");
        // Sparse: it takes no space.
        fs::File::create(&endless).unwrap().set_len(3 << 30).unwrap();
        let allowed = [inside.clone()];
        let error = Files::within(&inside, &allowed).read("endless", 1000).unwrap_err();
        assert!(matches!(error.fault, FileFault::TooLong(1000)), "{error}");
        assert!(matches!(error.into_job_error(), JobError::Fail { .. }));
    }

    #[test]
    fn a_folder_is_listed_by_name_and_tells_nothing_of_the_outside() {
        let (_around, inside) = tree();
        let allowed = [inside.clone()];
        let entries = Files::within(&inside, &allowed).list(".").unwrap();
        let shown: Vec<_> =
            entries.iter().map(|e| (e.name.to_str().unwrap(), e.is_dir, e.len)).collect();
        // Of what the links out lead to, neither kind nor length is told.
        let expected = [("a", false, 4), ("in", false, 4), ("out", false, 0)];
        assert_eq!(shown[..3], expected);
        assert_eq!(shown[3..], [("sub", true, 0), ("up", false, 0)]);
        let written = entries[0].modified.timestamp();
        let actual = fs::metadata(inside.join("a")).unwrap().modified().unwrap();
        assert_eq!(DateTime::<Utc>::from(actual).timestamp(), written);
    }

    #[test]
    fn without_the_kernels_help_no_link_is_followed_and_nothing_leads_out() {
        let (_around, inside) = tree();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, &inside, flags, Mode::empty()).unwrap();
        let open = |path: &str| {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            open_step_by_step(folder.as_fd(), Path::new(path), flags)
        };
        for path in ["a", "./a", "sub/b", "."] {
            assert!(open(path).is_ok(), "{path}");
        }
        for path in ["out", "in", "up/secret", "../secret", "sub/../../secret", "/etc/passwd"] {
            assert!(open(path).is_err(), "{path}");
        }
    }
}
