//! What jobs.toml lets the host reach on its machine and in its network: the settings that are the
//! operator's, and that the browser may change only if the operator says so.

use std::path::{Path, PathBuf};

use super::{Egress, FileGrants, SecretGrants, parse};
use cascade_model::{PluginSources, Program};

/// The programs, libraries, files, variables and networks of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    plugins: PluginSources,
    files: FileGrants,
    secrets: SecretGrants,
    http: Egress,
}

impl Reach {
    /// Reads what a text that stands in the file `path` would open. Nothing of it is checked or
    /// loaded.
    pub fn of(path: &Path, text: &str) -> Self {
        let base: PathBuf = path.parent().unwrap_or(Path::new("")).into();
        let (document, _) = parse::parse(text);
        let (files, secrets) = document.grants.resolve(&base);
        Self { plugins: document.plugins.resolve(&base), files, secrets, http: document.http }
    }

    /// The settings, as jobs.toml calls them, that open more than those of `other`.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let (mine, its) = (&self.plugins, &other.plugins);
        let wider = [
            ("plugins_dir", mine.folder.is_some() && mine.folder != its.folder),
            ("plugin_files", mine.files.iter().any(|file| !its.files.contains(file))),
            (
                "allow_world_writable_plugins",
                mine.allow_world_writable && !its.allow_world_writable,
            ),
            ("files.allow", self.files.allow.iter().any(|f| !other.files.allow.contains(f))),
            ("secrets.env", !self.secrets.env.is_subset(&other.secrets.env)),
            ("http.allow", self.http.allow.iter().any(|a| !other.http.allow.contains(a))),
        ];
        let programs = mine.programs.iter().filter(|program| {
            // What variables it is given is told once, as `secrets.env`.
            let given = |its: &Program| Program { secrets: program.secrets.clone(), ..its.clone() };
            !its.programs.iter().any(|its| given(its) == **program)
        });
        let programs = programs.map(|program| format!("jobs.{}.executable", program.job));
        let wider = wider.into_iter().filter(|(_, wider)| *wider);
        wider.map(|(name, _)| name.to_owned()).chain(programs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beyond(text: &str, other: &str) -> Vec<String> {
        let of = |text| Reach::of(Path::new("/srv/jobs.toml"), text);
        of(text).beyond(&of(other))
    }

    #[test]
    fn whatever_opens_more_is_named_and_what_opens_less_is_not() {
        let program = "[jobs.x.executable]\ncommand = [\"x\"]\n";
        for (text, name) in [
            ("plugins_dir = \"p\"\n", "plugins_dir"),
            ("plugin_files = [\"p.so\"]\n", "plugin_files"),
            ("allow_world_writable_plugins = true\n", "allow_world_writable_plugins"),
            ("[files]\nallow = [\".\", \"/\"]\n", "files.allow"),
            ("[secrets]\nenv = [\"KEY\"]\n", "secrets.env"),
            ("[http]\nallow = [\"10.0.0.1\"]\n", "http.allow"),
            (program, "jobs.x.executable"),
        ] {
            assert_eq!(beyond(text, ""), [name]);
            assert_eq!(beyond(text, text), [""; 0]);
            let narrower = if name == "files.allow" { "[files]\nallow = [\".\"]\n" } else { "" };
            assert_eq!(beyond(narrower, text), [""; 0]);
        }
        let other = program.replace("[\"x\"]", "[\"y\"]");
        assert_eq!(beyond(&other, program), ["jobs.x.executable"]);
        assert_eq!(beyond("", "[files]\nallow = [\"/data\"]\n"), ["files.allow"]);
        assert_eq!(beyond("[jobs.x]\nevery = \"1h\"\n", program), [""; 0]);
    }
}
