use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cascade_model::Registry;
use jsonschema::Validator;
use serde_json::Value;

use super::secrets::may_hold_secret;

/// The args schemas of all job types, each compiled when it is first asked for.
#[derive(Debug)]
pub struct ArgsSchemas {
    registry: Arc<Registry>,
    compiled: Mutex<HashMap<String, Result<Arc<ArgsSchema>, String>>>,
}

impl ArgsSchemas {
    /// Of the job types in a registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, compiled: Mutex::default() }
    }

    /// That of a job.
    ///
    /// # Errors
    /// What is wrong with the schema itself, or that its plugin is not loaded.
    pub fn of(&self, job: &str) -> Result<Arc<ArgsSchema>, String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(job) {
            return known.clone();
        }
        let job_type = self.registry.job(job).ok_or("its plugin is not loaded")?;
        let schema = ArgsSchema::of(&job_type.descriptor().args_schema).map(Arc::new);
        compiled.insert(job.into(), schema.clone());
        schema
    }
}

/// What the args of a job's runs have to fit.
#[derive(Debug)]
pub struct ArgsSchema {
    validator: Validator,
    schema: Value,
}

impl ArgsSchema {
    /// Of a job's `args_schema`.
    ///
    /// # Errors
    /// What is wrong with the schema itself.
    pub fn of(schema: &Value) -> Result<Self, String> {
        let invalid = |error| format!("the plugin's own args schema is not valid: {error}");
        let validator = jsonschema::validator_for(schema).map_err(invalid)?;
        Ok(Self { validator, schema: schema.clone() })
    }

    /// Whether the arg `name` may be a secret or hold one.
    pub fn may_hold_secret(&self, name: &str) -> bool {
        may_hold_secret(&self.schema, name)
    }

    /// Whether `args` fit.
    ///
    /// # Errors
    /// Each fault with its place, such as `args.level: value is not of type "integer"`. Values may be secret, and
    /// are not quoted.
    pub fn check(&self, args: &Value) -> Result<(), String> {
        let said = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string().replace('/', ".");
            format!("args{place}: {}", error.masked())
        };
        let faults: Vec<_> = self.validator.iter_errors(args).map(said).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_fault_is_told_with_its_place() {
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "level": { "type": "integer" }, "ids": { "items": { "type": "string" } } },
        });
        let schema = ArgsSchema::of(&schema).unwrap();
        assert_eq!(schema.check(&json!({ "level": 2 })), Ok(()));
        let faults = schema.check(&json!({ "level": "x", "ids": [1], "more": true })).unwrap_err();
        for part in ["args.level: value is", "args.ids.0: value is", "'more' was unexpected"] {
            assert!(faults.contains(part), "{part}: {faults}");
        }
        assert!(ArgsSchema::of(&json!({ "type": 7 })).unwrap_err().contains("not valid"));
    }
}
