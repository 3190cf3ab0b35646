//! The key that the args of a run give it.

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// The most bytes of a key.
pub const LONGEST_KEY: usize = 256;

/// The key of a run that is asked for `args` and without a key: the value at the dotted path `from`, as the SQL function
/// `key_of_arg` of the migrations says it. A text, a whole number, `true` or `false`; a text of more than
/// [`LONGEST_KEY`] bytes by its hash. Anything else gives none.
pub fn key_of_args(from: &str, args: &Value) -> Option<String> {
    let value = from.split('.').try_fold(args, |value, name| value.as_object()?.get(name))?;
    match value {
        Value::String(text) if text.len() > LONGEST_KEY => {
            let digest = Sha256::digest(text);
            let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("sha256:{digits}"))
        }
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => whole(number),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number of at most 18 digits: of more, not every reader of JSON keeps all.
fn whole(number: &Number) -> Option<String> {
    let text = number.to_string();
    let is_whole = number.is_i64() || number.is_u64();
    (is_whole && text.trim_start_matches('-').len() <= 18).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arg_gives_its_value_as_key() {
        let args = json!({
            "customer": {"id": 7, "name": "ann", "nobody": null},
            "paid": true, "sum": 1.5, "below": -12, "empty": "", "list": ["a"],
            "largest": 999_999_999_999_999_999_u64, "too_large": u64::MAX,
        });
        for (from, key) in [
            ("customer.id", Some("7")),
            ("customer.name", Some("ann")),
            ("paid", Some("true")),
            ("below", Some("-12")),
            ("largest", Some("999999999999999999")),
            ("too_large", None),
            ("customer.nobody", None),
            ("customer.other", None),
            ("customer", None),
            ("customer.id.deeper", None),
            ("sum", None),
            ("empty", None),
            ("list", None),
            ("list.0", None),
        ] {
            assert_eq!(key_of_args(from, &args).as_deref(), key, "{from}");
        }
    }

    #[test]
    fn a_long_text_gives_its_hash() {
        let longest = "x".repeat(LONGEST_KEY);
        assert_eq!(key_of_args("a", &json!({"a": longest})), Some(longest.clone()));
        let key = key_of_args("a", &json!({"a": format!("{longest}x")})).unwrap();
        assert_eq!((key.len(), &key[..7]), (71, "sha256:"));
    }
}
