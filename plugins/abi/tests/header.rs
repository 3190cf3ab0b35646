//! The committed header and the Rust types say the same, as the system's own compiler sees it.

#![allow(clippy::unwrap_used)]

use std::{
    fmt::Write,
    mem::{align_of, offset_of, size_of},
    process::Command,
};

use cascade_abi::{
    ABI_VERSION, HEADER,
    table::{HostTable, PluginTable, Text},
};

/// One `_Static_assert` for the size and alignment of a type and for the place of each field.
macro_rules! layout {
    ($out:ident, $c:literal, $rust:ty, $($field:ident),+) => {
        assert_that($out, &format!("sizeof({}) == {}", $c, size_of::<$rust>()));
        assert_that($out, &format!("_Alignof({}) == {}", $c, align_of::<$rust>()));
        $(assert_that($out, &format!(
            "offsetof({}, {}) == {}", $c, stringify!($field), offset_of!($rust, $field)
        ));)+
    };
}

fn assert_that(out: &mut String, claim: &str) {
    writeln!(out, "_Static_assert({claim}, {claim:?});").unwrap();
}

fn compiles(language: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cascade_plugin.h"), HEADER).unwrap();
    let file = folder.path().join("claims");
    std::fs::write(&file, text).unwrap();
    let output = Command::new("cc")
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-x", language, "-I"])
        .arg(folder.path())
        .arg(&file)
        .output()
        .expect("the system's C compiler is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_type_of_the_header_has_the_layout_of_its_twin() {
    let mut text = "#include \"cascade_plugin.h\"\n".to_owned();
    let out = &mut text;
    layout!(out, "cascade_text", Text, data, len);
    layout!(
        out,
        "cascade_host",
        HostTable,
        abi_version,
        size,
        retain,
        release,
        is_cancelled,
        now_ms,
        log,
        progress,
        request,
        request_wait
    );
    layout!(out, "cascade_plugin", PluginTable, abi_version, size, describe, run, read, act);
    assert_that(out, &format!("CASCADE_ABI_VERSION == {ABI_VERSION}"));
    compiles("c", &text);
}

#[test]
fn the_header_is_good_for_cpp_too() {
    compiles("c++", "#include \"cascade_plugin.h\"\nint main() { return CASCADE_INFO - 1; }\n");
}
