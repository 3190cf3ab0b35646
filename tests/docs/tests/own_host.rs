//! The host of one's own that the tutorial ends with.

use std::process::Command;

#[test]
fn it_has_the_plugin_that_it_names_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_own_host"))
        .args(["plugin", "list"])
        .current_dir(folder.path())
        .env_remove("CASCADE_CONFIG")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("uptime_check 0.1.0 (compiled in"), "{said}");
    assert!(!said.contains("health_scoring"), "{said}");
}
