//! Params that hold a secret, as their schema says: `format: password` or `writeOnly: true`.

use cascade_model::JsonStep;
use serde_json::Value;

/// What is shown in the place of a secret.
pub(super) const MASK: &str = "***";
/// A shorter text is no secret, and would be found everywhere.
const SHORTEST: usize = 6;

/// Params as they may be shown.
pub fn masked(schema: &Value, params: &Value) -> Value {
    let mut shown = params.clone();
    each(schema, &mut shown, &mut |_, secret| *secret = MASK.into());
    shown
}

/// The place of a secret that has what is shown instead of it, such as `.token` or `.list.0.token`: a person
/// who changes what was shown has to give the secret again.
pub fn masked_place(schema: &Value, value: &Value) -> Option<String> {
    let mut place = None;
    each(schema, &mut value.clone(), &mut |path, secret| {
        if *secret == MASK && place.is_none() {
            place = Some(path.replace('/', "."));
        }
    });
    place
}

/// The place of a secret of `before` that `after` leaves out where it has what is around it, such as `.token`: the
/// person who changed what was shown has not seen it.
pub fn left_out(schema: &Value, before: &Value, after: &Value) -> Option<String> {
    let mut place = None;
    each(schema, &mut before.clone(), &mut |path, _| {
        let around = path.rfind('/').and_then(|end| after.pointer(&path[..end]));
        if around.is_some() && after.pointer(path).is_none() && place.is_none() {
            place = Some(path.replace('/', "."));
        }
    });
    place
}

/// A text that holds none of them.
pub(super) fn hidden(mut text: String, secrets: &[String]) -> String {
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), MASK);
        }
    }
    text
}

/// Whether a value at `path` may be a secret, or a part of one, or a list of them.
pub fn is_secret(schema: &Value, path: &[JsonStep]) -> bool {
    let mut parts = vec![schema];
    let mut steps = path.iter();
    loop {
        let mut all = Vec::new();
        for part in parts {
            gather(schema, part, &mut all);
        }
        if all.iter().any(|part| secret(part)) {
            return true;
        }
        parts = Vec::new();
        match steps.next() {
            Some(JsonStep::Field(name)) => {
                all.iter().for_each(|part| of_field(part, name, &mut parts));
            }
            Some(JsonStep::Item(at)) => {
                all.iter().for_each(|part| of_item(part, *at as usize, &mut parts));
            }
            None => {
                all.iter().for_each(|part| of_items(part, &mut parts));
                let mut items = Vec::new();
                parts.into_iter().for_each(|part| gather(schema, part, &mut items));
                return items.iter().any(|part| secret(part));
            }
        }
    }
}

/// Whether a value of the field `name` may be a secret or hold one at any depth, which is not known of what an
/// expression makes.
pub(super) fn may_hold_secret(schema: &Value, name: &str) -> bool {
    let mut whole = Vec::new();
    gather(schema, schema, &mut whole);
    let mut parts = Vec::new();
    whole.iter().for_each(|part| of_field(part, name, &mut parts));
    let mut all = Vec::new();
    while let Some(part) = parts.pop() {
        // A part that is known adds nothing, so schemas that refer to themselves come to an end.
        let known = all.len();
        gather(schema, part, &mut all);
        for &part in &all[known..] {
            of_fields(part, &mut parts);
            of_items(part, &mut parts);
        }
    }
    whole.into_iter().chain(all).any(secret)
}

fn secret(part: &Value) -> bool {
    part["format"] == "password" || part["writeOnly"] == true
}

type Found<'f> = &'f mut dyn FnMut(&str, &mut Value);
type Wanted<'w> = &'w dyn Fn(&Value) -> bool;

/// Calls `found` with the path and the value of each secret.
pub(super) fn each(schema: &Value, value: &mut Value, found: Found) {
    annotated(schema, value, &secret, found);
}

/// Calls `found` with the JSON pointer and the value of each part whose schema is `wanted`.
pub(super) fn annotated(schema: &Value, value: &mut Value, wanted: Wanted, found: Found) {
    walk(schema, &[schema], value, "", wanted, found);
}

/// `parts`: all parts of the schema that speak of this value, whether or not they apply to it. One
/// that is wanted is enough.
fn walk(
    root: &Value,
    parts: &[&Value],
    value: &mut Value,
    path: &str,
    wanted: Wanted,
    found: Found,
) {
    let mut all = Vec::new();
    for part in parts {
        gather(root, part, &mut all);
    }
    if all.iter().any(|part| wanted(part)) {
        if !value.is_null() {
            found(path, value);
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let mut parts = Vec::new();
                all.iter().for_each(|part| of_field(part, name, &mut parts));
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(root, &parts, field, &format!("{path}/{name}"), wanted, found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                let mut parts = Vec::new();
                all.iter().for_each(|part| of_item(part, at, &mut parts));
                walk(root, &parts, item, &format!("{path}/{at}"), wanted, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a schema's part says of a field.
fn of_field<'s>(part: &'s Value, name: &str, parts: &mut Vec<&'s Value>) {
    parts.extend(part["properties"].get(name).or(part.get("additionalProperties")));
    let patterns = part["patternProperties"].as_object();
    parts.extend(patterns.into_iter().flat_map(|patterns| patterns.values()));
}

/// What it says of any field.
fn of_fields<'s>(part: &'s Value, parts: &mut Vec<&'s Value>) {
    for key in ["properties", "patternProperties"] {
        parts.extend(part[key].as_object().into_iter().flat_map(|fields| fields.values()));
    }
    parts.extend(part.get("additionalProperties"));
}

/// What it says of an item.
fn of_item<'s>(part: &'s Value, at: usize, parts: &mut Vec<&'s Value>) {
    parts.extend(part.get("items"));
    parts.extend(part["prefixItems"].get(at));
    parts.extend(part.get("contains"));
}

/// What it says of any item.
fn of_items<'s>(part: &'s Value, parts: &mut Vec<&'s Value>) {
    parts.extend(part.get("items"));
    parts.extend(part["prefixItems"].as_array().into_iter().flatten());
    parts.extend(part.get("contains"));
}

/// A part with those that it refers to or is put together from, each once.
pub(super) fn gather<'s>(root: &'s Value, part: &'s Value, all: &mut Vec<&'s Value>) {
    if all.iter().any(|known| std::ptr::eq(*known, part)) {
        return;
    }
    all.push(part);
    let target = part["$ref"].as_str().and_then(|target| root.pointer(target.strip_prefix('#')?));
    target.into_iter().for_each(|target| gather(root, target, all));
    for key in ["allOf", "anyOf", "oneOf"] {
        let parts = part[key].as_array().into_iter().flatten();
        parts.for_each(|part| gather(root, part, all));
    }
    for key in ["if", "then", "else"] {
        part.get(key).into_iter().for_each(|part| gather(root, part, all));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_the_schema_puts_it() {
        let schema = json!({
            "properties": {
                "plain": {"type": "string"},
                "token": {"type": "string", "format": "password"},
                "kind": {"oneOf": [
                    {"properties": {"local": {"type": "integer"}}},
                    {"$ref": "#/$defs/remote"}
                ]},
                "list": {"type": "array", "items": {"$ref": "#/$defs/remote"}},
                "recursive": {"$ref": "#"}
            },
            "additionalProperties": {"writeOnly": true},
            "$defs": {"remote": {"properties": {"a/b": {"writeOnly": true}}}}
        });
        let kept = json!({
            "plain": "shown", "token": "secret-1", "kind": {"a/b": "secret-2", "local": 1},
            "list": [{"a/b": {"deep": "secret-3"}}], "recursive": {"token": "secret-4"},
            "other": ["secret-5"], "missing": null
        });
        let shown = masked(&schema, &kept);
        assert_eq!(
            shown,
            json!({
                "plain": "shown", "token": "***", "kind": {"a/b": "***", "local": 1},
                "list": [{"a/b": "***"}], "recursive": {"token": "***"},
                "other": "***", "missing": null
            })
        );
        assert_eq!(masked_place(&schema, &shown).as_deref(), Some(".token"));
        assert_eq!(masked_place(&schema, &kept), None);
        let fewer = json!({"token": "new", "kind": {"a/b": "new"}, "other": 1, "recursive": {}});
        assert_eq!(left_out(&schema, &kept, &fewer).as_deref(), Some(".recursive.token"));
        assert_eq!(left_out(&schema, &kept, &json!({"token": "", "other": 1})), None);
        let field = |name: &str| JsonStep::Field(name.into());
        for (path, hidden) in [
            (vec![field("plain")], false),
            (vec![field("token")], true),
            (vec![field("token"), field("part")], true),
            (vec![field("kind"), field("a/b")], true),
            (vec![field("kind"), field("local")], false),
            (vec![field("list"), JsonStep::Item(3), field("a/b")], true),
            (vec![field("list"), JsonStep::Item(3)], false),
            (vec![field("recursive"), field("recursive"), field("token")], true),
            (vec![field("anything else")], true),
        ] {
            assert_eq!(is_secret(&schema, &path), hidden, "{path:?}");
        }
        let of_texts = json!({"properties": {"keys": {"items": {"format": "password"}}}});
        assert!(is_secret(&of_texts, &[field("keys")]), "an item may be looked for");
        for (name, may) in [
            ("plain", false),
            ("token", true),
            ("kind", true),
            ("list", true),
            ("recursive", true),
            ("other", true),
        ] {
            assert_eq!(may_hold_secret(&schema, name), may, "{name}");
        }
        let without = json!({"properties": {"a": {"$ref": "#"}, "b": {"items": {"$ref": "#"}}}});
        assert!(!may_hold_secret(&without, "a") && !may_hold_secret(&without, "b"));
        let secrets = ["secret-3".to_owned()];
        assert_eq!(hidden("a secret-3 and short".into(), &secrets), "a *** and short");
    }
}
