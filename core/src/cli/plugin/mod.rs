//! `cascade plugin ...`.

mod list;
mod new;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use cascade_registry::Plugins;

#[derive(Subcommand)]
pub(super) enum PluginCommand {
    /// Makes a plugin that compiles, passes its test and runs as it is.
    New(new::NewArgs),
    /// Every job type and view: version, origin, params, and what triggers it.
    List {
        /// jobs.toml, which names the plugins that are loaded.
        #[arg(long, default_value = "jobs.toml", env = "CASCADE_CONFIG")]
        config: PathBuf,
        /// Only this job type's params schema, whole.
        #[arg(long, value_name = "JOB", conflicts_with = "json")]
        schema: Option<String>,
        /// Everything, schemas whole, as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn plugin(command: PluginCommand, plugins: &Plugins) -> ExitCode {
    match command {
        PluginCommand::New(args) => new::new(args, plugins),
        PluginCommand::List { config, schema: Some(job), .. } => {
            list::schema(&config, &job, plugins)
        }
        PluginCommand::List { config, json, .. } => list::list(&config, json, plugins),
    }
}
