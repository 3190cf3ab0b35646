use std::time::Instant;

use serde_json::{Value, json};

use super::*;

fn facts() -> RunFacts {
    RunFacts {
        id: "7".into(),
        job: "sync".into(),
        project: "atlas".into(),
        status: Status::Success,
        attempts: 1,
        error: None,
        summary: None,
        revision: "r".into(),
        key: None,
        not_reached: Vec::new(),
    }
}

fn value(text: &str, output: &Value) -> Result<Value, EvaluateError> {
    let values = Values::new(output, &json!({"level": 2}), &facts());
    Expression::compile(text).unwrap().evaluate(&values)
}

/// As `schemars` writes it: references, nullable fields, a list of objects, a map.
fn output_schema() -> Value {
    json!({
        "$ref": "#/$defs/Synced",
        "$defs": {
            "Synced": {
                "type": "object",
                "required": ["new"],
                "properties": {
                    "new": {"type": "integer", "format": "uint64", "minimum": 0},
                    "ratio": {"type": "number"},
                    "done": {"type": "boolean"},
                    "note": {"type": ["string", "null"]},
                    "a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
                    "ids": {"type": "array", "items": {"type": "string"}},
                    "tree": {"$ref": "#/$defs/Node"},
                    "by_source": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                },
            },
            "A": {
                "type": "object",
                "properties": {
                    "b": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/C"}]}},
                },
                "additionalProperties": false,
            },
            "C": {"type": "object", "properties": {"c": {"type": "string"}}},
            "Node": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "inside": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
            },
        },
    })
}

fn checked(text: &str, wanted: &Wanted) -> Result<usize, String> {
    let (output, run) = (output_schema(), RunFacts::schema());
    let args = json!({"type": "object", "properties": {"level": {"type": "integer"}}});
    let scope = Scope { output: Some(&output), args: Some(&args), run: &run, each: None };
    let checked = Expression::compile(text).unwrap().check(&scope, wanted);
    checked.map(|checked| checked.unknown).map_err(|faults| {
        let said = faults.into_iter().map(|fault| match fault.help {
            Some(help) => format!("{}; {help}", fault.message),
            None => fault.message,
        });
        said.collect::<Vec<_>>().join(" | ")
    })
}

fn condition(text: &str) -> Result<usize, String> {
    checked(text, &Wanted::Boolean)
}

#[test]
fn whole_numbers_of_json_are_one_kind() {
    for number in [json!(2), json!(2_u64), json!(2_i64), serde_json::from_str("2").unwrap()] {
        assert_eq!(value("output.n + 1 == 3", &json!({ "n": number })), Ok(json!(true)));
    }
    let large = json!({"n": u64::MAX});
    assert_eq!(value("output.n > 5u", &large), Ok(json!(true)));
    assert_eq!(value("output.n", &large), Ok(json!(u64::MAX)));
}

#[test]
fn values_come_back_as_json() {
    let output = json!({"ids": ["a", "b"], "f": 1.5, "n": null, "o": {"z": 1, "a": [true]}});
    for text in ["output", "output.ids", "output.f", "output.n", "output.o"] {
        let path = text.replacen("output", "", 1).replace('.', "/");
        let same = value(text, &output).unwrap();
        assert_eq!(&same, output.pointer(&path).unwrap(), "{text}");
    }
    assert_eq!(value("output.ids.map(id, id + '!')", &output), Ok(json!(["a!", "b!"])));
    assert_eq!(value("run.project + string(args.level)", &output), Ok(json!("atlas2")));
    assert_eq!(value("{'n': size(output.ids)}", &output), Ok(json!({"n": 2})));
}

#[test]
fn what_has_no_value_says_why_and_quotes_no_value() {
    let output = json!({"token": "secret-7", "list": [1], "n": 0});
    for (text, why) in [
        ("output.gone", "there is no `gone`"),
        ("output.list[3]", "the list has no such element"),
        ("1 / output.n", "a division by zero"),
        ("output.n + 9223372036854775807 + 1", "a number is too large"),
        ("b'x'", "its value is bytes, which JSON does not have"),
    ] {
        assert_eq!(value(text, &output).unwrap_err().to_string(), why, "{text}");
    }
    for text in
        ["int(output.token)", "output.token + 1", "output.token < 1", "output.token.all(x, x)"]
    {
        let said = value(text, &output).unwrap_err().to_string();
        assert!(!said.contains("secret-7"), "{text}: {said}");
    }
}

#[test]
fn a_text_that_is_no_expression_is_refused_with_its_place() {
    let said = |text: &str| Expression::compile(text).unwrap_err().message;
    assert!(
        said("output.new >").starts_with("syntax error at character 13"),
        "{}",
        said("output.new >")
    );
    assert!(said("output.?new").contains("syntax error"), "{}", said("output.?new"));
    assert_eq!(said("  "), "the expression is empty");
    assert_eq!(said(&format!("'{}'", "x".repeat(LONGEST))), "the expression is 1026 bytes long");
    let nested = |depth: usize| {
        let over = |inner: &str, nth: usize| format!("output.ids.all(x{nth}, {inner})");
        (0..depth).fold("true".to_owned(), |inner, nth| over(&inner, nth))
    };
    assert!(Expression::compile(&nested(2)).is_ok());
    assert_eq!(said(&nested(3)), "comprehensions are nested 3 deep");
    // One over the result of another is beside it, not in it.
    let chained = "output.ids.filter(x, x != '').map(x, x).filter(x, x != 'b').exists(x, x == 'a')";
    assert!(Expression::compile(chained).is_ok());
}

#[test]
fn the_deepest_texts_are_refused_and_end_no_thread() {
    for text in [
        format!("{}1{}", "(".repeat(500), ")".repeat(500)),
        format!("{}1{}", "[".repeat(500), "]".repeat(500)),
        "(".repeat(1000),
        format!("{}true", "!".repeat(1000)),
        format!("{}1", "- ".repeat(500)),
        format!("{}1", "true?1:".repeat(140)),
        format!("a{}", ".a".repeat(500)),
        format!("1{}", "+1".repeat(500)),
        format!("{}{}", "{1:".repeat(200), "}".repeat(200)),
    ] {
        let began = Instant::now();
        let compiled = Expression::compile(&text);
        println!(
            "{:?} {:?}",
            began.elapsed(),
            compiled.as_ref().map(|_| ()).map_err(|f| &f.message)
        );
        if let Ok(compiled) = compiled {
            compiled.evaluate(&Values::new(&json!({}), &json!({}), &facts())).ok();
        }
    }
    let balanced = vec!["output.new == 1"; 50].join(" || ");
    let compiled = Expression::compile(&balanced).unwrap();
    let values = Values::new(&json!({"new": 2}), &json!({}), &facts());
    assert_eq!(compiled.evaluate(&values), Ok(json!(false)));
}

#[test]
fn comprehensions_over_what_is_too_long_are_not_begun() {
    let output = json!({"ids": vec![1; 1_000]});
    assert_eq!(value("output.ids.all(x, x == 1)", &output), Ok(json!(true)));
    let error = value("output.ids.all(x, output.ids.all(y, x == y))", &output).unwrap_err();
    assert_eq!(error, EvaluateError::TooMuch);
}

#[test]
fn what_would_take_too_much_memory_is_not_begun() {
    let long = "x".repeat(90_000);
    let output = json!({
        "s": "0123456789", "long": long, "items": vec![1; 40_000], "texts": vec!["abc"; 10_000],
    });
    let doubled = format!("[output.s]{}.size()", ".map(a, a + a)".repeat(30));
    for text in [
        doubled.as_str(),
        "output.items.map(i, output.long)",
        "output.items.map(i, output.long + string(i)).size()",
        "output.texts.map(t, output.texts).size()",
        "output.items.exists(i, output.long.matches('x[a-z]*(z|w)$'))",
        "output.items.all(i, i in output.items)",
    ] {
        assert_eq!(value(text, &output), Err(EvaluateError::TooMuch), "{text}");
    }
    for (text, size) in [
        ("output.texts.map(t, t + t).size()", 10_000),
        ("output.items.map(i, {'id': string(i), 'of': output.s}).size()", 40_000),
        ("output.items.filter(i, i > 1).size()", 0),
        ("(output.long + output.long).size()", 180_000),
    ] {
        assert_eq!(value(text, &output), Ok(json!(size)), "{text}");
    }
}

#[test]
fn no_fault_quotes_a_value_of_the_run() {
    let output = json!({"secret": "hunter2", "m": {}});
    for text in [
        "output.m[output.secret] == 1",
        "duration(output.secret) == duration('1s')",
        "'a'.matches(output.secret + '(')",
        "int(output.secret) == 1",
        "timestamp(output.secret) == timestamp('2026-01-01T00:00:00Z')",
    ] {
        let said = value(text, &output).unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{text}: {said}");
    }
}

#[test]
fn fields_exist_through_selects_lists_references_and_null() {
    for text in [
        "output.new > 0",
        "output.new + 1 == 3",
        "output.a.b[0].c == 'x'",
        "has(output.a.b) && size(output.a.b) > 0",
        "output.a.b.exists(each, each.c.startsWith('x'))",
        "output.a.b.map(each, each.c).all(text, size(text) < 9)",
        "output.ids.filter(id, id != '').size() > 0",
        "output.tree.inside[0].inside[1].name == ''",
        "output.note == null || output.note.contains('x')",
        "output.done ? output.ratio > 0.5 : output.ratio > 1",
        "output['new'] > 0",
        "args.level == 2 && run.attempts > 1 && run.status == 'success'",
        "'a' in output.ids && 'x' in output.by_source",
        "timestamp('2026-01-01T00:00:00Z').getFullYear() > 2000",
        "output.ids.exists_one(id, id == 'a')",
    ] {
        assert_eq!(condition(text), Ok(0), "{text}");
    }
}

#[test]
fn a_field_that_does_not_exist_is_refused_wherever_it_stands() {
    for (text, said) in [
        ("output.nwe > 0", "`output` has no field `nwe`; did you mean `new`?"),
        ("output.a.b[0].d == 'x'", "`output.a.b[0]` has no field `d`; it has: c"),
        ("has(output.a.bb)", "`output.a` has no field `bb`; did you mean `b`?"),
        ("output.a.b.all(each, each.x == 1)", "`each` has no field `x`; it has: c"),
        (
            "output.tree.inside[0].nam == ''",
            "`output.tree.inside[0]` has no field `nam`; did you mean `name`?",
        ),
        ("output['nwe'] > 0", "`output` has no field `nwe`; did you mean `new`?"),
        ("output.new.x == 1", "`output.new` is a whole number: it has no field `x`"),
        ("outptu.new > 0", "there is no `outptu`; did you mean `output`?"),
        ("item == 1", "there is no `item`; an expression sees: output, args, run"),
        ("sise(output.ids) > 0", "there is no function `sise`; did you mean `size`?"),
        ("output.ids.any(x, x == '')", "there is no function `any` of a value; there is: contains"),
        ("output.new.all(x, x)", "`output.new` is a whole number, not a list"),
        (
            "output.new == 'x'",
            "`output.new` is a whole number and one side is text: the two cannot be compared",
        ),
        ("output.new && true", "`output.new` is a whole number, not true or false"),
        ("output.new", "`output.new` is a whole number, not true or false"),
        ("output.ids[0] + 1 == 2", "`+` does not take text (`output.ids[0]`) and a whole number"),
    ] {
        let found = condition(text).unwrap_err();
        assert!(found.starts_with(said), "{text}: {found}");
    }
}

#[test]
fn what_cannot_be_known_passes_and_is_counted() {
    for (text, unknown) in [
        ("output.by_source.slack > 3", 1),
        ("output.either == 'x'", 0),
        ("output.either.x.y == 1 && output.by_source.a == 1", 2),
        ("output.done", 0),
        ("output.either", 1),
        ("dyn(output.new) == 1", 0),
    ] {
        assert_eq!(condition(text), Ok(unknown), "{text}");
    }
    let run = RunFacts::schema();
    let anything = Scope { output: None, args: None, run: &run, each: None };
    let text = Expression::compile("output.a.b.c == args.x").unwrap();
    assert_eq!(text.check(&anything, &Wanted::Boolean).unwrap().unknown, 2);
    for schema in [
        json!(true),
        json!({}),
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}, "additionalProperties": true}),
    ] {
        let scope = Scope { output: Some(&schema), ..anything };
        let text = Expression::compile("output.x == 1").unwrap();
        assert_eq!(text.check(&scope, &Wanted::Boolean).unwrap().unknown, 1, "{schema}");
    }
}

#[test]
fn a_key_is_text_and_an_arg_is_what_its_schema_takes() {
    assert_eq!(checked("output.ids[0]", &Wanted::Text), Ok(0));
    let said = checked("output.new", &Wanted::Text).unwrap_err();
    assert_eq!(said, "`output.new` is a whole number, not a text; write `string(..)` around it");
    let schema = json!({"type": "object", "properties": {
        "level": {"type": "integer"}, "name": {"type": "string"}, "any": {},
        "ratio": {"type": "number"}, "ids": {"type": "array", "items": {"type": "string"}},
    }});
    let arg = |name, text| checked(text, &Wanted::Property(&schema, name));
    assert_eq!(arg("level", "output.new"), Ok(0));
    assert_eq!(arg("ratio", "output.new"), Ok(0));
    assert_eq!(arg("ids", "output.ids"), Ok(0));
    assert_eq!(arg("any", "output.new"), Ok(1));
    let said = arg("name", "output.new").unwrap_err();
    assert_eq!(said, "`output.new` is a whole number, not text; write `string(..)` around it");
    assert_eq!(
        arg("level", "output.ids").unwrap_err(),
        "`output.ids` is a list, not a whole number"
    );
}

#[test]
fn the_output_of_a_failure_is_not_there() {
    let (nothing, run) = (json!({"type": "null"}), RunFacts::schema());
    let scope = Scope { output: Some(&nothing), args: None, run: &run, each: None };
    let text = Expression::compile("output.new > 0").unwrap();
    let faults = text.check(&scope, &Wanted::Boolean).unwrap_err();
    assert_eq!(faults[0].message, "there is no `output` to take `new` of");
}

#[test]
fn the_schema_of_a_run_is_what_it_is() {
    let facts = serde_json::to_value(facts()).unwrap();
    let schema = RunFacts::schema();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&facts), keys(&schema["properties"]));
}
