//! How a library that is not there is made, as far as its path tells.

use std::path::Path;

/// What to do about a library file that does not exist.
pub fn of(file: &Path) -> String {
    let way = cargo(file).or_else(|| c(file)).unwrap_or_else(|| "build it".into());
    format!(
        "{way}, or correct the path, which starts at the folder of jobs.toml; the host takes the library \
         up within two seconds"
    )
}

/// `target/debug/libNAME.so` is made by Cargo, in the crate that the target folder stands in or, with
/// `CARGO_TARGET_DIR`, in another.
fn cargo(file: &Path) -> Option<String> {
    let profile = file.parent()?;
    let flags = match profile.file_name()?.to_str()? {
        "debug" => "",
        "release" => " --release",
        _ => return None,
    };
    let folder = profile.parent()?.parent()?;
    Some(match folder.join("Cargo.toml").is_file() {
        true => format!("`cargo build{flags}` in {} makes it", folder.display()),
        false => format!("`cargo build{flags}` in the folder of its crate makes it"),
    })
}

/// `libNAME.so` beside `NAME.c` is made by the C compiler.
fn c(file: &Path) -> Option<String> {
    let folder = file.parent()?;
    let library = file.file_name()?.to_str()?;
    let name = file.file_stem()?.to_str()?.strip_prefix("lib")?;
    let source = format!("{name}.c");
    folder.join(&source).is_file().then(|| {
        let folder = folder.display();
        format!("`cc -std=c11 -shared -fPIC -o {library} {source}` in {folder} makes it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_makes_it_is_named_where_the_path_tells() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for file in ["rust/Cargo.toml", "c/greet.c"] {
            std::fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            std::fs::write(at(file), "").unwrap();
        }
        let begins = |path: &str, way: String| {
            let said = of(&at(path));
            assert!(said.starts_with(&way), "{said}");
        };
        let crate_folder = at("rust").display().to_string();
        begins("rust/target/debug/libgreet.so", format!("`cargo build` in {crate_folder} makes"));
        begins(
            "rust/target/release/libgreet.so",
            format!("`cargo build --release` in {crate_folder} makes"),
        );
        begins("shared/debug/libgreet.so", "`cargo build` in the folder of its crate".into());
        let c = at("c").display().to_string();
        begins(
            "c/libgreet.so",
            format!("`cc -std=c11 -shared -fPIC -o libgreet.so greet.c` in {c} makes it, or"),
        );
        begins("c/libother.so", "build it, or correct the path".into());
    }
}
