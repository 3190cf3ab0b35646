//! The value of an expression over JSON.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, ExecutionError, Value as Cel,
    common::ast::{Expr, IdedExpr, LiteralValue},
    objects::Key,
};
use serde_json::{Map, Number, Value};

use crate::{RunFacts, budget, inside};

/// The element that something is made of.
const ITEM: &str = "item";

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// There is nothing of a name that it has itself.
    #[error("there is no `{0}`")]
    Unknown(String),
    /// A field is not there whose name is a value of the run, and that may be secret.
    #[error("a field that it names is not there")]
    NoField,
    /// A list is shorter.
    #[error("the list has no such element")]
    NoElement,
    /// It divides by zero.
    #[error("a division by zero")]
    DivisionByZero,
    /// A number is too large.
    #[error("a number is too large")]
    TooLarge,
    /// A function does not take a value.
    #[error("`{0}` does not take this value")]
    NotTaken(String),
    /// Only objects have fields.
    #[error("a field is asked of a value that has none")]
    NoFields,
    /// A function or operator does not take values of these types.
    #[error("`{function}` does not take {types}")]
    Types {
        /// Its name.
        function: String,
        /// What it was given.
        types: String,
    },
    /// Anything else, which would quote values that may be secret.
    #[error("its values do not fit together")]
    Unfit,
    /// The interpreter took something for impossible.
    #[error("the interpreter panicked")]
    Panicked,
    /// It would take too much time or memory.
    #[error("it would take too much time or memory with values as large as these")]
    TooMuch,
    /// Its value is none that JSON has.
    #[error("its value is {0}, which JSON does not have")]
    NotJson(&'static str),
}

/// What an expression sees of one run.
pub struct Values {
    context: Context<'static, 'static>,
    /// The same as JSON.
    known: Vec<(&'static str, Value)>,
}

impl Values {
    /// Of a run that has ended. An output that there is none of is null.
    pub fn new(output: &Value, args: &Value, run: &RunFacts) -> Self {
        let run = serde_json::to_value(run).unwrap_or_default();
        Self::named(&[("output", output), ("args", args), ("run", &run)])
    }

    /// Of these values, by name.
    pub fn named(all: &[(&'static str, &Value)]) -> Self {
        let mut values = Self { context: Context::with_env(ENV.clone()), known: Vec::new() };
        for (name, value) in all {
            values.add(name, value);
        }
        values
    }

    /// The element of a list that `item` is from now on.
    pub fn set_item(&mut self, item: &Value) {
        self.known.retain(|(name, _)| *name != ITEM);
        self.add(ITEM, item);
    }

    fn add(&mut self, name: &'static str, value: &Value) {
        self.context.add_variable_from_value(name, to_cel(value));
        self.known.push((name, value.clone()));
    }
}

pub(crate) fn evaluate(tree: &IdedExpr, values: &Values) -> Result<Value, EvaluateError> {
    let known: Vec<_> = values.known.iter().map(|(name, value)| (*name, value)).collect();
    budget::check(tree, &known)?;
    // The interpreter panics on what it takes for impossible.
    let found = catch_unwind(AssertUnwindSafe(|| values.context.resolve(tree)));
    let found = found.map_err(|_| EvaluateError::Panicked)?;
    to_json(&found.map_err(|error| said(&error, tree))?)
}

/// The interpreter's own words name its types, not the author's values.
fn said(error: &ExecutionError, tree: &IdedExpr) -> EvaluateError {
    match error {
        ExecutionError::NoSuchKey(key) if names(tree, key) => {
            EvaluateError::Unknown(key.to_string())
        }
        ExecutionError::NoSuchKey(_) => EvaluateError::NoField,
        ExecutionError::UndeclaredReference(name) => EvaluateError::Unknown(name.to_string()),
        ExecutionError::IndexOutOfBounds(_) => EvaluateError::NoElement,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            EvaluateError::DivisionByZero
        }
        ExecutionError::Overflow(..) => EvaluateError::TooLarge,
        ExecutionError::FunctionError { function, .. } => {
            EvaluateError::NotTaken(function.to_string())
        }
        ExecutionError::NoSuchOverload(error) if error.function().trim_matches('_') == "." => {
            EvaluateError::NoFields
        }
        ExecutionError::NoSuchOverload(error) => EvaluateError::Types {
            function: error.function().trim_matches('_').to_owned(),
            types: error.argument_types().join(" and "),
        },
        _ => EvaluateError::Unfit,
    }
}

/// Whether the expression itself has this name of a field.
fn names(tree: &IdedExpr, name: &str) -> bool {
    let mut left = vec![tree];
    while let Some(part) = left.pop() {
        match &part.expr {
            Expr::Select(select) if select.field == name => return true,
            Expr::Literal(LiteralValue::String(text)) if text.inner() == name => return true,
            _ => left.extend(inside(part)),
        }
    }
    false
}

fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(boolean) => Cel::Bool(*boolean),
        Value::Number(number) => of_number(number),
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| (Key::from(name.as_str()), to_cel(value)));
            Cel::from(fields.collect::<HashMap<_, _>>())
        }
    }
}

/// JSON has one kind of number: a whole one is an `int` where it fits, so that `output.n + 1` works
/// whether or not the job counts in unsigned numbers.
fn of_number(number: &Number) -> Cel {
    match (number.as_i64(), number.as_u64()) {
        (Some(int), _) => Cel::Int(int),
        (None, Some(large)) => Cel::UInt(large),
        _ => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

fn to_json(value: &Cel) -> Result<Value, EvaluateError> {
    let not_json = |what| Err(EvaluateError::NotJson(what));
    match value {
        Cel::Null => Ok(Value::Null),
        Cel::Bool(boolean) => Ok((*boolean).into()),
        Cel::Int(int) => Ok((*int).into()),
        Cel::UInt(int) => Ok((*int).into()),
        Cel::Float(number) => match Number::from_f64(*number) {
            Some(number) => Ok(Value::Number(number)),
            None => not_json("a number without a value"),
        },
        Cel::String(text) => Ok(text.as_str().into()),
        Cel::Timestamp(time) => Ok(time.to_rfc3339().into()),
        Cel::List(items) => items.iter().map(to_json).collect(),
        Cel::Map(map) => {
            let mut fields = Map::new();
            for (key, value) in map.map.iter() {
                let Key::String(name) = key else {
                    return not_json("an object with keys that are no text");
                };
                fields.insert(name.to_string(), to_json(value)?);
            }
            // The interpreter keeps no order.
            fields.sort_keys();
            Ok(Value::Object(fields))
        }
        Cel::Bytes(_) => not_json("bytes"),
        Cel::Duration(_) => not_json("a duration"),
        _ => not_json("no value"),
    }
}
