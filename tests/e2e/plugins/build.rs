//! Builds plugins as their authors would.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::host::root;

/// A crate of this workspace as a shared library.
pub fn rust_library(package: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--lib", "-p", package]).current_dir(root());
    assert!(build.status().unwrap().success(), "{package} does not compile");
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root().join("target"));
    target.join(format!("debug/lib{}.so", package.replace('-', "_")))
}

/// Compiles C against the committed header, with all warnings as errors.
pub fn c_library(source: &Path, library: &Path, defines: &[&str]) {
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
        .arg("-I")
        .arg(root().join("plugins/abi/include"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .arg(library)
        .arg(source)
        .output()
        .expect("the system's C compiler is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The fixture of these tests; see its own text for `defines`.
pub fn fixture(library: &Path, defines: &[&str]) {
    c_library(&root().join("tests/e2e/plugins/c/fixture.c"), library, defines);
}
