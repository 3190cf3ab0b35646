//! Settings that hold a password: from the environment, or from a file, as containers are given them.

use std::path::PathBuf;

use crate::host::Secret;
use cascade_config::environment;

/// `given`, or the hidden variable `name`, or what stands in `file`; nothing if none is set.
pub(super) fn read(
    name: &str,
    given: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Secret>, String> {
    let given = given.filter(|text| !text.is_empty()).or_else(|| environment::var(name));
    let file = file.filter(|path| !path.as_os_str().is_empty());
    let (given, file) = match (given, file) {
        (Some(_), Some(_)) => return Err(format!("both {name} and {name}_FILE are set")),
        (given, None) => return Ok(given.map(Secret::new)),
        (None, Some(file)) => (std::fs::read_to_string(&file), file),
    };
    let told = |what: &dyn std::fmt::Display| format!("{name}_FILE: {}: {what}", file.display());
    // An editor ends a file with a line break.
    let text = given.map_err(|error| told(&error))?.trim().to_owned();
    if text.is_empty() { Err(told(&"the file is empty")) } else { Ok(Some(Secret::new(text))) }
}
