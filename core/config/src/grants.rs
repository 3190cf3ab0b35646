//! What of the machine jobs.toml opens to plugins: folders of files, and environment variables.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cascade_sdk::{Files, SecretError};
use serde::Serialize;
use serde_json::Value;

use super::{
    diagnostic::Problem,
    keys,
    parse::JobTable,
    reader::{Placed, Reader, TomlValue},
    schema, secrets,
};
use crate::environment;

/// The `[files]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileGrants {
    /// Absolute folders beneath which plugins may read.
    pub allow: Vec<PathBuf>,
}

/// The `[secrets]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecretGrants {
    /// Names of the environment variables that plugins may read.
    pub env: BTreeSet<String>,
}

impl SecretGrants {
    /// Reads a variable of the host's environment for a plugin.
    ///
    /// # Errors
    /// When the file does not name it, or it is not set.
    pub fn read(&self, name: &str) -> Result<String, SecretError> {
        if !self.env.contains(name) {
            return Err(SecretError::not_named(name));
        }
        environment::var(name).ok_or_else(|| SecretError::not_set(name))
    }
}

/// Both tables as they stand in the text.
#[derive(Default)]
pub(super) struct PlacedGrants {
    /// `None` without the key: the folder of jobs.toml.
    pub folders: Option<Vec<Placed<String>>>,
    pub env: Vec<Placed<String>>,
}

impl PlacedGrants {
    pub fn read_files(&mut self, reader: &mut Reader, value: &TomlValue) {
        let Some(entries) = reader.table("files", value) else { return };
        for (key, value) in entries.iter() {
            match key.get_ref().as_ref() {
                "allow" => self.folders = Some(reader.text_list("files.allow", value)),
                other => reader.unknown_key("files", other, key.span(), &keys::under("files")),
            }
        }
    }

    pub fn read_secrets(&mut self, reader: &mut Reader, value: &TomlValue) {
        let Some(entries) = reader.table("secrets", value) else { return };
        for (key, value) in entries.iter() {
            match key.get_ref().as_ref() {
                "env" => self.env = reader.text_list("secrets.env", value),
                other => reader.unknown_key("secrets", other, key.span(), &keys::under("secrets")),
            }
        }
        for Placed { value: name, span } in &self.env {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty()
                || name.starts_with(|c: char| c.is_ascii_digit())
                || !name.chars().all(fits)
            {
                let message = format!("`{name}` is no name of an environment variable");
                let problem = Problem::error("secrets.env", span.clone(), message);
                reader.refuse(problem.help("write the name alone, such as \"OPENAI_API_KEY\""));
            } else if environment::OWN.contains(&name.as_str()) {
                let message = format!("`{name}` is the host's own: no plugin may read it");
                let problem = Problem::error("secrets.env", span.clone(), message);
                reader.refuse(problem.help("give the plugin an account and a variable of its own"));
            }
        }
    }

    /// With paths that start at the folder of jobs.toml.
    pub fn resolve(&self, base: &Path) -> (FileGrants, SecretGrants) {
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
        let allow = match &self.folders {
            None => vec![base],
            Some(folders) => folders.iter().map(|folder| base.join(&folder.value)).collect(),
        };
        let env = self.env.iter().map(|name| name.value.clone()).collect();
        (FileGrants { allow }, SecretGrants { env })
    }

    /// Warns of folders that are not there.
    pub fn check_folders(&self, base: &Path, problems: &mut Vec<Problem>) {
        for folder in self.folders.iter().flatten() {
            let path = base.join(&folder.value);
            if !path.is_dir() {
                let message = format!("no folder {}", path.display());
                problems.push(
                    Problem::warning("files.allow", folder.span.clone(), message)
                        .help("plugins find nothing there; relative paths start at jobs.toml"),
                );
            }
        }
    }
}

/// Warns of params that name a file or a variable which the job may not read, as far as their schema
/// says what they are: `format` is `path` or `env`.
pub(super) fn check_params(
    base: &Path,
    grants: (&FileGrants, &SecretGrants),
    job: &Placed<String>,
    table: &JobTable,
    schema: &Value,
    problems: &mut Vec<Problem>,
) {
    let (files, variables) = grants;
    let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
    let files = Files::within(&base, &files.allow);
    let key = format!("jobs.{}.params", job.value);
    let mut warn = |pointer: &str, message: String, help: &str| {
        let place = table.table("params").and_then(|params| schema::find(params, pointer));
        let span = place.map_or(job.span.clone(), TomlValue::span);
        let at = format!("{key}{}", pointer.replace('/', "."));
        problems.push(Problem::warning(&at, span, message).help(help));
    };
    let mut params = table.settings.params.clone();
    secrets::annotated(schema, &mut params, &|part| part["format"] == "path", &mut |at, value| {
        if let Some(error) = value.as_str().and_then(|path| files.check(path).err()) {
            let message = format!("the job may not read {}", error.path.display());
            warn(at, message, "name its folder in `allow` of `[files]`; what needs it fails alone");
        }
    });
    secrets::annotated(schema, &mut params, &|part| part["format"] == "env", &mut |at, value| {
        if let Some(name) = value.as_str().filter(|name| !variables.env.contains(*name)) {
            let message = format!("the job may not read the environment variable `{name}`");
            warn(at, message, "name it in `env` of `[secrets]`");
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Checked, Diagnostics, parse_and_check, test_job};

    fn check(folder: &std::path::Path, text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
        let schema = json!({"properties": {
            "sources": {"items": {"properties": {"path": {"format": "path"}}}},
            "key_env": {"type": "string", "format": "env"}
        }});
        let plugins = test_job::plugins(test_job::descriptor("reads", schema));
        parse_and_check(&folder.join("jobs.toml"), text, &plugins).result
    }

    #[test]
    fn the_folder_of_jobs_toml_is_allowed_and_what_is_out_of_reach_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let params = "[jobs.reads.params]\nkey_env = \"KEY\"\nsources = [{ path = \"a/b\" }, { path = \"../c\" }]\n";
        let (checked, warnings) = check(folder.path(), params).unwrap();
        assert_eq!(checked.config.files.allow, [folder.path()]);
        let said = warnings.to_string();
        for part in ["jobs.toml:3:39", "/c", "`allow` of `[files]`", "jobs.toml:2:11", "`KEY`"] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
        assert_eq!(warnings.iter().count(), 2, "{said}");

        let text =
            format!("[files]\nallow = [\".\", \"..\"]\n[secrets]\nenv = [\"KEY\"]\n{params}");
        let (checked, warnings) = check(folder.path(), &text).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        assert_eq!(checked.config.files.allow, [folder.path().join("."), folder.path().join("..")]);
        assert!(checked.config.secrets.env.contains("KEY"));
    }

    #[test]
    fn a_folder_that_is_missing_is_a_warning_and_the_host_s_own_secrets_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (_, warnings) = check(folder.path(), "[files]\nallow = [\"gone\"]\n").unwrap();
        assert!(warnings.to_string().contains("jobs.toml:2:10"), "{warnings}");
        for name in ["DATABASE_URL", "CASCADE_OIDC_CLIENT_SECRET", "A=B", ""] {
            let text = format!("[secrets]\nenv = [\"{name}\"]\n");
            let said = check(folder.path(), &text).unwrap_err().to_string();
            assert!(said.contains("jobs.toml:2:8"), "{said}");
        }
    }
}
