//! `cascade plugin new`: from an empty folder to a live row, for each kind, as docs/plugins says.
//!
//! Prints what it took: time, and the files that were made and edited.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::build::forget_this_package;
use crate::host::{Host, binary, command, root, target};

/// What Cargo runs in place of rustc for crates of its workspace.
const COMPILER: &str = "RUSTC_WORKSPACE_WRAPPER";

/// What an author waits for and touches.
struct Effort {
    kind: &'static str,
    made: usize,
    edited: Vec<String>,
}

fn new_plugin(folder: &Path, name: &str, kind: &'static str) -> Effort {
    let output = command()
        .args(["plugin", "new", name, "--kind", kind])
        .env("CARGO_TARGET_DIR", target())
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let edited = said.lines().filter_map(|line| line.strip_prefix("edited  "));
    let made = said.lines().filter(|line| line.starts_with("made")).count();
    Effort { kind, made, edited: edited.map(ToOwned::to_owned).collect() }
}

impl Effort {
    /// One line for people; and the promise itself.
    fn report(&self, began: Instant, build: Duration) {
        let ours =
            |file: &&String| !["jobs.toml", "plugins/bundle/Cargo.toml"].contains(&file.as_str());
        let host_files = self.edited.iter().filter(ours).count();
        println!(
            "{:<12} {:>5.1} s to a live row, {:>5.1} s of it compiling; {} files made, {} edited ({}), \
             host and front-end source files touched: {host_files}",
            self.kind,
            began.elapsed().as_secs_f64(),
            build.as_secs_f64(),
            self.made,
            self.edited.len(),
            self.edited.join(", "),
        );
        assert_eq!(host_files, 0);
    }
}

fn run(folder: &Path, line: &str, env: &[(&str, &Path)]) -> Duration {
    let began = Instant::now();
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    forget_this_package(&mut command);
    // Authors have the compiler alone.
    command.env_remove(COMPILER);
    let output =
        command.args(words).current_dir(folder).envs(env.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}\n{said}\n{}", String::from_utf8_lossy(&output.stdout));
    began.elapsed()
}

/// The row that the plugin's job keeps, on the host in question.
async fn live_row(host: &Host, name: &str) {
    // The host learns of the view while it runs; until then its address is not found.
    host.wait_for("/api/data", |views| {
        views["items"].as_array().unwrap().iter().any(|view| view["key"] == name)
    })
    .await;
    let path = format!("/api/data/{name}");
    let page = host.wait_for(&path, |page| page["total"].as_u64() > Some(0)).await;
    assert!(page["items"][0]["message"].as_str().unwrap().contains("hello"), "{page:#}");
}

/// Waits until the job is in force, and says whether its plugin is loaded.
async fn loaded(host: &Host, name: &str) -> bool {
    let schedule = host
        .wait_for("/api/jobs/scheduler", |all| {
            all["items"].as_array().unwrap().iter().any(|job| job["job_type"] == name)
        })
        .await;
    let mut jobs = schedule["items"].as_array().unwrap().iter();
    jobs.find(|job| job["job_type"] == name).unwrap()["plugin_loaded"].as_bool().unwrap()
}

/// What the page "Five minutes" has one do, in one folder, beside a host that runs; nothing is built
/// before all are made, so that each library is missing while the other plugins come.
#[tokio::test]
async fn a_program_and_libraries_in_c_and_rust_live_in_one_folder() {
    // jobs.toml names the library where the author's CARGO_TARGET_DIR has it made.
    std::fs::remove_file(target().join("debug/libgreeter_rs.so")).ok();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), "\n").unwrap();
    let host = Host::start_in(folder, &[]);
    let began = Instant::now();
    let in_c = new_plugin(host.folder.path(), "greeter_c", "c");
    let in_rust = new_plugin(host.folder.path(), "greeter_rs", "library");
    let program = new_plugin(host.folder.path(), "greeter_py", "python");
    live_row(&host, "greeter_py").await;
    program.report(began, Duration::ZERO);
    assert!(!loaded(&host, "greeter_c").await && !loaded(&host, "greeter_rs").await);

    let check = command().arg("check").current_dir(host.folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(check.status.success(), "{said}");
    for part in ["-o libgreeter_c.so greeter_c.c` in ", "`cargo build` in "] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }

    let line = "cc -std=c11 -Wall -Wextra -Werror -shared -fPIC -o libgreeter_c.so greeter_c.c";
    let build = run(&host.folder.path().join("greeter_c"), line, &[]);
    live_row(&host, "greeter_c").await;
    in_c.report(began, build);
    assert!(loaded(&host, "greeter_c").await && !loaded(&host, "greeter_rs").await);

    let crate_folder = host.folder.path().join("greeter_rs");
    // The versions that this checkout has, so that nothing is fetched.
    std::fs::copy(root().join("Cargo.lock"), crate_folder.join("Cargo.lock")).unwrap();
    let target = target();
    let env = [("CARGO_TARGET_DIR", target.as_path())];
    // With its test: for the library alone, other features of what both need would be compiled first.
    let build = run(&crate_folder, "cargo build --quiet --all-targets", &env);
    live_row(&host, "greeter_rs").await;
    in_rust.report(began, build);
    run(&crate_folder, "cargo test --quiet", &env);
    let check = command().arg("check").current_dir(host.folder.path()).output().unwrap();
    assert!(check.stderr.is_empty(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[tokio::test]
async fn a_crate_of_the_checkout_passes_its_test_and_is_compiled_in() {
    let checkout = tempfile::tempdir().unwrap();
    copy_checkout(checkout.path());
    let before = sources(checkout.path());
    let began = Instant::now();
    let effort = new_plugin(checkout.path(), "greeter", "compiled-in");
    // The other kinds stand in the same checkout: a library that is not built, and a program.
    new_plugin(checkout.path(), "greeter_c", "c");
    new_plugin(checkout.path(), "greeter_py", "python");
    // Cargo takes the copy's packages for those of this checkout, which are compiled already; what it makes of them
    // stands elsewhere. The host is named each time for its features: alone, the new crate has others.
    let (compiled, made) = (target(), target().join("scaffold"));
    // Lints are refused by the same compiler as in `cargo xtask test`.
    let linting = root().join("xtask/lint-and-compile.sh");
    let env = [
        ("CARGO_BUILD_BUILD_DIR", compiled.as_path()),
        ("CARGO_TARGET_DIR", made.as_path()),
        (COMPILER, linting.as_path()),
    ];
    let build = run(checkout.path(), "cargo build --quiet -p cascade", &env);
    let host_folder = tempfile::tempdir().unwrap();
    let mut host = Command::new(made.join("debug/cascade"));
    host.args(["--listen", "127.0.0.1:0", "--interval", "3600", "--data-dir"])
        .arg(host_folder.path())
        .arg("--config")
        .arg(checkout.path().join("jobs.toml"));
    let host = Host::start_by(host, host_folder);
    live_row(&host, "greeter").await;
    effort.report(began, build);
    live_row(&host, "greeter_py").await;
    assert!(!loaded(&host, "greeter_c").await);
    drop(host);
    run(checkout.path(), "cargo test --quiet -p cascade -p greeter --test greeter", &env);
    run(checkout.path(), "cargo fmt --check -p greeter", &env);
    assert_eq!(sources(checkout.path()), before, "host or front-end files were touched");
}

/// What git has and would have, as it is in the work tree and as old. The bundle is another version: it will
/// name one crate more, and what is compiled of it must not pass for that of this checkout.
fn copy_checkout(to: &Path) {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    for file in String::from_utf8(listed.stdout).unwrap().split_terminator('\0') {
        let (from, to) = (root().join(file), to.join(file));
        if !from.is_file() {
            continue; // removed, and not committed yet
        }
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&from, &to).unwrap();
        let modified = from.metadata().unwrap().modified().unwrap();
        std::fs::File::options().write(true).open(to).unwrap().set_modified(modified).unwrap();
    }
    let bundle = to.join("plugins/bundle/Cargo.toml");
    let manifest = std::fs::read_to_string(&bundle).unwrap();
    let other = manifest.replace("\nversion.workspace = true", "\nversion = \"0.0.0\"");
    assert_ne!(other, manifest);
    std::fs::write(bundle, other).unwrap();
}

/// Host and front end, with their texts.
fn sources(checkout: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["core", "web/src", "migrations", "plugins/sdk", "plugins/abi", "plugins/bundle/src"]
            .map(|folder| checkout.join(folder))
            .into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    all.sort();
    assert!(all.len() > 100, "only {} files: the test looks in the wrong place", all.len());
    all
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_left_behind() {
    assert!(binary().exists());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("jobs.toml");
    let refused = |args: &[&str], part: &str| {
        let output = command()
            .args(["plugin", "new"])
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(part), "{args:?}: {said}");
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, usize::from(config.exists()), "{args:?} left something behind");
    };
    refused(&["Greeter"], "snake_case");
    refused(&["health_scoring"], "taken by health_scoring 0.1.0 (compiled in");
    refused(&["portfolio"], "data key `portfolio` is taken");
    refused(&["greeter", "--kind", "compiled-in"], "needs a checkout of Cascade");
    refused(&["greeter", "--sdk", "nowhere"], "is no crate");
    std::fs::write(&config, "[jobs\n").unwrap();
    refused(&["greeter", "--kind", "python"], "jobs.toml");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "[jobs\n");
}
