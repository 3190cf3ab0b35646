//! The pages of signing in, in Chromium.

use std::process::Command;

use super::{accounts::with_viewer, link};
use crate::host::root;

#[tokio::test]
async fn people_sign_in_see_what_is_theirs_and_sign_out_everywhere() {
    let (host, password) = with_viewer().await;
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let output = Command::new("node")
        .arg(root().join("tests/browser/sign-in.mjs"))
        .env("CASCADE_URL", &host.url)
        .env("LINK", format!("{}/sign-in?link={}", host.url, link(&host)))
        .env("USER", "vera")
        .env("PASSWORD", password)
        .env("ARTEFACTS", &artefacts)
        .output()
        .expect("node is needed for browser tests");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", host.log());
    println!("{said}");
}
