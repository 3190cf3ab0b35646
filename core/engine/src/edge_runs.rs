//! The runs that an edge makes: how many, and what each is asked for. No database: the same end leads to the
//! same runs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cascade_config::{ArgsSchema, Edge, EdgeArg};
use cascade_expr::{EvaluateError, Expression, Values};
use cascade_model::{
    EdgeRun, Explanation, KEY_OF_SCHEDULE, LONGEST_KEY, OnDuplicate, RunRequest, border,
    explanation,
};
use serde_json::{Map, Value};

/// The most runs that the edges of one end make.
const MOST: usize = 10_000;
/// How long the expressions of one edge may take. One expression takes up to a second, and each element of a
/// list has as many as the edge has args.
const LONGEST: Duration = Duration::from_secs(10);

/// A job that an edge leads to.
#[derive(Debug, Clone)]
pub(crate) struct Downstream {
    /// What its args have to fit; `None` where its plugin is not loaded, so that only the claim can tell.
    pub schema: Option<Arc<ArgsSchema>>,
    /// What its runs are asked for where the edge gives no args.
    pub args: Value,
    /// The priority of its runs.
    pub priority: u8,
}

/// What the runs may still be that one end makes.
pub(crate) struct Room {
    /// Of their args.
    bytes: usize,
    runs: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: border::CHILDREN, runs: MOST }
    }
}

/// The runs of `edge`, asked for by `upstream`.
///
/// # Errors
/// Why it makes none: all of its runs are made, or none.
pub(crate) fn made(
    edge: &Edge,
    upstream: &str,
    downstream: &Downstream,
    values: &mut Values,
    room: &mut Room,
) -> Result<Vec<EdgeRun>, Explanation> {
    let began = Instant::now();
    let Some(each) = &edge.each else {
        return Ok(vec![run(edge, upstream, downstream, values, room)?]);
    };
    let items = match each.evaluate(values) {
        Ok(Value::Array(items)) => items,
        Ok(_) => return Err(explanation!("no_list", "`{each}` is no list", each = each)),
        Err(error) => return Err(no_value(each.source(), &error)),
    };
    if items.len() > MOST {
        return Err(explanation!(
            "too_many_elements",
            "`{each}` has {length} elements; at most {most} runs are made",
            each = each,
            length = items.len(),
            most = MOST,
        ));
    }
    let mut runs = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        if began.elapsed() > LONGEST {
            let text = format!("its expressions take longer than {LONGEST:?}");
            return Err(Explanation::new("takes_too_long", text));
        }
        values.set_item(item);
        let made = run(edge, upstream, downstream, values, room);
        runs.push(made.map_err(|why| {
            let text = format!("element {place} of `{each}`: {why}");
            let told = Explanation::new("element", text).with("place", &place).with("each", each);
            told.of(why)
        })?);
    }
    Ok(runs)
}

fn run(
    edge: &Edge,
    upstream: &str,
    downstream: &Downstream,
    values: &Values,
    room: &mut Room,
) -> Result<EdgeRun, Explanation> {
    let args = match &edge.args {
        Some(args) => {
            let schema = downstream.schema.as_deref();
            let arg = |(name, arg): (&String, _)| {
                Ok((name.clone(), arg_of((name, arg), schema, values)?))
            };
            let args = args.iter().map(arg);
            Value::Object(args.collect::<Result<Map<_, _>, Explanation>>()?)
        }
        None => downstream.args.clone(),
    };
    let args = border::args(args).map_err(unfit)?;
    if let Some(schema) = &downstream.schema {
        schema.check(&args).map_err(unfit)?;
    }
    let bytes = args.to_string().len();
    room.bytes = room.bytes.checked_sub(bytes).ok_or_else(|| {
        explanation!(
            "too_many_bytes",
            "the args of all runs that this end makes have more than {most} bytes",
            most = border::CHILDREN,
        )
    })?;
    room.runs = room.runs.checked_sub(1).ok_or_else(|| {
        explanation!(
            "too_many_runs",
            "the edges of this end make more than {most} runs",
            most = MOST
        )
    })?;
    let key = match &edge.key {
        Some(key) => Some(key_of(key, values)?),
        // One that only comes later is still a run of the schedule.
        None if edge.args.is_none() && edge.each.is_none() => Some(KEY_OF_SCHEDULE.into()),
        None => None,
    };
    let is_one = edge.each.is_none() && edge.after.is_none();
    let may_join = edge.args.is_none() && is_one && key.is_some();
    let priority = downstream.priority;
    let asked_by = Some(upstream.to_owned());
    Ok(EdgeRun {
        job: edge.job.clone(),
        request: RunRequest { key, args, priority, run_at: None, asked_by, tags: Vec::new() },
        after: edge.after,
        on_duplicate: if may_join { OnDuplicate::Merge } else { OnDuplicate::Queue },
        debounce: edge.debounced(),
    })
}

/// That args do not fit, as `fault` says.
pub(crate) fn unfit(fault: String) -> Explanation {
    let told = Explanation::new("args_unfit", fault.clone());
    told.with("fault", &fault)
}

/// The value of an arg that fits `schema`, `None` where its plugin is not loaded. An expression that may have a secret in
/// it is not quoted.
pub(crate) fn arg_of(
    (name, arg): (&str, &EdgeArg),
    schema: Option<&ArgsSchema>,
    values: &Values,
) -> Result<Value, Explanation> {
    let expression = match arg {
        EdgeArg::Expression(expression) => expression,
        EdgeArg::Value(value) => return Ok(value.clone()),
    };
    expression.evaluate(values).map_err(|error| {
        let may_be_quoted = schema.is_some_and(|schema| !schema.may_hold_secret(name));
        no_value(if may_be_quoted { expression.source() } else { "***" }, &error)
    })
}

pub(crate) fn key_of(expression: &Expression, values: &Values) -> Result<String, Explanation> {
    text_of("the key ", expression, values)
}

/// A text of 1 to 256 bytes; errors begin with `what`.
pub(crate) fn text_of(
    what: &str,
    expression: &Expression,
    values: &Values,
) -> Result<String, Explanation> {
    let Value::String(key) = value_of(expression, values)? else {
        let text = format!("{what}`{expression}` is no text; write `string(..)` around it");
        return Err(Explanation::new("no_text", text).with("expression", expression));
    };
    let key = border::clean(key);
    let length = key.len();
    if (1..=LONGEST_KEY).contains(&length) {
        return Ok(key);
    }
    let text = format!("{what}`{expression}` has {length} bytes; it may have 1 to {LONGEST_KEY}");
    let told = Explanation::new("text_length", text).with("expression", expression);
    Err(told.with("length", &length).with("most", &LONGEST_KEY))
}

pub(crate) fn value_of(expression: &Expression, values: &Values) -> Result<Value, Explanation> {
    expression.evaluate(values).map_err(|error| no_value(expression.source(), &error))
}

/// That an expression has no value, as `error` says.
pub(crate) fn no_value(expression: &str, error: &EvaluateError) -> Explanation {
    let text = format!("`{expression}` has no value: {error}");
    Explanation::new("no_value", text).with("expression", &expression).of(why(error))
}

fn why(error: &EvaluateError) -> Explanation {
    let told = |code| Explanation::new(code, error.to_string());
    match error {
        EvaluateError::Unknown(name) => told("unknown_name").with("name", name),
        EvaluateError::NoField => told("no_field"),
        EvaluateError::NoElement => told("no_element"),
        EvaluateError::DivisionByZero => told("division_by_zero"),
        EvaluateError::TooLarge => told("number_too_large"),
        EvaluateError::NotTaken(function) => told("value_not_taken").with("function", function),
        EvaluateError::NoFields => told("no_fields"),
        EvaluateError::Types { function, types } => {
            told("types_not_taken").with("function", function).with("types", types)
        }
        EvaluateError::Unfit => told("values_unfit"),
        EvaluateError::Panicked => told("interpreter_panicked"),
        EvaluateError::TooMuch => told("too_much"),
        EvaluateError::NotJson(what) => told("not_json").with("what", what),
    }
}

#[cfg(test)]
mod tests {
    use cascade_expr::{RunFacts, Status};
    use serde_json::json;

    use super::*;

    fn expression(text: &str) -> Option<Expression> {
        Some(Expression::compile(text).unwrap())
    }

    fn values(output: &Value) -> Values {
        let run = RunFacts {
            id: "1".into(),
            job: "up".into(),
            project: "atlas".into(),
            status: Status::Success,
            attempts: 1,
            error: None,
            summary: None,
            revision: "r".into(),
            key: None,
            not_reached: Vec::new(),
        };
        Values::new(output, &json!({}), &run)
    }

    fn downstream() -> Downstream {
        let schema = json!({"properties": {"id": {"type": "string"}}});
        let schema = Some(Arc::new(ArgsSchema::of(&schema).unwrap()));
        Downstream { schema, args: json!({"id": "by default"}), priority: 3 }
    }

    fn made(edge: &Edge, output: &Value) -> Result<Vec<EdgeRun>, Explanation> {
        super::made(edge, "up", &downstream(), &mut values(output), &mut Room::default())
    }

    fn each() -> Edge {
        let args = [
            ("id".to_owned(), EdgeArg::Expression(Expression::compile("item.id").unwrap())),
            ("level".to_owned(), EdgeArg::Value(json!(2))),
        ];
        Edge {
            each: expression("output.all"),
            key: expression("item.id"),
            args: Some(args.into()),
            ..Edge::plain("down")
        }
    }

    #[test]
    fn a_run_is_made_of_each_element_with_its_args_and_key() {
        let runs = made(&each(), &json!({"all": [{"id": "a"}, {"id": "b"}]})).unwrap();
        let asked = runs.iter().map(|run| (run.request.key.as_deref(), &run.request.args));
        let (a, b) = (json!({"id": "a", "level": 2}), json!({"id": "b", "level": 2}));
        assert_eq!(asked.collect::<Vec<_>>(), [(Some("a"), &a), (Some("b"), &b)]);
        assert_eq!((runs[0].request.priority, runs[0].on_duplicate), (3, OnDuplicate::Queue));
        assert_eq!(made(&each(), &json!({"all": []})), Ok(Vec::new()));
    }

    #[test]
    fn an_edge_makes_all_of_its_runs_or_says_why_it_makes_none() {
        let long = "x".repeat(257);
        let many: Vec<_> = (0..=MOST).collect();
        for (output, why) in [
            (
                json!({"all": [{"id": "a"}, {"id": 7}]}),
                "element 1 of `output.all`: args.id: value is not",
            ),
            (json!({"all": [{}]}), "element 0 of `output.all`: `item.id` has no value"),
            (json!({"all": [{"id": long}]}), "has 257 bytes; it may have 1 to 256"),
            (json!({"all": 7}), "`output.all` is no list"),
            (json!({"all": many}), "has 10001 elements; at most 10000 runs are made"),
        ] {
            let said = made(&each(), &output).unwrap_err();
            assert!(said.text.contains(why), "{why}: {said}");
        }
        let mut room = Room { bytes: 30, ..Room::default() };
        let output = json!({"all": [{"id": "a"}, {"id": "b"}]});
        let said = super::made(&each(), "up", &downstream(), &mut values(&output), &mut room);
        assert!(said.unwrap_err().text.contains("the args of all runs that this end makes"));
    }

    #[test]
    fn why_there_are_no_runs_is_told_by_codes_down_to_the_expression() {
        let codes = |output: serde_json::Value| {
            let mut why = made(&each(), &output).unwrap_err();
            let mut codes = Vec::new();
            loop {
                codes.push(why.code.to_string());
                let Some(part) = why.parts.pop() else { return codes };
                assert!(why.text.ends_with(&part.text), "{} has {}", why.text, part.text);
                why = part;
            }
        };
        assert_eq!(codes(json!({})), ["no_value", "unknown_name"]);
        assert_eq!(codes(json!({"all": [{}]})), ["element", "no_value", "unknown_name"]);
        assert_eq!(codes(json!({"all": ["a"]})), ["element", "no_value", "no_fields"]);
        assert_eq!(codes(json!({"all": [{"id": 7}]})), ["element", "args_unfit"]);
        assert_eq!(codes(json!({"all": [{"id": ""}]})), ["element", "text_length"]);
    }

    #[test]
    fn a_run_without_args_joins_one_of_its_key_that_waits_unless_it_is_put_off() {
        let (key, after) = (expression("run.project"), Some(Duration::from_secs(30)));
        for (edge, key, rule) in [
            (Edge { key, ..Edge::plain("down") }, Some("atlas"), OnDuplicate::Merge),
            (Edge { after, ..Edge::plain("down") }, Some(KEY_OF_SCHEDULE), OnDuplicate::Queue),
            (Edge { each: expression("[1, 2]"), ..Edge::plain("down") }, None, OnDuplicate::Queue),
        ] {
            let run = made(&edge, &json!(null)).unwrap().remove(0);
            assert_eq!((run.request.key.as_deref(), run.on_duplicate), (key, rule));
            assert_eq!(run.request.args, json!({"id": "by default"}));
            assert_eq!(run.after, edge.after);
        }
    }

    #[test]
    fn an_expression_of_a_secret_arg_is_not_quoted() {
        let schema = json!({"properties": {"token": {"writeOnly": true}, "place": {}}});
        let schema = ArgsSchema::of(&schema).unwrap();
        let arg = EdgeArg::Expression(Expression::compile("'s3cret' + output.gone").unwrap());
        let values = values(&json!({}));
        let said = |name, schema| {
            let why = arg_of((name, &arg), schema, &values).unwrap_err();
            format!("{why} {why:?}")
        };
        assert!(!said("token", Some(&schema)).contains("s3cret"));
        assert!(!said("place", None).contains("s3cret"), "nobody knows whether it is secret");
        assert!(said("place", Some(&schema)).contains("s3cret"));
    }
}
