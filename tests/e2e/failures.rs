//! The page on failures says what holds.

use crate::host::{command, root};

/// The blocks of TOML of docs/failures.md.
fn examples() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/failures.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_of_the_page_are_good_files() {
    let examples = examples();
    assert!(examples.len() > 1);
    for example in examples {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), &example).unwrap();
        let mut check = command();
        for variable in ["PAGER_SECRET", "SLACK_WEBHOOK_URL", "MAIL_PASSWORD"] {
            check.env(variable, "a secret that nobody guesses");
        }
        let said = check.arg("check").current_dir(folder.path()).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert!(said.status.success() && err.is_empty(), "{example}\n{err}");
    }
}
