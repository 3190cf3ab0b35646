//! `cargo xtask test`: all checks and tests, the quick ones, or those of some areas.

mod areas;
mod dependencies;
mod steps;

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{
    chaos,
    command::{beside, print_times, target},
    dist, setup,
};
use areas::{AREAS, Area};
use steps::{Step, nextest};

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Ask {
    All,
    Quick,
    Some(Vec<&'static Area>),
    Rolling,
    Help,
}

/// Runs what is asked for; passes only if all of it holds. Tests in Rust come last. However it ends, the last
/// thing printed is how long each command took.
///
/// # Errors
/// Names the first command that failed, or an area that is not there.
pub fn test(args: impl Iterator<Item = String>) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let done = match parse(args)? {
        Ask::Help => {
            println!("{}", help());
            return Ok(());
        }
        Ask::Rolling => return chaos::rolling(),
        Ask::All => setup::setup(root).and_then(|()| everything(root)),
        Ask::Quick => setup::nextest(root).and_then(|()| quick(root)),
        Ask::Some(areas) => setup::setup(root).and_then(|()| some(root, &areas)),
    };
    print_times();
    done
}

/// Cheapest first. What Cargo does and what Node does take turns on the cores: neither keeps all of them busy all the
/// time. Documentation comes before the tests: some of these build, and what is being replaced cannot be documented.
fn everything(root: &Path) -> Result<()> {
    each(&[Step::Format], root)?;
    let of = root.to_owned();
    let steps = [Step::Web, Step::WebBuild, Step::Compose, Step::Deny];
    let aside = beside(root, "web", move || each(&steps, &of))?;
    let compiled = each(&[Step::Build, Step::Doc, Step::Package], root);
    aside.join().and(compiled)?;
    let servers = target(root).join("debug/with-shared-postgres");
    nextest(root, &["--workspace".to_owned()], "all()", Some(&servers))
}

/// What Node does goes on beside the tests in Rust.
fn quick(root: &Path) -> Result<()> {
    each(&[Step::Format], root)?;
    let of = root.to_owned();
    let aside = beside(root, "web", move || each(&[Step::Web], &of))?;
    let tested = each(&[Step::Build], root).and_then(|()| {
        let mut packages = vec!["--workspace".to_owned()];
        packages.extend(areas::SLOW.iter().map(|slow| format!("--exclude={slow}")));
        nextest(root, &packages, areas::QUICK, None)
    });
    aside.join().and(tested)
}

fn some(root: &Path, areas: &[&Area]) -> Result<()> {
    let has = |step: &&Step| areas.iter().any(|area| area.steps.contains(step));
    let steps: Vec<_> = Step::EACH.iter().filter(has).copied().collect();
    each(&steps, root)?;
    let bundled = dist::bundled_plugins(root)?;
    let named = areas.iter().flat_map(|area| area.packages(&bundled));
    let packages: Vec<_> = named.map(|package| format!("--package={package}")).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let filters: Vec<_> = areas.iter().map(|area| area.tests(&bundled)).collect();
    nextest(root, &packages, &filters.join(" or "), None)
}

fn each(steps: &[Step], root: &Path) -> Result<()> {
    steps.iter().try_for_each(|step| step.run(root))
}

fn parse(args: impl Iterator<Item = String>) -> Result<Ask> {
    let args: Vec<_> = args.collect();
    let given = |flag: &str| args.iter().any(|arg| arg == flag);
    if given("--help") || given("-h") {
        return Ok(Ask::Help);
    }
    if given("--quick") {
        if args.len() > 1 {
            bail!("--quick takes no areas: it is a set of its own");
        }
        return Ok(Ask::Quick);
    }
    if args.is_empty() {
        return Ok(Ask::All);
    }
    if args == ["rolling"] {
        return Ok(Ask::Rolling);
    }
    let area = |name: &String| {
        AREAS
            .iter()
            .find(|area| area.name == name)
            .with_context(|| format!("there is no area `{name}`\n\n{}", help()))
    };
    args.iter().map(area).collect::<Result<_>>().map(Ask::Some)
}

fn help() -> String {
    let mut text = "\
cargo xtask test             every check and test
cargo xtask test --quick     format, lints, unit and contract tests on SQLite, web: no browser, no servers
cargo xtask test rolling     the first edition beside this version, on one database; builds both
cargo xtask test AREA...     what concerns some areas:
"
    .to_owned();
    for area in AREAS {
        text.push_str(&format!("    {:<12} {}\n", area.name, area.what));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Ask> {
        parse(line.split_whitespace().map(ToOwned::to_owned))
    }

    #[test]
    fn arguments_name_everything_the_quick_set_or_areas() {
        assert_eq!(asked("").unwrap(), Ask::All);
        assert_eq!(asked("--quick").unwrap(), Ask::Quick);
        assert_eq!(asked("--help").unwrap(), Ask::Help);
        assert_eq!(asked("rolling").unwrap(), Ask::Rolling);
        let Ask::Some(areas) = asked("store web").unwrap() else { panic!("areas") };
        assert_eq!(areas.iter().map(|area| area.name).collect::<Vec<_>>(), ["store", "web"]);
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let refused = asked("stor").unwrap_err().to_string();
        assert!(refused.contains("no area `stor`") && refused.contains("store"), "{refused}");
        assert!(asked("--quick store").is_err() && asked("rolling store").is_err());
    }

    /// A package that is renamed or split would leave an area without its tests.
    #[test]
    fn areas_name_packages_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(root);
        let told = String::from_utf8(cargo.output().unwrap().stdout).unwrap();
        let named = AREAS.iter().flat_map(|area| area.packages).chain(&areas::SLOW);
        for package in named {
            assert!(told.contains(&format!("\"name\":\"{package}\"")), "no package {package}");
        }
    }

    #[test]
    fn each_area_has_a_name_of_its_own_and_something_to_do() {
        for (at, area) in AREAS.iter().enumerate() {
            assert!(AREAS[..at].iter().all(|other| other.name != area.name), "{}", area.name);
            assert!(!area.packages.is_empty() || !area.steps.is_empty(), "{}", area.name);
        }
    }
}
