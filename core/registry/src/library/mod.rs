//! Plugins from shared libraries, through the C ABI.

mod calls;
mod connections;
mod inspect;
mod services;

use std::{
    fs::{File, Metadata},
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cascade_abi::{
    ABI_VERSION,
    host::{Library, OpenError},
};
use cascade_model::{Registry, RegistryError};
use cascade_sdk::{
    DynJob, DynView, JobDescriptor, Migration, MigrationSet, Origin, OriginKind, ViewDescriptor,
    wire,
};
use serde_json::Value;

use calls::{LoadedJob, LoadedView};

/// Why a file is refused as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It cannot be read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Anybody could replace it, and with it the code that the host runs.
    #[error(
        "{what} is world-writable (mode {mode:04o}); expected one that only its owner may change"
    )]
    WorldWritable {
        /// The file or its folder.
        what: String,
        /// Permission bits.
        mode: u32,
    },
    /// It is no shared library of this machine.
    #[error("expected a shared library for {expected}, found {found}")]
    NotALibrary {
        /// What would do.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// It is a library, but no plugin.
    #[error("expected an exported function `{expected}`, found {found}")]
    NoEntry {
        /// The symbol.
        expected: &'static str,
        /// What it exports.
        found: String,
    },
    /// It was made for another version of the ABI.
    #[error("expected plugin ABI version {ABI_VERSION}, found {found}")]
    Abi {
        /// Its version.
        found: u32,
    },
    /// The system's loader refuses it.
    #[error("the system cannot load it: {0}")]
    Loader(String),
    /// Its table or description is not as the header says.
    #[error("it breaks the plugin contract: {0}")]
    Contract(String),
}

impl LibraryError {
    /// The fix.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => {
                "build it, or correct the path; paths start at the folder of jobs.toml"
            }
            Self::WorldWritable { .. } => {
                "`chmod o-w` it, or set `allow_world_writable_plugins = true` at the top of jobs.toml"
            }
            Self::NotALibrary { .. } => {
                "build the crate with crate-type \"cdylib\" on this platform (C: cc -shared -fPIC)"
            }
            Self::NoEntry { .. } => {
                "Rust: write `cascade_sdk::export_plugin!();` in the crate; C: export cascade_plugin_entry"
            }
            Self::Abi { .. } => "rebuild it against this host's sdk or cascade_plugin.h",
            Self::Loader(_) => "`ldd FILE` shows what it misses",
            Self::Contract(_) => {
                "see cascade_plugin.h; `cascade plugin list` shows what was understood"
            }
        }
    }
}

/// A library that was taken in: mapped until the process ends.
pub struct LoadedLibrary {
    /// Its job types.
    pub jobs: Vec<Arc<dyn DynJob>>,
    /// Its views.
    pub views: Vec<Arc<dyn DynView>>,
    /// Its own schema.
    pub migrations: Option<MigrationSet>,
}

impl LoadedLibrary {
    /// Adds all that it brings to `registry`; returns what cannot be taken in.
    pub fn add_to(&self, registry: &mut Registry) -> Vec<RegistryError> {
        let jobs = self.jobs.iter().map(|job| registry.add_job(job.clone()));
        let mut faults: Vec<_> = jobs.filter_map(Result::err).collect();
        let views = self.views.iter().map(|view| registry.add_view(view.clone()));
        faults.extend(views.filter_map(Result::err));
        if let Some(set) = self.migrations {
            registry.add_migrations(set);
        }
        faults
    }
}

/// Checks and loads one file, which is open already.
///
/// The file itself is only read: what is mapped is a private copy, so that a new build may be
/// written over it while runs are still in the old code.
///
/// # Errors
/// [`LibraryError`]; checks that need no code of the library to run come first.
pub fn load(path: &Path, mut file: File) -> Result<LoadedLibrary, LibraryError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let entry = inspect::entry(&bytes)?;
    let mut copy = tempfile::Builder::new().prefix("cascade-plugin-").suffix(".so").tempfile()?;
    copy.write_all(&bytes)?;
    // The loader maps it; the name may go at once.
    let copy = copy.into_temp_path();
    let library = Library::open(&copy, &entry).map_err(|error| match error {
        OpenError::Loader(text) => LibraryError::Loader(text),
        OpenError::Abi { found } => LibraryError::Abi { found },
        OpenError::Table(text) => LibraryError::Contract(text.into()),
    })?;
    let text = library
        .describe()
        .map_err(|error| LibraryError::Contract(format!("`describe` failed: {error}")))?;
    Ok(take_in(Arc::new(library), describe(path, &text)?))
}

/// Refuses a file that anybody may change, or put another into the place of.
///
/// # Errors
/// [`LibraryError::WorldWritable`], or [`LibraryError::Unreadable`].
pub fn check_permissions(path: &Path, file: &Metadata) -> Result<(), LibraryError> {
    const ALL_MAY_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = |metadata: &Metadata| metadata.permissions().mode() & 0o7777;
    let refuse = |what: String, mode| Err(LibraryError::WorldWritable { what, mode });
    let file = mode(file);
    if file & ALL_MAY_WRITE != 0 {
        return refuse("the file".into(), file);
    }
    let folder: PathBuf = path.canonicalize()?.parent().map(Path::to_owned).unwrap_or_default();
    let around = mode(&std::fs::metadata(&folder)?);
    if around & ALL_MAY_WRITE != 0 && around & STICKY == 0 {
        return refuse(format!("its folder {}", folder.display()), around);
    }
    Ok(())
}

fn take_in(library: Arc<Library>, described: Described) -> LoadedLibrary {
    let job = |descriptor| -> Arc<dyn DynJob> {
        Arc::new(LoadedJob { descriptor, library: library.clone() })
    };
    let view = |descriptor| -> Arc<dyn DynView> {
        Arc::new(LoadedView { descriptor, library: library.clone() })
    };
    LoadedLibrary {
        jobs: described.jobs.into_iter().map(job).collect(),
        views: described.views.into_iter().map(view).collect(),
        migrations: migrations(described.plugin, described.migrations),
    }
}

/// What a library says that it brings.
#[derive(Debug)]
pub struct Described {
    /// The plugin's name.
    pub plugin: String,
    /// Its job types.
    pub jobs: Vec<JobDescriptor>,
    /// Its views.
    pub views: Vec<ViewDescriptor>,
    /// Its own schema.
    pub migrations: Vec<wire::MigrationText>,
}

/// Reads the answer of `describe`, of the library that `path` names.
///
/// # Errors
/// [`LibraryError::Contract`].
pub fn describe(path: &Path, text: &str) -> Result<Described, LibraryError> {
    let description: wire::Description = serde_json::from_str(text)
        .map_err(|error| LibraryError::Contract(format!("`describe`: {error}")))?;
    let origin = Origin {
        kind: OriginKind::Library,
        plugin: description.plugin.name.clone(),
        version: description.plugin.version,
        location: path.display().to_string(),
    };
    let mut jobs = Vec::new();
    for job in description.jobs {
        for (what, schema) in [
            ("params_schema", &job.params_schema),
            ("args_schema", &job.args_schema),
            ("output_schema", &job.output_schema),
        ] {
            check_schema(&format!("job type `{}`: {what}", job.name), schema)?;
        }
        let mut descriptor =
            JobDescriptor::new(job.name, job.description, origin.clone(), job.params_schema);
        descriptor.args_schema = job.args_schema;
        descriptor.output_schema = job.output_schema;
        descriptor.defaults = job.defaults;
        jobs.push(descriptor);
    }
    let mut views = Vec::new();
    for view in description.views {
        for action in &view.actions {
            let what = format!("view `{}`: input_schema of `{}`", view.key, action.name);
            check_schema(&what, &action.input_schema)?;
        }
        views.push(ViewDescriptor {
            key: view.key,
            description: view.description,
            origin: origin.clone(),
            row_schema: view.row_schema,
            filter_schema: view.filter_schema,
            sortable: view.sortable,
            actions: view.actions,
        });
    }
    if jobs.is_empty() && views.is_empty() {
        return Err(LibraryError::Contract("it describes neither a job type nor a view".into()));
    }
    Ok(Described { plugin: origin.plugin, jobs, views, migrations: description.migrations })
}

fn check_schema(what: &str, schema: &Value) -> Result<(), LibraryError> {
    match jsonschema::validator_for(schema) {
        Ok(_) => Ok(()),
        Err(error) => Err(LibraryError::Contract(format!("{what} is no JSON Schema: {error}"))),
    }
}

/// Leaked, as the library itself is: both live as long as the process.
fn migrations(plugin: String, steps: Vec<wire::MigrationText>) -> Option<MigrationSet> {
    if steps.is_empty() {
        return None;
    }
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let steps = steps.into_iter();
    let steps: Vec<_> =
        steps.map(|step| Migration { file: leak(step.file), sql: leak(step.sql) }).collect();
    Some(MigrationSet { plugin: leak(plugin), migrations: Box::leak(steps.into_boxed_slice()) })
}
