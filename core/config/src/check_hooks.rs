//! Checks hooks: that their projects, secrets and args are there, and their expressions as far as anything is
//! known of what is sent to them.

use std::collections::BTreeMap;

use cascade_expr::{Expression, Wanted};
use cascade_model::{Loading, Registry};
use serde_json::{Value, json};

use super::{
    ProjectSettings,
    diagnostic::Problem,
    edges::{self, EdgeArg},
    environment,
    given_args::GivenArgs,
    hooks::PlacedHook,
    reader::Placed,
};

/// What hooks are checked against.
pub(super) struct Around<'a> {
    pub registry: &'a Registry,
    pub projects: &'a BTreeMap<String, ProjectSettings>,
    /// `env` of `[secrets]`.
    pub env: &'a [Placed<String>],
    pub loading: Loading,
}

/// Finds the faults of all hooks.
pub(super) fn check(hooks: &[PlacedHook], around: &Around, problems: &mut Vec<Problem>) {
    let headers = json!({"type": "object", "additionalProperties": {"type": "string"}});
    for placed in hooks {
        let path = format!("hooks.{}", placed.name.value);
        let mut of = OfHook { path, placed, headers: &headers, around, problems: &mut *problems };
        of.check();
    }
}

struct OfHook<'a> {
    path: String,
    placed: &'a PlacedHook,
    /// The schema of `headers`.
    headers: &'a Value,
    around: &'a Around<'a>,
    problems: &'a mut Vec<Problem>,
}

impl OfHook<'_> {
    fn check(&mut self) {
        self.project();
        for name in &self.placed.secrets {
            self.secret(name);
        }
        let hook = &self.placed.hook;
        for (name, expression, wanted) in [
            ("project_from", &hook.project_from, Wanted::Text),
            ("when", &hook.when, Wanted::Boolean),
            ("key", &hook.key, Wanted::Text),
            ("once", &hook.once, Wanted::Text),
        ] {
            if let Some(expression) = expression {
                self.expression(name, expression, &wanted);
            }
        }
        let schema = self.around.registry.job(&hook.job).map(|job| &job.descriptor().args_schema);
        for (name, arg) in hook.args.iter().flatten() {
            if let EdgeArg::Expression(expression) = arg {
                let any = Value::Bool(true);
                let wanted = Wanted::Property(schema.unwrap_or(&any), name);
                self.expression(&format!("args.{name}"), expression, &wanted);
            }
        }
        if let (Some(schema), Some(args)) = (schema, &hook.args) {
            let (place, path) = (|key: &str| self.placed.place(key), &*self.path);
            let given = GivenArgs { job: &hook.job, args, path, by: "the hook", place: &place };
            given.check(schema, self.problems);
        }
    }

    fn project(&mut self) {
        let (hook, projects) = (&self.placed.hook, self.around.projects);
        let name = &self.placed.name;
        let known = || projects.keys().map(String::as_str);
        match (&hook.project, &hook.project_from) {
            (Some(project), _) if !projects.contains_key(project) => {
                let (key, place) = (format!("{}.project", self.path), self.placed.place("project"));
                let problem = Problem::error(&key, place, format!("unknown project `{project}`"));
                self.problems.push(problem.suggest(project, known()));
            }
            (None, None) if projects.len() != 1 => {
                let message = format!(
                    "the hook `{}` names no project, and there are {}",
                    name.value,
                    projects.len()
                );
                let help = match projects.is_empty() {
                    true => "add a project, such as [projects.main]".to_owned(),
                    false => format!(
                        "write project = \"{}\", or project_from = \"an expression\"",
                        known().next().unwrap_or_default()
                    ),
                };
                let problem = Problem::error(&self.path, name.span.clone(), message);
                self.problems.push(problem.help(help));
            }
            _ => {}
        }
    }

    fn secret(&mut self, Placed { value: name, span }: &Placed<String>) {
        let key = format!("{}.secrets", self.path);
        if !self.around.env.iter().any(|allowed| allowed.value == *name) {
            let message = format!("the variable `{name}` is not in `env` of `[secrets]`");
            let help =
                format!("write [secrets] env = [\"{name}\"]: a hook reads no other variables");
            self.problems.push(Problem::error(&key, span.clone(), message).help(help));
        } else if self.around.loading == Loading::Allowed && environment::var(name).is_none() {
            let message = format!("the variable `{name}` is not set here");
            let help =
                "no delivery is good by it; set it where the host runs, and restart the host";
            self.problems.push(Problem::warning(&key, span.clone(), message).help(help));
        }
    }

    fn expression(&mut self, name: &str, expression: &Expression, wanted: &Wanted) {
        let names = [("body", None), ("headers", Some(self.headers))];
        if let Err(faults) = expression.check_named(&names, wanted) {
            let (key, place) = (format!("{}.{name}", self.path), self.placed.place(name));
            let faults = faults.into_iter();
            self.problems.extend(faults.map(|fault| edges::problem(&key, place.clone(), fault)));
        }
    }
}
