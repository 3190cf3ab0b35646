//! All plugins there are: those compiled in, and those that jobs.toml names.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, Metadata},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    build_advice,
    library::{self, LibraryError, LoadedLibrary},
    program::{ProgramJob, ProgramView},
};
use cascade_model::{
    LibraryState, Loading, PluginFault, PluginLoader, PluginSources, Registry, Source, Stamp,
};

/// What shared libraries are called here.
const LIBRARY_SUFFIX: &str = std::env::consts::DLL_EXTENSION;

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size())
}

/// Builds a [`Registry`] for each state of jobs.toml; loads each build of a library once.
pub struct Plugins {
    compiled_in: Registry,
    loaded: Mutex<HashMap<PathBuf, (Stamp, Arc<LoadedLibrary>)>>,
    /// Folders whose libraries were loaded.
    looked_into: Mutex<HashSet<PathBuf>>,
    /// Job types that some library has brought since the process began.
    brought: Mutex<HashSet<String>>,
}

/// Libraries with what named them, and what could not be taken in.
type Gathered = (Vec<(Source, Arc<LoadedLibrary>)>, Vec<(Source, PluginFault)>);

impl From<Registry> for Plugins {
    fn from(compiled_in: Registry) -> Self {
        Self {
            compiled_in,
            loaded: Mutex::default(),
            looked_into: Mutex::default(),
            brought: Mutex::default(),
        }
    }
}

impl Plugins {
    fn load_all(&self, sources: &PluginSources) -> Gathered {
        let (mut libraries, mut faults) = Gathered::default();
        let (files, fault) = library_files(sources);
        faults.extend(fault.map(|fault| (Source::Folder, fault)));
        if let Some(folder) = &sources.folder {
            self.looked_into.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.clone());
        }
        for (source, file) in files {
            match self.load(&file, sources.allow_world_writable) {
                Ok(library) => libraries.push((source, library)),
                Err(LibraryError::Unreadable(error))
                    if error.kind() == ErrorKind::NotFound && !self.has_loaded(&file) =>
                {
                    let help = build_advice::of(&file);
                    faults.push((source, PluginFault::NotBuilt { file, help }));
                }
                Err(error) => {
                    let (error, help) = (error.to_string(), error.help());
                    faults.push((source, PluginFault::Library { file, error, help }));
                }
            }
        }
        (libraries, faults)
    }

    /// Whether this process has had it: then it is gone, rather than not built yet.
    fn has_loaded(&self, file: &Path) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).contains_key(file)
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
        let names = library.jobs.iter().map(|job| job.descriptor().name.clone());
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
        loaded.insert(file.to_owned(), (now, library.clone()));
        Ok(library)
    }
}

impl PluginLoader for Plugins {
    fn has_brought(&self, job: &str) -> bool {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).contains(job)
    }

    fn gather_as(
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
            let refused = library.add_to(&mut registry).into_iter();
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

    fn fingerprint(&self, sources: &PluginSources) -> Vec<LibraryState> {
        let (files, _) = library_files(sources);
        let state = |file: PathBuf| {
            let now = std::fs::metadata(&file).ok().map(|metadata| stamp(&metadata));
            (file, now)
        };
        files.into_iter().map(|(_, file)| state(file)).collect()
    }
}

/// The library files, each with what named it.
fn library_files(sources: &PluginSources) -> (Vec<(Source, PathBuf)>, Option<PluginFault>) {
    let named = sources.files.iter().enumerate();
    let mut files: Vec<_> = named.map(|(at, file)| (Source::File(at), file.clone())).collect();
    let Some(folder) = &sources.folder else { return (files, None) };
    match libraries_in(folder) {
        Ok(found) => {
            files.extend(found.into_iter().map(|file| (Source::Folder, file)));
            (files, None)
        }
        Err(error) => (files, Some(PluginFault::Folder { folder: folder.clone(), error })),
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
