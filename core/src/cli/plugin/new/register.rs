//! Makes a new plugin known: jobs.toml, and the list of compiled-in crates.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use toml_edit::{Array, DocumentMut, Item, RawString, Table, Value, value};

use super::{Kind, files::Names};
use cascade_config::{self, edit};

/// A file and its new text; comments and order are kept.
pub(super) struct Edit {
    pub file: PathBuf,
    before: Option<String>,
    after: String,
}

impl Edit {
    /// Whether the file was not there.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }
}

/// All of them or none.
pub(super) fn apply(edits: &[Edit]) -> Result<()> {
    for (at, edit) in edits.iter().enumerate() {
        if let Err(error) = replace(&edit.file, &edit.after) {
            for done in &edits[..at] {
                match &done.before {
                    Some(before) => replace(&done.file, before).ok(),
                    None => fs::remove_file(&done.file).ok(),
                };
            }
            return Err(error);
        }
    }
    Ok(())
}

fn replace(file: &Path, text: &str) -> Result<()> {
    cascade_config::file::replace(file, text)
        .with_context(|| format!("cannot write {}", file.display()))
}

fn read(file: &Path) -> Result<(Option<String>, DocumentMut)> {
    let before = match fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let text = before.as_deref().unwrap_or_default();
    let document = text.parse().map_err(|error| anyhow!("{}: {error}", file.display()))?;
    Ok((before, document))
}

/// The crate in the list of those compiled in.
pub(super) fn bundle(checkout: &Path, names: &Names, folder: &Path) -> Result<Edit> {
    let file = checkout.join("plugins/bundle/Cargo.toml");
    let (before, mut document) = read(&file)?;
    let beside = folder.parent() == Some(checkout.join("plugins").as_path());
    let path = if beside { format!("../{}", names.name) } else { folder.display().to_string() };
    let mut dependency = toml_edit::InlineTable::new();
    dependency.insert("path", path.into());
    document["dependencies"][&names.name] = value(dependency);
    Ok(Edit { file, before, after: document.to_string() })
}

/// When it runs, what a screen refetches, and where it is if it is not compiled in.
pub(super) fn jobs_toml(kind: Kind, names: &Names, folder: &Path) -> Result<Edit> {
    let file = names.config.clone();
    let (before, mut document) = read(&file)?;
    let name = &names.name;
    let base = file.parent().unwrap_or(Path::new(""));
    let library = match kind {
        Kind::Library => Some(target(folder).join(format!("debug/lib{name}.so"))),
        Kind::C => Some(folder.join(format!("lib{name}.so"))),
        Kind::CompiledIn | Kind::Python => None,
    };
    if let Some(library) = library {
        let library = library.strip_prefix(base).unwrap_or(&library).display().to_string();
        add_library(&mut document, library)?;
    }
    let map = table(&mut document, "JOB_TO_DATA_MAP")?;
    map.insert(name, value(Array::from_iter([name.as_str()])));
    let jobs = table(&mut document, "jobs")?;
    let mut job = Table::new();
    job.decor_mut().set_prefix("\n");
    job.insert("every", value("1m"));
    if kind != Kind::C {
        let mut params = toml_edit::InlineTable::new();
        params.insert("message", "hello".into());
        job.insert("params", value(params));
    }
    if kind == Kind::Python {
        job.insert("executable", Item::Table(executable(names, folder, base)?));
    }
    if jobs.insert(name, Item::Table(job)).is_some() {
        return Err(anyhow!("{} has [jobs.{name}] already", file.display()));
    }
    let after = document.to_string().trim_start_matches('\n').to_owned();
    Ok(Edit { file, before, after })
}

/// Where Cargo builds the crate in `folder`: `CARGO_TARGET_DIR`, if it is set for the author's commands.
fn target(folder: &Path) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").filter(|set| !set.is_empty());
    match set.map(std::path::absolute) {
        Some(Ok(target)) => target,
        _ => folder.join("target"),
    }
}

fn table<'a>(document: &'a mut DocumentMut, key: &str) -> Result<&'a mut Table> {
    let table = edit::top_table(document, key);
    table.ok_or_else(|| anyhow!("`{key}` in jobs.toml is no [{key}] table"))
}

fn add_library(document: &mut DocumentMut, library: String) -> Result<()> {
    let key = "plugin_files";
    if let Some(files) = document.get_mut(key) {
        let files = files.as_array_mut();
        let files = files.ok_or_else(|| anyhow!("`{key}` in jobs.toml is no list"))?;
        edit::list::insert(files, files.len(), library.into());
        return Ok(());
    }
    document.insert(key, value(Array::from_iter([library])));
    // Keys of the top stand before all tables: what the file begins with goes before them too.
    let first = document.iter_mut().find_map(|(_, item)| item.as_table_mut());
    let Some(first) = first else { return Ok(()) };
    let prefix = first.decor().prefix().and_then(RawString::as_str).unwrap_or_default().to_owned();
    if let Some(end) = prefix.rfind("\n\n") {
        let (header, own) = prefix.split_at(end + 1);
        first.decor_mut().set_prefix(own);
        if let Some(mut key) = document.key_mut(key) {
            key.leaf_decor_mut().set_prefix(format!("{header}\n"));
        }
    } else if !prefix.starts_with('\n') {
        first.decor_mut().set_prefix(format!("\n{prefix}"));
    }
    Ok(())
}

fn executable(names: &Names, folder: &Path, base: &Path) -> Result<Table> {
    let program = folder.join(format!("{}.py", names.name));
    let program = program.strip_prefix(base).unwrap_or(&program).display().to_string();
    let text = format!(
        "version = \"0.1.0\"\n\
         description = {}\n\
         command = [\"python3\", {}]\n\
         limits = {{ memory = \"1GiB\", cpu = \"1m\" }}\n\
         \n\
         [params_schema]\n\
         type = \"object\"\n\
         required = [\"message\"]\n\
         additionalProperties = false\n\
         properties.message = {{ type = \"string\", description = \"What to keep.\" }}\n\
         \n\
         [output_schema]\n\
         type = \"object\"\n\
         properties.message = {{ type = \"string\", description = \"What was kept.\" }}\n\
         \n\
         [view]\n\
         key = \"{name}\"\n\
         description = \"What {name} has kept.\"\n\
         row_schema = {{ type = \"object\", properties = {{ message = {{ type = \"string\", title = \"Message\" }} }} }}\n",
        Value::from(names.description.as_str()),
        Value::from(program),
        name = names.name,
    );
    let document: DocumentMut = text.parse().context("the template of an executable")?;
    let mut table = document.as_table().clone();
    stand_where_inserted(&mut table);
    Ok(table)
}

/// Forgets where tables stood in the text they come from.
fn stand_where_inserted(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Some(table) = item.as_table_mut() {
            stand_where_inserted(table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(kind: Kind, before: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("jobs.toml");
        fs::write(&config, before).unwrap();
        let names = Names { name: "greet".into(), description: "Greets.".into(), config };
        jobs_toml(kind, &names, &folder.path().join("greet")).unwrap().after
    }

    #[test]
    fn comments_and_order_are_kept() {
        let before = "# The header.\n\n# Chains.\n[CASCADE_CHAINS]\na = [\"b\"] # why\n\n[jobs.a]\nevery = \"1h\"\n";
        let after = edited(Kind::C, before);
        assert_eq!(
            after,
            "# The header.\n\nplugin_files = [\"greet/libgreet.so\"]\n\n# Chains.\n[CASCADE_CHAINS]\n\
             a = [\"b\"] # why\n\n[jobs.a]\nevery = \"1h\"\n\n[jobs.greet]\nevery = \"1m\"\n\n\
             [JOB_TO_DATA_MAP]\ngreet = [\"greet\"]\n"
        );
    }

    #[test]
    fn an_empty_file_and_a_second_library_do_as_well() {
        let after = edited(Kind::Library, "");
        // Who runs the tests may have it set too.
        let target = std::env::var("CARGO_TARGET_DIR").map(std::path::absolute);
        let target = target.map_or("greet/target".into(), |set| set.unwrap().display().to_string());
        let begin = format!("plugin_files = [\"{target}/debug/libgreet.so\"]\n");
        assert!(after.starts_with(&begin), "{after}");
        let after = edited(Kind::C, "plugin_files = [\"other.so\"]\n");
        assert!(
            after.starts_with("plugin_files = [\"other.so\", \"greet/libgreet.so\"]\n"),
            "{after}"
        );
        let program = edited(Kind::Python, "");
        assert!(program.contains("[jobs.greet.executable.view]\nkey = \"greet\"\n"), "{program}");
    }
}
