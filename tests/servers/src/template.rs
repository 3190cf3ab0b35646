//! A new cluster in a tenth of the time of `initdb`: its data folder is kept in the target folder and
//! copied.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    postgres::USER,
    process::{Process, find, give_to, is_root},
};

/// What the clusters of tests are made with.
const OPTIONS: [&str; 8] = ["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"];

/// Makes the data folder of a cluster that trusts whoever connects.
pub(crate) fn make_data(data: &Path) {
    match target() {
        Some(target) => copy(&kept(&target.join("postgres")), data),
        None => initdb(data, &OPTIONS, &data.with_extension("log")),
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

/// The folder of the build that this test is part of.
fn target() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists())?;
    Some(folder.to_owned())
}

/// The kept data folder of the version of PostgreSQL at hand, made by the first test that asks.
fn kept(folder: &Path) -> PathBuf {
    let version = Command::new(find("postgres")).arg("--version").output().expect("postgres");
    let version = String::from_utf8_lossy(&version.stdout);
    let key = format!("{} {}", version.trim(), OPTIONS.join(" "));
    let key = key.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "_");
    let kept = folder.join(&key);
    fs::create_dir_all(folder).expect("target folder");
    // Tests are processes that begin together; the lock ends with the file.
    let lock = File::create(folder.join("lock")).expect("lock");
    lock.lock().expect("lock");
    if !kept.exists() {
        // The account `postgres` need not be able to reach the target folder.
        let made = tempfile::tempdir().expect("temporary folder");
        if is_root() {
            give_to(USER, made.path());
        }
        initdb(&made.path().join("data"), &OPTIONS, &made.path().join("initdb.log"));
        let unfinished = folder.join("unfinished");
        fs::remove_dir_all(&unfinished).ok();
        copy(&made.path().join("data"), &unfinished);
        fs::rename(&unfinished, &kept).expect("target folder");
    }
    kept
}

/// Keeps owner and modes, which PostgreSQL looks at.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "cannot copy {}", from.display());
}
