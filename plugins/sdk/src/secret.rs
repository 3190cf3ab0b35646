/// A secret that a plugin was not given; see [`Context::secret`](crate::Context::secret).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub String);

impl SecretError {
    /// For hosts: jobs.toml does not name the variable.
    pub fn not_named(variable: &str) -> Self {
        Self(format!(
            "plugins may not read the environment variable `{variable}`; to allow it, name it in `env` of `[secrets]` in jobs.toml"
        ))
    }

    /// For hosts: the variable is not set.
    pub fn not_set(variable: &str) -> Self {
        Self(format!("the environment variable `{variable}` is not set"))
    }
}
