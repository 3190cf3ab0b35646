//! What a delivery to a hook is mapped to: a run, or why there is none. No database: the same delivery is mapped to
//! the same run.

use cascade_config::{ConfigState, Hook};
use cascade_expr::Values;
use cascade_model::{Explanation, KEY_OF_SCHEDULE, RunRequest, border, explanation, key_of_args};
use serde_json::{Map, Value};

use crate::edge_runs::{arg_of, key_of, text_of, unfit, value_of};

/// What comes of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapped {
    /// A run in this project, by its short name.
    Run {
        /// The project.
        project: String,
        /// What it is asked for.
        request: RunRequest,
    },
    /// No run is made of what is such as this.
    Ignored {
        /// The project, if the delivery says one.
        project: Option<String>,
        /// Why not.
        reason: Explanation,
    },
    /// No run can be made of it.
    Refused {
        /// The project, if the delivery says one.
        project: Option<String>,
        /// Why not.
        reason: Explanation,
    },
}

/// What tells a delivery apart from others of its hook, as the hook reads it; `None` where the hook leaves that to
/// the sender. Evaluates an expression: not to be called on a thread of the runtime.
///
/// # Errors
/// Why there is none.
pub fn identity(hook: &Hook, body: &Value, headers: &Value) -> Result<Option<String>, Explanation> {
    let values = Values::named(&[("body", body), ("headers", headers)]);
    let once = hook.once.as_ref().map(|once| text_of("", once, &values));
    once.transpose().map_err(|why| under("once", why))
}

/// What `hook`, called `name`, makes of a delivery under `config`. Evaluates expressions: not to be called on a
/// thread of the runtime.
pub fn mapped(
    config: &ConfigState,
    (name, hook): (&str, &Hook),
    body: &Value,
    headers: &Value,
) -> Mapped {
    let values = Values::named(&[("body", body), ("headers", headers)]);
    let project = project(config, hook, &values);
    if let Some(when) = &hook.when {
        let reason = match value_of(when, &values) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Bool(false)) => {
                Some(explanation!("condition_false", "`{expression}` is false", expression = when))
            }
            Ok(_) => Some(explanation!(
                "condition_not_boolean",
                "`{expression}` is neither true nor false",
                expression = when
            )),
            Err(why) => Some(why),
        };
        if let Some(reason) = reason {
            return Mapped::Ignored { project: project.ok(), reason };
        }
    }
    let project = match project {
        Ok(project) => project,
        Err(reason) => return Mapped::Refused { project: None, reason },
    };
    match request(config, (name, hook), &values) {
        Ok(request) => Mapped::Run { project, request },
        Err(reason) => Mapped::Refused { project: Some(project), reason },
    }
}

/// Why a setting of the hook makes no run.
fn under(setting: &str, why: Explanation) -> Explanation {
    let text = match setting.starts_with("args.") {
        true => format!("{setting}: {why}"),
        false => format!("`{setting}`: {why}"),
    };
    Explanation::new("setting", text).with("setting", &setting).of(why)
}

fn project(config: &ConfigState, hook: &Hook, values: &Values) -> Result<String, Explanation> {
    let projects = &config.config.projects;
    let Some(from) = &hook.project_from else {
        let fixed = hook.fixed_project(projects).map(ToOwned::to_owned);
        return fixed.ok_or_else(|| Explanation::new("no_project", "there is no project"));
    };
    let project = text_of("", from, values).map_err(|why| under("project_from", why))?;
    if projects.contains_key(&project) {
        return Ok(project);
    }
    let why = explanation!("unknown_project", "there is no project `{project}`", project = project);
    Err(under("project_from", why))
}

fn request(
    config: &ConfigState,
    (name, hook): (&str, &Hook),
    values: &Values,
) -> Result<RunRequest, Explanation> {
    let settings = config.config.jobs.get(&hook.job);
    let schema = config.args_schemas.of(&hook.job)?;
    let args = match &hook.args {
        Some(args) => {
            let arg = |(name, arg): (&String, _)| {
                let value = arg_of((name, arg), Some(&schema), values);
                let value = value.map_err(|why| under(&format!("args.{name}"), why))?;
                Ok((name.clone(), value))
            };
            Value::Object(args.iter().map(arg).collect::<Result<Map<_, _>, Explanation>>()?)
        }
        None => settings.map(|settings| settings.args.clone()).unwrap_or_default(),
    };
    let args = border::args(args).map_err(unfit)?;
    schema.check(&args).map_err(unfit)?;
    let key = hook.key.as_ref().map(|key| key_of(key, values));
    let from = settings.and_then(|settings| settings.key_from.as_deref());
    let by_args = || key_of_args(from?, &args);
    let key = key.transpose().map_err(|why| under("key", why))?.or_else(by_args);
    // No caller can name it; neither takes an empty text.
    debug_assert!(key.as_deref() != Some(KEY_OF_SCHEDULE));
    let priority = settings.and_then(|settings| settings.priority).unwrap_or(0);
    let asked_by = Some(format!("hook {name}"));
    Ok(RunRequest { key, args, priority, run_at: None, asked_by, tags: Vec::new() })
}
