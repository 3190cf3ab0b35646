//! The examples of docs/edges.md and docs/joins.md: the blocks pass the host's check, or are refused as the page says;
//! the expressions have the values of the page.

use cascade_expr::{Expression, RunFacts, Status, Values};
use serde_json::{Value, json};

use super::{
    markdown::{Block, blocks},
    none, root,
    toml_blocks::check,
};

fn page(name: &str) -> (String, Vec<Block>) {
    let text = std::fs::read_to_string(root().join("docs").join(name)).expect("the page");
    let blocks = blocks(&format!("../{name}"), &text);
    (text, blocks)
}

#[test]
fn files_pass_the_check_or_are_refused_as_it_says() {
    let blocks = ["edges.md", "joins.md"].map(|name| page(name).1);
    let mut faults = Vec::new();
    for files in &blocks {
        let files = files.iter().filter(|block| block.language() == "toml").count();
        assert!(files >= 3, "the test looks in the wrong place");
    }
    // Those of the product's jobs are run by the end-to-end tests.
    let here = |block: &&Block| {
        block.language() == "toml" && block.is.as_deref() != Some("of the product")
    };
    for block in blocks.iter().flatten().filter(here) {
        let verdict = check(&block.text, &block.text.parse().expect("TOML"));
        let refused = block.is.as_deref().and_then(|is| is.strip_prefix("refused: "));
        match (verdict, refused) {
            (Ok(()), None) => {}
            (Err(said), Some(refused)) => {
                for part in refused.split("; ").filter(|part| !said.contains(part)) {
                    faults.push(format!("{}: `{part}` is not in\n{said}", block.place()));
                }
            }
            (Ok(()), Some(_)) => faults.push(format!("{}: it passes", block.place())),
            (Err(said), None) => faults.push(format!("{}:\n{said}", block.place())),
        }
    }
    none(faults);
}

#[test]
fn expressions_have_the_values_that_it_says() {
    let (text, blocks) = page("edges.md");
    let output = blocks.iter().find(|block| block.is.as_deref() == Some("the output"));
    let output: Value = serde_json::from_str(&output.expect("a block").text).expect("JSON");
    let run = RunFacts {
        id: "0".into(),
        job: "sync".into(),
        project: "atlas".into(),
        status: Status::Success,
        attempts: 1,
        error: None,
        summary: None,
        revision: "0".into(),
        key: None,
        not_reached: Vec::new(),
    };
    let values = Values::new(&output, &json!({}), &run);
    let (_, table) = text.split_once("| expression | value |\n|---|---|\n").expect("the table");
    let rows: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 5, "the test looks in the wrong place");
    let mut faults = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.split('`').collect();
        let [_, expression, _, expected, _] = cells[..] else {
            panic!("a row has two cells: {row}")
        };
        let found = Expression::compile(expression).map(|it| it.evaluate(&values));
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        if found != Ok(Ok(expected)) {
            faults.push(format!("{expression}: {found:?}"));
        }
    }
    none(faults);
}
