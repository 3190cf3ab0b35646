use std::{path::Path, process::ExitCode};

use cascade_registry::Plugins;

/// `cascade check FILE`: every problem at once; nothing is applied.
pub(super) fn check(file: &Path, plugins: &Plugins) -> ExitCode {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: cannot read {}: {error}", file.display());
            eprintln!("  = help: cascade check FILE, or CASCADE_CONFIG=FILE cascade check");
            return ExitCode::FAILURE;
        }
    };
    match cascade_config::parse_and_check(file, &text, plugins).result {
        Ok((cascade_config::Checked { config, unknown_fields, .. }, warnings)) => {
            if !warnings.is_empty() {
                eprintln!("{warnings}\n");
            }
            let edges: usize = config.edges.values().map(Vec::len).sum();
            let unknown = match unknown_fields {
                0 => String::new(),
                1 => "; 1 field of expressions is known only when a run ends".into(),
                many => format!("; {many} fields of expressions are known only when a run ends"),
            };
            println!("{}: ok, {} jobs, {edges} edges{unknown}", file.display(), config.jobs.len());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}\n\n{}: {}", file.display(), problems.count());
            ExitCode::FAILURE
        }
    }
}
