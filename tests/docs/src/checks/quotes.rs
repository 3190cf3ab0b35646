//! What is quoted stands in its file, word for word.

use super::{all_blocks, none, root};

/// Files of these folders are compiled and run by tests.
const COMPILED: [(&str, &[&str]); 4] = [
    ("rust", &["plugins/uptime_check/", "plugins/sdk/", "plugins/testkit/", "tests/docs/"]),
    ("c", &["plugins/other_languages/", "tests/docs/c/", "plugins/abi/include/"]),
    ("python", &["plugins/other_languages/"]),
    ("sql", &["plugins/uptime_check/migrations/", "tests/docs/migrations/"]),
];

/// Languages that nothing else checks: these must be quotes. (Rust of its own is a doctest.)
const QUOTED: [&str; 2] = ["c", "python"];

#[test]
fn quotes_stand_in_their_files() {
    let mut faults = Vec::new();
    for block in all_blocks() {
        let Some(from) = &block.from else {
            if QUOTED.contains(&block.language()) {
                let language = block.language();
                faults.push(format!("{}: {language} needs `<!-- from FILE -->`", block.place()));
            }
            continue;
        };
        let folders = COMPILED.iter().find(|(language, _)| *language == block.language());
        if let Some((language, folders)) = folders
            && !folders.iter().any(|folder| from.starts_with(folder))
        {
            let folders = folders.join(", ");
            faults.push(format!("{}: {language} is quoted from {folders}", block.place()));
        }
        match std::fs::read_to_string(root().join(from)) {
            Err(error) => faults.push(format!("{}: {from}: {error}", block.place())),
            Ok(file) if stands_in(&file, &block.text) => {}
            Ok(_) => faults.push(format!(
                "{}: these lines do not stand in {from} one after the other:\n{}",
                block.place(),
                block.text
            )),
        }
    }
    none(faults);
}

/// Whether `quote` is a run of whole lines of `file`. What indents all of them is of no weight.
fn stands_in(file: &str, quote: &str) -> bool {
    let (file, quote): (Vec<_>, Vec<_>) = (file.lines().collect(), quote.lines().collect());
    let quoted = dedented(&quote);
    quoted.iter().any(|line| !line.is_empty())
        && file.windows(quote.len().max(1)).any(|window| dedented(window) == quoted)
}

fn dedented(lines: &[&str]) -> Vec<String> {
    let indent = |line: &&&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(|l| indent(&l)).min();
    let common = common.unwrap_or_default();
    lines.iter().map(|line| line.get(common..).unwrap_or_default().trim_end().to_owned()).collect()
}

#[test]
fn a_quote_is_whole_lines_in_order() {
    let file = "mod a {\n    fn b() {\n        c();\n    }\n}\n";
    assert!(stands_in(file, "fn b() {\n    c();\n}\n"));
    assert!(stands_in(file, file));
    for wrong in ["fn b() {\nc();\n}\n", "fn b() {\n}\n", "fn b()\n", "", "\n", "c(); // why\n"] {
        assert!(!stands_in(file, wrong), "{wrong:?}");
    }
}

#[test]
fn the_tutorial_builds_exactly_the_crate() {
    const FILES: [&str; 5] =
        ["migrations/0001_init.sql", "src/job.rs", "src/view.rs", "src/lib.rs", "tests/uptime.rs"];
    let mut faults = Vec::new();
    for file in FILES {
        let path = format!("plugins/uptime_check/{file}");
        let parts = all_blocks().into_iter().filter(|block| {
            block.page == "tutorial.md" && block.from.as_deref() == Some(path.as_str())
        });
        let built = parts.map(|block| block.text).collect::<Vec<_>>().join("\n");
        if std::fs::read_to_string(root().join(&path)).expect("a file of the crate") != built {
            faults.push(format!("tutorial.md: its blocks together are not the whole of {path}"));
        }
    }
    none(faults);
}
