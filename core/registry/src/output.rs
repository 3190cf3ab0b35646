//! Checks the output of a library or a program against the schema that it declares. Nothing has checked it before.

use cascade_sdk::{JobError, Outcome};
use serde_json::Value;

/// The outcome, if its output is what `schema` says. No output at all always is.
///
/// # Errors
/// [`JobError::Fail`] that says what is wrong.
pub(crate) fn checked(schema: &Value, outcome: Outcome<Value>) -> Result<Outcome<Value>, JobError> {
    if outcome.output.is_null() || schema.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(outcome);
    }
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| JobError::fail(format!("output_schema: {error}")))?;
    match validator.validate(&outcome.output) {
        Ok(()) => Ok(outcome),
        Err(error) => {
            let at = error.instance_path().to_string().replace('/', ".");
            let message = format!("`output{at}` is not as its output_schema says: {error}");
            Err(JobError::fail(message))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_output_is_what_its_schema_says_or_none() {
        let schema = json!({"type": "object", "properties": {"new": {"type": "integer"}}});
        let of = |output| checked(&schema, Outcome::output(output));
        assert!(of(json!({"new": 2})).is_ok() && of(Value::Null).is_ok());
        let said = of(json!({"new": "two"})).unwrap_err().to_string();
        assert!(said.starts_with("`output.new` is not as its output_schema says"), "{said}");
        assert!(checked(&json!({}), Outcome::output(json!([1]))).is_ok());
    }
}
