//! Runs a program, says which one failed, and keeps how long each took.

use std::{
    cell::RefCell,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};

/// What has run so far, with how long it took.
static DONE: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());
/// Since the first command.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

thread_local! {
    /// Where what is said on this thread goes, if not to our own output.
    static OUTPUT: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// Commands that run beside others.
pub struct Beside {
    log: PathBuf,
    thread: JoinHandle<Result<()>>,
}

/// Runs commands on another thread. What they print is shown by [`Beside::join`]: the lines of two would be mixed.
pub fn beside(
    root: &Path,
    name: &str,
    work: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<Beside> {
    println!("\n==> {name}: beside what follows");
    let folder = target(root);
    fs::create_dir_all(&folder)?;
    let log = folder.join(format!("xtask-{name}.log"));
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let thread = std::thread::spawn(move || {
        OUTPUT.set(Some(file));
        work()
    });
    Ok(Beside { log, thread })
}

impl Beside {
    /// Waits for them, prints what they printed, and says whether they succeeded.
    pub fn join(self) -> Result<()> {
        let done = self.thread.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked")));
        print!("{}", String::from_utf8_lossy(&fs::read(&self.log)?));
        done
    }
}

/// Prints a line where this thread prints.
pub fn say(line: &str) -> Result<()> {
    OUTPUT.with_borrow_mut(|file| match file {
        Some(file) => Ok(writeln!(file, "{line}")?),
        None => {
            println!("{line}");
            Ok(())
        }
    })
}

/// Runs a command line (split at spaces) in a folder; its output goes to ours.
pub fn run(folder: &Path, line: &str) -> Result<()> {
    run_with(folder, line, &[])
}

/// As [`run`], with variables added to the environment.
pub fn run_with(folder: &Path, line: &str, env: &[(&str, &str)]) -> Result<()> {
    run_words(folder, &line.split(' ').collect::<Vec<_>>(), env)
}

/// As [`run_with`], for a command whose words have spaces in them.
pub fn run_words(folder: &Path, words: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let line = words.join(" ");
    say(&format!("\n==> {line}"))?;
    LazyLock::force(&BEGAN);
    let began = Instant::now();
    let (program, args) = words.split_first().context("an empty command")?;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder);
    // What Cargo has set for xtask: ring's build script looks at it, and tests that call Cargo have it removed, so that
    // ring and all that stands on it would be compiled again for them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.envs(env.iter().copied());
    OUTPUT.with_borrow(|file| -> Result<()> {
        if let Some(file) = file {
            command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        }
        Ok(())
    })?;
    let status = command.status().with_context(|| format!("cannot start `{program}`"))?;
    let took = began.elapsed();
    DONE.lock().unwrap_or_else(PoisonError::into_inner).push((line.clone(), took));
    ensure!(status.success(), "`{line}` failed");
    Ok(())
}

/// Prints how long each command took, in the order in which they ended, and how long it was from the first to now: some
/// run beside others.
pub fn print_times() {
    let done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    println!("\n==> seconds");
    for (line, took) in done.iter() {
        println!("{:>7.1}  {line}", took.as_secs_f64());
    }
    println!("{:>7.1}  together", BEGAN.elapsed().as_secs_f64());
}

/// Cargo's folder for what it builds.
pub fn target(root: &Path) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR");
    set.map_or_else(|| root.join("target"), |target| root.join(target))
}

/// Whether a program is there.
pub fn exists(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_has_set_for_us_is_not_handed_on() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let folder = tempfile::tempdir().unwrap();
        let asks = ["sh", "-c", "test -z \"$CARGO_PKG_NAME$CARGO_MANIFEST_DIR\""];
        run_words(folder.path(), &asks, &[]).unwrap();
    }

    #[test]
    fn what_runs_beside_is_kept_apart_and_its_fault_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let aside = move || {
            run(&root, "echo heard")?;
            run(&root, "false")?;
            run(&root, "echo never")
        };
        let beside = beside(folder.path(), "of-a-test", aside).unwrap();
        let log = beside.log.clone();
        let error = beside.join().unwrap_err().to_string();
        assert!(error.contains("`false` failed"), "{error}");
        let said = fs::read_to_string(log).unwrap();
        assert_eq!(said, "\n==> echo heard\nheard\n\n==> false\n");
        let done = DONE.lock().unwrap().iter().map(|(line, _)| line.clone()).collect::<Vec<_>>();
        let ours = |line: &&String| !line.starts_with("sh ");
        assert_eq!(done.iter().filter(ours).collect::<Vec<_>>(), ["echo heard", "false"]);
    }
}
