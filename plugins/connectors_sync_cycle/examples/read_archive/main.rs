//! Reads every mail, mail archive, feed and Slack export beneath a folder, and compares how many
//! messages are found with a count from elsewhere.
//!
//! ```sh
//! python3 plugins/connectors_sync_cycle/examples/read_archive/count.py FOLDER > expected.tsv
//! cargo run -p connectors_sync_cycle --example read_archive -- FOLDER expected.tsv
//! ```
//!
//! `expected.tsv` has a line for each archive: messages, a tab, and the path within the folder. Without
//! it all that is found is printed. Ends with 1 when a number differs.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use cascade_sdk::Files;
use connectors_sync_cycle::formats::{self, Batch};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [folder] => fs::canonicalize(folder).and_then(|folder| list(&folder)),
        [folder, expected] => {
            fs::canonicalize(folder).and_then(|folder| compare(&folder, Path::new(expected)))
        }
        _ => Err(io::Error::other("usage: read_archive FOLDER [EXPECTED.tsv]")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn list(folder: &Path) -> io::Result<ExitCode> {
    let mut paths = Vec::new();
    files_beneath(folder, &mut paths)?;
    for path in paths {
        if let Some(found) = read(folder, &path) {
            println!("{found}\t{}", path.strip_prefix(folder).unwrap_or(&path).display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(folder: &Path, expected: &Path) -> io::Result<ExitCode> {
    // By package, that is the first part of the path.
    let mut packages: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let mut differences = 0;
    for line in fs::read_to_string(expected)?.lines() {
        let Some((count, path)) = line.split_once('\t') else { continue };
        let expected: u64 = count.parse().map_err(|_| io::Error::other(line.to_owned()))?;
        let found = read(folder, &folder.join(path)).unwrap_or(Found::Nothing("no archive".into()));
        let sums = packages.entry(path.split('/').next().unwrap_or(path).to_owned()).or_default();
        let count = found.count();
        sums[0] += 1;
        sums[1] += count;
        sums[2] += expected;
        if count != expected {
            sums[3] += 1;
            differences += 1;
            println!("{path}: expected {expected}, found {found}");
        }
    }
    println!("\nmessages found / expected, archives, archives that differ");
    for (package, [archives, found, expected, differ]) in packages {
        println!("{package}: {found} / {expected}, {archives}, {differ}");
    }
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of an archive.
enum Found {
    Messages { count: u64, skipped: Vec<String> },
    Nothing(String),
}

impl Found {
    fn count(&self) -> u64 {
        match self {
            Self::Messages { count, .. } => *count,
            Self::Nothing(_) => 0,
        }
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Messages { count, skipped } if skipped.is_empty() => write!(formatter, "{count}"),
            Self::Messages { count, skipped } => {
                write!(formatter, "{count} ({} skipped: {})", skipped.len(), skipped[0])
            }
            Self::Nothing(why) => write!(formatter, "nothing ({why})"),
        }
    }
}

fn files_beneath(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_archive =
            ["cur", "new", "channels.json"].iter().any(|name| path.join(name).exists());
        if path.is_dir() && !is_archive {
            files_beneath(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// By what the path is called; `None` for what is no archive.
fn read(folder: &Path, path: &Path) -> Option<Found> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let allowed = [folder.to_owned()];
    let files = Files::within(folder, &allowed);
    let reason = |error: formats::Fault| Found::Nothing(error.reason);
    if path.is_dir() {
        let read = if path.join("channels.json").exists() {
            let slack = formats::Slack::open(&files, inside, &Value::Null);
            slack.map(|mut slack| all(|| Ok(slack.next_batch())))
        } else {
            let maildir = formats::Maildir::open(&files, inside, true, &Value::Null);
            maildir.map(|mut maildir| all(|| Ok(maildir.next_batch())))
        };
        return Some(read.unwrap_or_else(reason));
    }
    match extension.as_str() {
        "mbox" | "eml" | "mail" | "msg" | "txt" => {
            let mbox = formats::Mbox::open(&files, inside, &Value::Null);
            Some(match mbox {
                Ok(Some(mut mbox)) => all(|| mbox.next_batch()),
                Ok(None) => Found::Nothing("unchanged".into()),
                Err(error) => reason(error),
            })
        }
        "xml" | "rss" | "atom" | "rdf" | "json" => {
            let text = fs::read(path).ok()?;
            let batch = formats::feed(&text, None, Some("https://x.example/feed"));
            let mut batch = batch.ok();
            let none = batch.is_none();
            let found = all(|| Ok(batch.take()));
            Some(if none { Found::Nothing("no feed".into()) } else { found })
        }
        _ => None,
    }
}

fn all(mut next: impl FnMut() -> Result<Option<Batch>, formats::Fault>) -> Found {
    let (mut count, mut skipped) = (0, Vec::new());
    loop {
        match next() {
            Ok(Some(batch)) => {
                count += batch.messages.len() as u64;
                skipped.extend(batch.skipped);
            }
            Ok(None) => return Found::Messages { count, skipped },
            Err(error) if count == 0 => return Found::Nothing(error.reason),
            Err(error) => {
                skipped.push(error.reason);
                return Found::Messages { count, skipped };
            }
        }
    }
}
