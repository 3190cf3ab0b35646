//! Expressions of jobs.toml, in CEL: compiled once, checked against JSON Schemas, evaluated over JSON.
//!
//! An expression sees `output` (what the run gave out), `args` (what it was asked for), `run` (facts about it)
//! and, where something is made of each element of a list, `item`. What is known of these before any run is a [`Scope`]; what they are is [`Values`].
//! One of a hook sees other names, such as `body`.

mod budget;
mod check;
mod evaluate;
mod functions;
mod render;
mod run;
mod shape;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use cel::{
    Env, Program,
    common::ast::{EntryExpr, Expr, IdedExpr},
};
use serde::{Serialize, Serializer};

pub use check::{Checked, Scope, Wanted};
pub use evaluate::{EvaluateError, Values};
pub use run::{RunFacts, Status};

/// The longest expression, in bytes.
pub const LONGEST: usize = 1024;
/// How deep comprehensions (`all`, `exists`, `exists_one`, `map`, `filter`) may be nested.
pub const MOST_COMPREHENSIONS: usize = 2;
/// How deep an expression may be nested: its evaluation recurses as deep.
pub const DEEPEST: usize = 48;
/// The parser recurses a dozen times for each parenthesis, of which [`LONGEST`] has room for 512.
const PARSER_STACK: usize = 64 << 20;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A compiled expression. Cheap to clone; equal if the texts are.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: String,
    tree: IdedExpr,
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    /// A text that is no expression, or is too long, or is nested too deeply.
    pub fn compile(source: &str) -> Result<Self, Fault> {
        if source.trim().is_empty() {
            return Err(Fault::new("the expression is empty"));
        }
        if source.len() > LONGEST {
            let message = format!("the expression is {} bytes long", source.len());
            return Err(Fault::new(message).help(format!("at most {LONGEST} bytes are taken")));
        }
        let tree = parse(source)?;
        if depth(&tree) > DEEPEST {
            let help = format!("at most {DEEPEST} levels are taken");
            return Err(Fault::new("the expression is nested too deeply").help(help));
        }
        let comprehensions = comprehensions(&tree);
        if comprehensions > MOST_COMPREHENSIONS {
            let message = format!("comprehensions are nested {comprehensions} deep");
            return Err(
                Fault::new(message).help(format!("at most {MOST_COMPREHENSIONS} are taken"))
            );
        }
        Ok(Self(Arc::new(Compiled { source: source.into(), tree })))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    pub(crate) fn tree(&self) -> &IdedExpr {
        &self.0.tree
    }

    /// Checks it against what is known before any run: that each field exists, and that its value is what is
    /// wanted.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check(&self, scope: &Scope, wanted: &Wanted) -> Result<Checked, Vec<Fault>> {
        check::check(&self.0.tree, scope, wanted)
    }

    /// As [`Self::check`], where no run is looked at: over values with these names, and their JSON Schemas where
    /// anything is known of them.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check_named(
        &self,
        names: &[(&str, Option<&serde_json::Value>)],
        wanted: &Wanted,
    ) -> Result<Checked, Vec<Fault>> {
        check::check_named(&self.0.tree, names, wanted)
    }

    /// Its value. What it works on is bounded beforehand, and may still take seconds on large values: not to be
    /// called on a thread that others wait for.
    ///
    /// # Errors
    /// A field that is not there, values that do not fit together, or values that are too large for it.
    pub fn evaluate(&self, values: &Values) -> Result<serde_json::Value, EvaluateError> {
        evaluate::evaluate(&self.0.tree, values)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Expression {}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

/// Parses on a thread with room for the deepest nesting; the thread also keeps a panic of the parser from
/// its caller.
fn parse(source: &str) -> Result<IdedExpr, Fault> {
    let no_expression = || Fault::new("the expression cannot be read");
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(PARSER_STACK);
        let parsed =
            parser.spawn_scoped(scope, || parse_here(source)).map_err(|_| no_expression())?;
        parsed.join().unwrap_or_else(|_| Err(no_expression()))
    })
}

fn parse_here(source: &str) -> Result<IdedExpr, Fault> {
    let env = Env::stdlib().with_optional_support(false);
    let program: Program = env.compile(source).map_err(|errors| {
        let first = errors.errors.first();
        let said = first.map(|error| error.msg.lines().next().unwrap_or_default().trim());
        let place = first.map_or(1, |error| error.pos.1.max(1));
        let said = said.filter(|said| !said.is_empty()).unwrap_or("it cannot be read");
        Fault::new(format!("syntax error at character {place} of the expression: {said}"))
    })?;
    Ok(program.expression().clone())
}

/// The expressions right inside one.
fn inside(expr: &IdedExpr) -> Vec<&IdedExpr> {
    match &expr.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(all) => {
            vec![&all.iter_range, &all.accu_init, &all.loop_cond, &all.loop_step, &all.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| in_entry(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Struct(all) => all.entries.iter().flat_map(|entry| in_entry(&entry.expr)).collect(),
    }
}

fn in_entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// The length of the longest way from the whole to a part of it.
fn depth(expr: &IdedExpr) -> usize {
    let mut deepest = 0;
    let mut left = vec![(expr, 1)];
    while let Some((expr, depth)) = left.pop() {
        deepest = deepest.max(depth);
        left.extend(inside(expr).into_iter().map(|part| (part, depth + 1)));
    }
    deepest
}

/// How deep comprehensions are nested in one another. One over the result of another is beside it.
fn comprehensions(expr: &IdedExpr) -> usize {
    let deepest = |parts: Vec<&IdedExpr>| parts.into_iter().map(comprehensions).max().unwrap_or(0);
    match &expr.expr {
        Expr::Comprehension(all) => {
            let body = 1 + deepest(vec![&all.loop_cond, &all.loop_step, &all.result]);
            body.max(deepest(vec![&all.iter_range, &all.accu_init]))
        }
        _ => deepest(inside(expr)),
    }
}
