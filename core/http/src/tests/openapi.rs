//! The committed copy of the OpenAPI document, from which the web code's types are made.

use std::{env, fs, path::Path};

/// `npm run api` in web/ sets it.
const UPDATE: &str = "CASCADE_UPDATE_OPENAPI";

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let served = serde_json::to_string_pretty(&super::super::document()).unwrap() + "\n";
    if env::var_os(UPDATE).is_some() {
        fs::write(&file, served).unwrap();
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let line = committed.lines().zip(served.lines()).position(|(old, new)| old != new);
    assert!(
        committed == served,
        "web/openapi.json is stale from line {} on: run `npm run api` in web/ and commit both files",
        line.unwrap_or_default() + 1
    );
}
