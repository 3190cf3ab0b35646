//! `cascade plugin new`: a plugin that compiles, passes its test and runs as it is.

mod files;
mod register;
mod sdk;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

use cascade_model::PluginLoader;
use cascade_registry::Plugins;
use files::Names;
use sdk::Sdk;

/// What kind of plugin to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A crate of this checkout, linked into the host.
    CompiledIn,
    /// A Rust crate anywhere, loaded while the host runs.
    Library,
    /// A library in C, loaded while the host runs.
    C,
    /// A program in Python, started for each run.
    Python,
}

#[derive(Debug, Args)]
pub struct NewArgs {
    /// Name of the job type, in snake_case; also the data key of its rows.
    name: String,
    /// Left out: compiled-in within a checkout of Cascade, library elsewhere.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// One sentence for the people at the screen.
    #[arg(long, default_value = "Keeps a message.")]
    description: String,
    /// The folder to make; plugins/NAME within a checkout, else NAME.
    #[arg(long)]
    path: Option<PathBuf>,
    /// jobs.toml, in which it is registered; made if it is not there.
    #[arg(long, default_value = "jobs.toml", env = "CASCADE_CONFIG")]
    config: PathBuf,
    /// Where a Rust crate outside a checkout has cascade-sdk from: a folder, a released version such as
    /// 0.2, or a tag of a git repository, as URL#TAG. Left out: the checkout that this binary was built
    /// in, or else the sdk's version in this binary.
    #[arg(long)]
    sdk: Option<String>,
}

/// Crate names that would hide something every crate needs.
const TAKEN_BY_RUST: [&str; 12] = [
    "alloc",
    "core",
    "std",
    "test",
    "proc_macro",
    "cascade",
    "cascade_sdk",
    "serde",
    "serde_json",
    "schemars",
    "tokio",
    "inventory",
];

pub(super) fn new(args: NewArgs, plugins: &Plugins) -> ExitCode {
    match make(args, plugins) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Checks everything before it writes anything; takes back what it wrote if a later step fails.
fn make(args: NewArgs, plugins: &Plugins) -> Result<String> {
    let config = std::path::absolute(&args.config)?;
    let checkout = checkout_around(&std::env::current_dir()?);
    let otherwise = if checkout.is_some() { Kind::CompiledIn } else { Kind::Library };
    let kind = args.kind.unwrap_or(otherwise);
    check_name(&args.name)?;
    check_free(&args.name, &config, plugins)?;
    let plain = |c: char| !c.is_control() && !['"', '\\', '{', '}'].contains(&c);
    ensure!(
        args.description.chars().all(plain) && !args.description.contains("*/"),
        "--description goes into source code: leave out quotes, braces and backslashes"
    );
    if kind == Kind::CompiledIn && checkout.is_none() {
        bail!(
            "a compiled-in plugin needs a checkout of Cascade around this folder; try `--kind library`"
        );
    }
    let here = match (&kind, &checkout) {
        (Kind::CompiledIn, Some(checkout)) => checkout.join("plugins").join(&args.name),
        _ => PathBuf::from(&args.name),
    };
    let folder = std::path::absolute(args.path.unwrap_or(here))?;
    ensure!(!folder.exists(), "{} is already there", folder.display());
    let names = Names { name: args.name, description: args.description, config: config.clone() };
    let sdk = Sdk::find(args.sdk.as_deref())?;
    let files = files::files(kind, &names, &sdk)?;
    let mut edits = vec![register::jobs_toml(kind, &names, &folder)?];
    if let (Kind::CompiledIn, Some(checkout)) = (&kind, &checkout) {
        edits.push(register::bundle(checkout, &names, &folder)?);
    }
    let done = write_files(&folder, &files).and_then(|()| register::apply(&edits));
    if let Err(error) = done {
        fs::remove_dir_all(&folder).ok();
        return Err(error.context("nothing was kept"));
    }
    let mut said = report(kind, &names, &folder, &files, &edits);
    if kind == Kind::Library {
        said = format!("sdk     {sdk}\n{said}");
    }
    Ok(said)
}

/// The checkout of Cascade that `folder` is in.
fn checkout_around(folder: &Path) -> Option<PathBuf> {
    let is_checkout = |folder: &&Path| folder.join("plugins/bundle/Cargo.toml").is_file();
    folder.ancestors().find(is_checkout).map(Path::to_owned)
}

fn check_name(name: &str) -> Result<()> {
    let letters = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(
        letters && name.len() <= 60,
        "`{name}` is no snake_case name: small letters, digits and _, a letter first, at most 60"
    );
    let keyword = files::is_keyword(name);
    ensure!(!keyword && !TAKEN_BY_RUST.contains(&name), "`{name}` means something in Rust already");
    Ok(())
}

/// The name must be free as a job type and as a data key.
fn check_free(name: &str, config: &Path, plugins: &Plugins) -> Result<()> {
    let registry = if config.exists() {
        let verdict = cascade_config::load(config, plugins);
        match verdict.result {
            Ok((checked, _)) => (*checked.registry).clone(),
            // A file with mistakes can still be added to.
            Err(_) => plugins.gather(&verdict.sources).0,
        }
    } else {
        plugins.gather(&Default::default()).0
    };
    if let Some(job) = registry.job(name) {
        bail!("the job type `{name}` is taken by {}", job.descriptor().origin);
    }
    if let Some(view) = registry.view(name) {
        bail!("the data key `{name}` is taken by {}", view.descriptor().origin);
    }
    Ok(())
}

fn write_files(folder: &Path, files: &[(PathBuf, String)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn report(
    kind: Kind,
    names: &Names,
    folder: &Path,
    files: &[(PathBuf, String)],
    edits: &[register::Edit],
) -> String {
    let short = |path: &Path| {
        let here = std::env::current_dir().unwrap_or_default();
        path.strip_prefix(here).unwrap_or(path).display().to_string()
    };
    let mut lines: Vec<String> =
        files.iter().map(|(file, _)| format!("made    {}", short(&folder.join(file)))).collect();
    lines.extend(edits.iter().map(|edit| {
        let what = if edit.is_new() { "made  " } else { "edited" };
        format!("{what}  {}", short(&edit.file))
    }));
    let (name, folder) = (&names.name, short(folder));
    lines.push(match kind {
        Kind::CompiledIn => format!("\nnext:   cargo test -p {name} && cargo run"),
        Kind::Library => format!(
            "\nnext:   cd {folder} && cargo test && cargo build\n        \
             a host that is running takes the library up when it is built"
        ),
        Kind::C => format!(
            "\nnext:   cd {folder} && cc -std=c11 -Wall -Wextra -shared -fPIC -o lib{name}.so {name}.c\n        \
             a host that is running takes the library up when it is built"
        ),
        Kind::Python => "\nnext:   nothing; a host that is running has taken it up".into(),
    });
    lines.push(format!("screen: /data/{name}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_a_crate_are_refused() {
        for bad in ["", "Upper", "1st", "with-dash", "a b", "fn", "serde", "../up"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        for good in ["a", "uptime_check", "v2_scores"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
    }
}
