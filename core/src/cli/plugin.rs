use std::process::ExitCode;

use clap::Subcommand;

use crate::registry::Registry;

#[derive(Subcommand)]
pub(super) enum PluginCommand {
    /// Every job type and view, with its origin.
    List {
        /// Also print this job type's params schema.
        #[arg(long, value_name = "JOB")]
        schema: Option<String>,
    },
}

pub(super) fn plugin(command: &PluginCommand, registry: &Registry) -> ExitCode {
    let PluginCommand::List { schema } = command;
    let Some(name) = schema else {
        for job in registry.jobs() {
            let job = job.descriptor();
            println!("job   {:<32} {}\n      {}", job.name, job.origin, job.description);
        }
        for view in registry.views() {
            let view = view.descriptor();
            println!("view  {:<32} {}\n      {}", view.key, view.origin, view.description);
        }
        return ExitCode::SUCCESS;
    };
    match registry.job(name) {
        Some(job) => {
            println!("{:#}", job.descriptor().params_schema);
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("error: there is no job type `{name}`; `cascade plugin list` shows them");
            ExitCode::FAILURE
        }
    }
}
