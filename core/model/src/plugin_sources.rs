//! Where jobs.toml says that plugins are, and who loads them.

use std::path::PathBuf;

use super::{Program, Registry, RegistryError};

/// Where jobs.toml says that plugins are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginSources {
    /// Every shared library in this folder.
    pub folder: Option<PathBuf>,
    /// These files.
    pub files: Vec<PathBuf>,
    /// Whether a file that anybody may change is loaded all the same.
    pub allow_world_writable: bool,
    /// Programs, each a job type.
    pub programs: Vec<Program>,
}

/// Which of the sources a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// [`PluginSources::folder`].
    Folder,
    /// One of [`PluginSources::files`].
    File(usize),
    /// One of [`PluginSources::programs`].
    Program(usize),
}

/// Whether code may come into the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading {
    /// Libraries are loaded, which runs their code.
    Allowed,
    /// Only what is loaded already is used.
    Refused,
}

/// A plugin that cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum PluginFault {
    /// Libraries that may not be loaded now.
    #[error("plugins in {} are not loaded: they are checked when the text is saved", place.display())]
    NotLoaded {
        /// The file or folder.
        place: PathBuf,
    },
    /// A library that is named and was never there: its job types wait until it is.
    #[error("plugin {}: there is no such file; everything else runs", file.display())]
    NotBuilt {
        /// The file.
        file: PathBuf,
        /// How it is built, as far as its path tells.
        help: String,
    },
    /// A folder that cannot be read.
    #[error("plugin folder {}: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A library that is refused.
    #[error("plugin {}: {error}", file.display())]
    Library {
        /// The file.
        file: PathBuf,
        /// Why.
        error: String,
        /// The fix.
        help: &'static str,
    },
    /// Something in it that cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl PluginFault {
    /// The fix.
    pub fn help(&self) -> &str {
        match self {
            Self::NotLoaded { .. } => "job types and views that nothing else brings pass unchecked",
            Self::NotBuilt { help, .. } => help,
            Self::Folder { .. } => "make the folder, or remove `plugins_dir` from jobs.toml",
            Self::Library { help, .. } => help,
            Self::Registry(RegistryError::BadDefaults { .. }) => {
                "correct `DEFAULTS` of the job in Rust, or `defaults` of its description"
            }
            Self::Registry(_) => "names are unique over all plugins, compiled in or loaded",
        }
    }

    /// Whether it leaves open which job types and views there are, and is no reason to refuse the text.
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::NotLoaded { .. } | Self::NotBuilt { .. })
    }
}

/// A file as it was when it was loaded: inode, time of change, size.
pub type Stamp = (u64, i64, i64, u64);

/// A library file and its present state; `None` while it is not there.
pub type LibraryState = (PathBuf, Option<Stamp>);

/// Builds a [`Registry`] for each state of jobs.toml.
pub trait PluginLoader: Send + Sync {
    /// What was compiled in and what `sources` names, as far as it is sound; loads libraries.
    fn gather(&self, sources: &PluginSources) -> (Registry, Vec<(Source, PluginFault)>) {
        self.gather_as(sources, Loading::Allowed)
    }

    /// As [`gather`](Self::gather). With
    /// [`Loading::Refused`] only libraries that are in the process take part.
    fn gather_as(
        &self,
        sources: &PluginSources,
        loading: Loading,
    ) -> (Registry, Vec<(Source, PluginFault)>);

    /// Whether some library has brought this job type since the process began.
    fn has_brought(&self, job: &str) -> bool;

    /// Changes whenever one of the libraries that `sources` names does, comes or goes.
    fn fingerprint(&self, sources: &PluginSources) -> Vec<LibraryState>;
}
