//! What is no plugin is refused with the file, what was expected and what was found.

use std::{os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use super::build::{fixture, rust_library};
use crate::host::command;

fn check(folder: &TempDir, jobs_toml: &str) -> (bool, String) {
    let file = folder.path().join("jobs.toml");
    std::fs::write(&file, jobs_toml).unwrap();
    let output = command().arg("check").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// Refused as `plugin_files = ["p.so"]`, with all of `parts` in the message.
fn refused(folder: &TempDir, parts: &[&str]) {
    let (good, said) = check(folder, "plugin_files = [\"p.so\"]\n");
    assert!(!good, "it was taken\n{said}");
    let place = "jobs.toml:1:17";
    for part in [&place, &"p.so"].into_iter().chain(parts) {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

fn with(defines: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fixture(&folder.path().join("p.so"), defines);
    folder
}

fn with_file(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.so"), bytes).unwrap();
    folder
}

#[test]
fn a_sound_one_is_taken() {
    let (good, said) = check(&with(&[]), "plugin_files = [\"p.so\"]\n");
    assert!(good, "{said}");
}

#[test]
fn another_version_of_the_abi() {
    let parts = ["expected plugin ABI version 1, found 7", "rebuild it"];
    refused(&with(&["ABI=7"]), &parts);
}

#[test]
fn a_library_without_the_entry_function() {
    let parts = ["`cascade_plugin_entry`", "found 1 others, such as `other`", "export_plugin!"];
    refused(&with(&["ENTRY=other"]), &parts);
}

#[test]
fn what_is_no_library() {
    refused(&with_file(b"#!/bin/sh\n"), &["expected a shared library for Linux", "a script"]);
    refused(&with_file(b""), &["an empty file"]);
    let whole = with(&[]);
    let bytes = std::fs::read(whole.path().join("p.so")).unwrap();
    refused(&with_file(&bytes[..bytes.len() / 2]), &["found"]);
}

#[test]
fn a_file_that_is_not_there_refuses_nothing_else_and_is_told_with_the_way_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.c"), "").unwrap();
    let jobs = "[CASCADE_CHAINS]\nhealth_scoring = [\"later\"]\n[jobs.later]\nevery = \"1h\"\n\
                [jobs.helth_scoring]\n";
    let text = format!("plugin_files = [\"libp.so\"]\n{jobs}");
    let (good, said) = check(&folder, &text);
    assert!(good, "{said}");
    let once = "no plugin that is loaded brings the job type `later`";
    assert_eq!(said.matches(once).count(), 1, "{said}");
    let advice = format!("-o libp.so p.c` in {} makes it", folder.path().display());
    let mistyped = ["brings the job type `helth_scoring`", "did you mean `health_scoring`?"];
    let parts = ["warning: ", "jobs.toml:1:17", "there is no such file", "jobs.toml:3:19", &advice];
    for part in parts.into_iter().chain(mistyped) {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    // With nothing that could bring them, the same names are errors.
    let (good, said) = check(&folder, jobs);
    assert!(!good && said.contains("unknown job type `later`"), "{said}");
}

#[test]
fn a_table_or_description_that_breaks_the_contract() {
    refused(&with(&["NO_TABLE"]), &["returned NULL"]);
    refused(&with(&["NO_RUN"]), &["no `run`"]);
    refused(&with(&["DESCRIPTION=\"{}\""]), &["`describe`", "missing field `plugin`"]);
    refused(
        &with(&[
            "DESCRIPTION=\"{\\\"plugin\\\":{\\\"name\\\":\\\"p\\\",\\\"version\\\":\\\"1\\\"}}\"",
        ]),
        &["neither a job type nor a view"],
    );
    refused(&with(&["SCHEMA=\"{\\\"type\\\":7}\""]), &["params_schema is no JSON Schema"]);
}

#[test]
fn a_job_type_that_is_there_already() {
    let folder = with(&["JOB=\"health_scoring\""]);
    refused(&folder, &["`health_scoring`", "compiled in", "library"]);

    let folder = with(&[]);
    std::fs::create_dir(folder.path().join("plugins")).unwrap();
    fixture(&folder.path().join("plugins/second.so"), &[]);
    let (good, said) = check(&folder, "plugin_files = [\"p.so\"]\nplugins_dir = \"plugins\"\n");
    assert!(!good, "{said}");
    for part in ["jobs.toml:2:15", "`fixture`", "p.so", "second.so"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[test]
fn a_file_that_anybody_may_write_unless_it_is_allowed() {
    let folder = with(&[]);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&folder.path().join("p.so"), 0o666);
    refused(&folder, &["world-writable (mode 0666)", "allow_world_writable_plugins"]);
    let allowed = "plugin_files = [\"p.so\"]\nallow_world_writable_plugins = true\n";
    let (good, said) = check(&folder, allowed);
    assert!(good, "{said}");

    mode(&folder.path().join("p.so"), 0o644);
    mode(folder.path(), 0o777);
    refused(&folder, &["its folder", "world-writable (mode 0777)"]);
}

#[test]
fn a_folder_of_plugins_is_searched_and_one_that_is_missing_is_told() {
    let folder = with(&[]);
    let (good, said) = check(&folder, "plugins_dir = \"nowhere\"\n");
    assert!(!good && said.contains("jobs.toml:1:15") && said.contains("nowhere"), "{said}");
    let (good, said) = check(&folder, "plugins_dir = \".\"\n[jobs.fixture]\n");
    assert!(good, "{said}");
}

#[test]
fn the_same_library_named_twice_is_told() {
    let library = rust_library("cascade-probe");
    let folder = tempfile::tempdir().unwrap();
    let library = library.display().to_string();
    let (good, said) = check(&folder, &format!("plugin_files = [{library:?}, {library:?}]\n"));
    assert!(!good && said.contains("probe_services"), "{said}");
}
