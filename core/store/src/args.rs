//! Args of runs as they are read.

use serde_json::Value;

/// Args from the text that the database keeps. PostgreSQL's type json, which `cascade_enqueue()` takes, has texts that
/// serde_json refuses, such as `"\ud800"` and `1e999`. They are read as null, which
/// [`RunRequest::readable_args`](cascade_model::RunRequest::readable_args) refuses: an error here would be one of all
/// runs that are read together.
pub(crate) fn args_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_null() {
        assert_eq!(args_of(r#"{"level": 2}"#), json!({"level": 2}));
        let deep = format!(r#"{{"a": {}1{}}}"#, "[".repeat(127), "]".repeat(127));
        for text in [r#"{"half": "\ud800"}"#, r#"{"large": 1e999}"#, &deep] {
            assert_eq!(args_of(text), Value::Null, "{text}");
        }
    }
}
