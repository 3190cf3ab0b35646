//! All plugins there are: those compiled in, and those that jobs.toml names.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Registry, RegistryError,
    library::{self, LibraryError, LoadedLibrary},
    program::{Program, ProgramJob, ProgramView},
};

/// What shared libraries are called here.
const LIBRARY_SUFFIX: &str = std::env::consts::DLL_EXTENSION;

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
        error: LibraryError,
    },
    /// Something in it that cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl PluginFault {
    /// The mend.
    pub fn help(&self) -> &str {
        match self {
            Self::NotLoaded { .. } => "job types and views that nothing else brings pass unchecked",
            Self::Folder { .. } => "make the folder, or take `plugins_dir` out of jobs.toml",
            Self::Library { error, .. } => error.help(),
            Self::Registry(_) => "names are unique over all plugins, compiled in or loaded",
        }
    }
}

/// A file as it was when it was loaded: inode, time of change, size.
type Stamp = (u64, i64, i64, u64);

/// A library file and its present state; `None` while it is not there.
pub type LibraryState = (PathBuf, Option<Stamp>);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size())
}

/// Builds a [`Registry`] for each state of jobs.toml; loads each build of a library once.
pub struct Plugins {
    compiled_in: Registry,
    loaded: Mutex<HashMap<PathBuf, (Stamp, Arc<LoadedLibrary>)>>,
    /// Folders whose libraries were loaded.
    looked_into: Mutex<HashSet<PathBuf>>,
}

/// Libraries with what named them, and what could not be taken in.
type Gathered = (Vec<(Source, Arc<LoadedLibrary>)>, Vec<(Source, PluginFault)>);

impl From<Registry> for Plugins {
    fn from(compiled_in: Registry) -> Self {
        Self { compiled_in, loaded: Mutex::default(), looked_into: Mutex::default() }
    }
}

impl Plugins {
    /// What was compiled in and what `sources` names, as far as it is sound.
    pub fn gather(&self, sources: &PluginSources) -> (Registry, Vec<(Source, PluginFault)>) {
        self.gather_as(sources, Loading::Allowed)
    }

    /// As [`Plugins::gather`]; without loading, only libraries that are in the process take part.
    pub fn gather_as(
        &self,
        sources: &PluginSources,
        loading: Loading,
    ) -> (Registry, Vec<(Source, PluginFault)>) {
        let mut registry = self.compiled_in.clone();
        let (libraries, mut faults) = match loading {
            Loading::Allowed => self.load_all(sources),
            Loading::Refused => self.loaded_of(sources),
        };
        for (source, library) in libraries {
            let refused = registry.add_library(&library).into_iter();
            faults.extend(refused.map(|error| (source, error.into())));
        }
        for (at, program) in sources.programs.iter().enumerate() {
            let job = registry.add_job(Arc::new(ProgramJob::new(program.clone())));
            let view = program
                .view
                .clone()
                .map(|view| registry.add_view(Arc::new(ProgramView::new(program, view))));
            let refused = [Some(job), view].into_iter().flatten().filter_map(Result::err);
            faults.extend(refused.map(|error| (Source::Program(at), error.into())));
        }
        (registry, faults)
    }

    fn load_all(&self, sources: &PluginSources) -> Gathered {
        let (mut libraries, mut faults) = Gathered::default();
        let (files, fault) = sources.libraries();
        faults.extend(fault.map(|fault| (Source::Folder, fault)));
        if let Some(folder) = &sources.folder {
            self.looked_into.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.clone());
        }
        for (source, file) in files {
            match self.load(&file, sources.allow_world_writable) {
                Ok(library) => libraries.push((source, library)),
                Err(error) => faults.push((source, PluginFault::Library { file, error })),
            }
        }
        (libraries, faults)
    }

    /// The libraries of `sources` that are loaded, be they the newest builds or not. Looks at no file.
    fn loaded_of(&self, sources: &PluginSources) -> Gathered {
        let (mut libraries, mut faults) = Gathered::default();
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, file) in sources.files.iter().enumerate() {
            match loaded.get(file) {
                Some((_, library)) => libraries.push((Source::File(at), library.clone())),
                None => {
                    faults.push((Source::File(at), PluginFault::NotLoaded { place: file.clone() }));
                }
            }
        }
        if let Some(folder) = &sources.folder {
            let beneath = loaded.iter().filter(|(file, _)| file.parent() == Some(folder));
            libraries.extend(beneath.map(|(_, (_, library))| (Source::Folder, library.clone())));
            let known = self.looked_into.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.contains(folder) {
                let place = folder.clone();
                faults.push((Source::Folder, PluginFault::NotLoaded { place }));
            }
        }
        (libraries, faults)
    }

    /// The library in `file`, loaded again only if the file has changed.
    fn load(&self, file: &Path, allowed: bool) -> Result<Arc<LoadedLibrary>, LibraryError> {
        // One open file for all of it: what is checked is what is loaded.
        let opened = File::open(file)?;
        let metadata = opened.metadata()?;
        if !allowed {
            library::check_permissions(file, &metadata)?;
        }
        let now = stamp(&metadata);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, library)) = loaded.get(file)
            && *then == now
        {
            return Ok(library.clone());
        }
        let library = Arc::new(library::load(file, opened)?);
        tracing::info!(file = %file.display(), "plugin library loaded");
        loaded.insert(file.to_owned(), (now, library.clone()));
        Ok(library)
    }
}

impl PluginSources {
    /// The library files, each with what named it.
    fn libraries(&self) -> (Vec<(Source, PathBuf)>, Option<PluginFault>) {
        let named = self.files.iter().enumerate();
        let mut files: Vec<_> = named.map(|(at, file)| (Source::File(at), file.clone())).collect();
        let Some(folder) = &self.folder else { return (files, None) };
        match libraries_in(folder) {
            Ok(found) => {
                files.extend(found.into_iter().map(|file| (Source::Folder, file)));
                (files, None)
            }
            Err(error) => (files, Some(PluginFault::Folder { folder: folder.clone(), error })),
        }
    }

    /// Changes whenever one of the libraries does, comes or goes.
    pub fn fingerprint(&self) -> Vec<LibraryState> {
        let (files, _) = self.libraries();
        let state = |file: PathBuf| {
            let now = std::fs::metadata(&file).ok().map(|metadata| stamp(&metadata));
            (file, now)
        };
        files.into_iter().map(|(_, file)| state(file)).collect()
    }
}

fn libraries_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == LIBRARY_SUFFIX) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
