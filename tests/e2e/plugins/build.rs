//! Builds plugins as their authors would.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::host::{root, target};

/// A crate of this workspace as a shared library. Together with the host: alone, what it depends on would have
/// other features, and be compiled a second time.
pub fn rust_library(package: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    forget_this_package(&mut build);
    build
        .args(["build", "--quiet", "--locked", "--lib", "-p", "cascade", "-p", package])
        .current_dir(root());
    assert!(build.status().unwrap().success(), "{package} does not compile");
    target().join(format!("debug/lib{}.so", package.replace('-', "_")))
}

/// Takes from a command what Cargo has set for this test: build scripts that look at it, such as ring's, would run
/// again, and all that stands on them would be compiled again, here and by the next build outside.
pub fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
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
