//! Problems of a jobs.toml, shown the way rustc shows them.

use std::{fmt, ops::Range, path::Path};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

use super::{redact::NothingBehindMask, secrets::hidden};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken; somebody should look.
    Warning,
}

/// A problem before it is placed in its file.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub severity: Severity,
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What stands beside the marked text.
    pub label: String,
    /// Dotted path of the key, such as `jobs.sync.every`.
    pub key: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl Problem {
    pub fn error(key: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span,
            label: String::new(),
            key: key.into(),
            help: None,
        }
    }

    pub fn warning(key: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(key, span, message) }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "did you mean", when one of `known` is near `wrong`; else what there is to choose from.
    pub fn suggest<'a>(self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.into_iter().collect();
        match nearest(wrong, &known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("there is: {}", known.join(", "))),
        }
    }
}

/// The likeliest intended name, if one is close enough for a typing error.
pub fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), *name))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// One problem in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// From 1; 0 when the file could not be read.
    pub line: usize,
    /// From 1, in characters; 0 when the file could not be read.
    pub column: usize,
    /// The line of the end of what is marked, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    /// The column behind the last character of what is marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
    /// Dotted path of the key, such as `jobs.sync.every`.
    pub key: String,
    /// How to fix it.
    pub help: Option<String>,
}

/// All problems of one file, and the text that shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    rendered: String,
}

impl Diagnostics {
    pub(super) fn new(path: &Path, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| (p.span.start, p.severity));
        let name = path.display().to_string();
        let groups: Vec<String> = problems.iter().map(|p| render(&name, text, p)).collect();
        let list = problems.into_iter().map(|problem| place(text, problem)).collect();
        Self { list, rendered: groups.join("\n\n") }
    }

    /// With these texts hidden.
    pub(super) fn without(mut self, secrets: &[String]) -> Self {
        self.rendered = hidden(self.rendered, secrets);
        for diagnostic in &mut self.list {
            diagnostic.message = hidden(std::mem::take(&mut diagnostic.message), secrets);
        }
        self
    }

    /// Of a `***` in a text that was shown without its secrets.
    pub fn nothing_behind_mask(path: &Path, text: &str, missing: &NothingBehindMask) -> Self {
        let message = format!("`{}` is `***`, and jobs.toml has no secret there", missing.key);
        let problem = Problem::error(&missing.key, missing.place.clone(), message)
            .help("write the secret itself; `***` only stands for one that the file has");
        Self::new(path, text, vec![problem])
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let help = "name the file by --config or CASCADE_CONFIG, or start in its folder";
        let message = format!("cannot read {}: {error}", path.display());
        Self {
            rendered: format!("error: {message}\n  = help: {help}"),
            ..Self::placeless(message, Some(help.into()))
        }
    }

    /// A problem that no line of the file is to blame for.
    pub(super) fn about(message: &str) -> Self {
        Self::placeless(message.into(), None)
    }

    /// The same, with what to do.
    pub(super) fn advice(message: &str, help: &str) -> Self {
        Self {
            rendered: format!("error: {message}\n  = help: {help}"),
            ..Self::placeless(message.into(), Some(help.into()))
        }
    }

    fn placeless(message: String, help: Option<String>) -> Self {
        Self {
            rendered: format!("error: {message}"),
            list: vec![Diagnostic {
                severity: Severity::Error,
                message,
                line: 0,
                column: 0,
                end_line: None,
                end_column: None,
                key: String::new(),
                help,
            }],
        }
    }

    /// Whether the file must be refused.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Each problem, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many errors there are, in words.
    pub fn count(&self) -> String {
        match self.list.iter().filter(|d| d.severity == Severity::Error).count() {
            1 => "1 error".into(),
            n => format!("{n} errors"),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for Diagnostics {}

fn place(text: &str, problem: Problem) -> Diagnostic {
    let (line, column) = position(text, problem.span.start);
    let end = (problem.span.end > problem.span.start).then(|| position(text, problem.span.end));
    Diagnostic {
        severity: problem.severity,
        message: problem.message,
        line,
        column,
        end_line: end.map(|(line, _)| line),
        end_column: end.map(|(_, column)| column),
        key: problem.key,
        help: problem.help,
    }
}

/// Line and column of a byte, from 1, columns in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at.min(text.len()))];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn render(name: &str, text: &str, problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let start = problem.span.start.min(text.len());
    let span = start..problem.span.end.clamp(start, text.len());
    let mark = AnnotationKind::Primary.span(span).label(problem.label.as_str());
    let snippet = Snippet::source(text).path(name).annotation(mark);
    let mut group =
        Group::with_title(level.primary_title(problem.message.as_str())).element(snippet);
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::plain().decor_style(DecorStyle::Ascii).render(&[group])
}
