//! A new cluster in a tenth of the time of `initdb` and of migrations: data folders are kept in the target folder and
//! copied.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    postgres::USER,
    process::{Process, find},
};

/// With which the log's segments are of 1 MiB in place of 16: a new cluster has a whole one.
const SMALL_SEGMENTS: &str = "--wal-segsize=1";

/// What the clusters of tests are made with.
const OPTIONS: [&str; 8] = ["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"];

/// What decides what migrations make of an empty database: their texts, and the code that runs them.
const MIGRATIONS: [&str; 5] = [
    "migrations/postgres",
    "core/store/src/postgres/migrate.rs",
    "core/store/src/expand.rs",
    "core/store/src/first_edition.rs",
    "core/portable-sql/src",
];

/// A data folder that is kept for the tests after the one that makes it.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where all are; without a folder of a build, none are kept.
    folder: Option<PathBuf>,
    kind: &'static str,
    key: u64,
}

impl Kept {
    /// That of an empty cluster, with so large segments of the log as PostgreSQL has by itself.
    fn empty() -> Self {
        Self::of("empty", &[])
    }

    /// That of an empty one with [`SMALL_SEGMENTS`].
    fn small() -> Self {
        Self::of("small", &[SMALL_SEGMENTS.into()])
    }

    /// That of a cluster with a database after all migrations, as this checkout has them now.
    pub fn migrated() -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let texts = MIGRATIONS.iter().flat_map(|path| texts(checkout.join(path)));
        let texts: Vec<_> = texts.chain([SMALL_SEGMENTS.into()]).collect();
        Self::of("migrated", &texts)
    }

    fn of(kind: &'static str, texts: &[Vec<u8>]) -> Self {
        let server = find("postgres");
        let file = server.metadata().expect("postgres");
        let mut hasher = DefaultHasher::new();
        (server, file.len(), file.modified().ok(), OPTIONS, texts).hash(&mut hasher);
        let key = hasher.finish();
        Self { folder: target().map(|target| target.join("postgres")), kind, key }
    }

    pub fn name(&self) -> String {
        format!("{}-{:016x}", self.kind, self.key)
    }

    /// Whether it was there to be copied to `data`.
    pub fn copy(&self, data: &Path) -> bool {
        let Some(kept) = self.folder.as_ref().map(|folder| folder.join(self.name())) else {
            return false;
        };
        let copied = kept.exists() && copy(&kept, data);
        if !copied {
            fs::remove_dir_all(data).ok();
        }
        copied
    }

    /// Keeps a copy of the folder of a server that does not run. Tests are processes that begin together: the first
    /// of them that comes here is heard.
    pub fn keep(&self, data: &Path) {
        let Some(folder) = &self.folder else { return };
        fs::create_dir_all(folder).expect("target folder");
        let unfinished = folder.join(format!("unfinished-{}", std::process::id()));
        assert!(copy(data, &unfinished), "cannot copy {}", data.display());
        if fs::rename(&unfinished, folder.join(self.name())).is_err() {
            fs::remove_dir_all(&unfinished).expect("target folder");
        }
        self.forget_others(folder);
    }

    /// Removes those of other texts and versions.
    fn forget_others(&self, folder: &Path) {
        let name = self.name();
        for entry in fs::read_dir(folder).expect("target folder").flatten() {
            let other = entry.file_name().to_string_lossy().into_owned();
            if other.starts_with(&format!("{}-", self.kind)) && other != name {
                fs::remove_dir_all(entry.path()).ok();
            }
        }
    }
}

/// Makes the data folder of a cluster that trusts whoever connects.
pub(crate) fn make_data(data: &Path) {
    make(data, &Kept::empty(), &OPTIONS);
}

/// As [`make_data`], of one that lives no longer than a test: less is copied for it.
pub(crate) fn make_small_data(data: &Path) {
    make(data, &Kept::small(), &[&OPTIONS[..], &[SMALL_SEGMENTS]].concat());
}

fn make(data: &Path, kept: &Kept, options: &[&str]) {
    if !kept.copy(data) {
        initdb(data, options, &data.with_extension("log"));
        kept.keep(data);
    }
}

/// Runs `initdb`, with its output in `log`.
pub(crate) fn initdb(data: &Path, options: &[&str], log: &Path) {
    let folder = data.display().to_string();
    let args = [&["-D", &folder], options].concat();
    Process::start(&find("initdb"), &args, Some(USER), log.to_owned()).wait();
    let said = || fs::read_to_string(log).unwrap_or_default();
    assert!(data.join("global/pg_control").exists(), "initdb: {}", said());
}

/// The folder of the build that this test is part of. Cargo writes a CACHEDIR.TAG only into one that it makes itself, and a
/// bench may have made it before; the folder of each profile in it always has fingerprints.
pub(crate) fn target() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let profile = program.ancestors().find(|folder| folder.join(".fingerprint").exists())?;
    profile.parent().map(Path::to_owned)
}

/// The names and texts of a file, or of all files of a folder.
fn texts(path: PathBuf) -> Vec<Vec<u8>> {
    if path.is_dir() {
        let entries =
            fs::read_dir(&path).expect("folder").map(|entry| entry.expect("entry").path());
        let mut entries: Vec<_> = entries.collect();
        entries.sort();
        return entries.into_iter().flat_map(texts).collect();
    }
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    vec![path.into_os_string().into_encoded_bytes(), text]
}

/// Keeps owner and modes, which PostgreSQL looks at.
fn copy(from: &Path, to: &Path) -> bool {
    let mut copy = Command::new("cp");
    copy.args(["-a", "--reflink=auto"]).arg(from).arg(to).stderr(Stdio::null());
    copy.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_folder_is_that_of_the_texts_that_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &[u8]| Kept {
            folder: Some(folder.path().join("kept")),
            ..Kept::of("one", &[text.to_vec()])
        };
        let (data, other) = (folder.path().join("data"), folder.path().join("other"));
        assert!(!of(b"a").copy(&data) && !data.exists());
        fs::create_dir(&data).unwrap();
        fs::write(data.join("file"), "of a").unwrap();
        of(b"a").keep(&data);
        fs::write(data.join("file"), "of a later one").unwrap();
        of(b"a").keep(&data);
        assert!(of(b"a").copy(&other), "it is not kept");
        assert_eq!(fs::read_to_string(other.join("file")).unwrap(), "of a");
        assert!(!of(b"b").copy(&other), "another text");
        of(b"b").keep(&data);
        assert!(!of(b"a").copy(&other), "what nobody asks for any more is still there");
        assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 1);
    }
}
