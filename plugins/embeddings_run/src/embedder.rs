//! One face for both embedders.

use std::time::Duration;

use cascade_sdk::{Context, Http, HttpError, JobError, SecretError, ViewContext};

use crate::{local, openai, params::EmbedderParams};

/// Why texts were not embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server is overloaded or broken.
    #[error("the embeddings server answered {status}")]
    Busy {
        /// Status code.
        status: u16,
        /// When it says to come back.
        after: Option<Duration>,
    },
    /// The server will not take this request.
    #[error("the embeddings server answered {status}: {text}")]
    Refused {
        /// Status code.
        status: u16,
        /// The start of its answer.
        text: String,
    },
    /// The answer is not what the endpoint promises.
    #[error("the embeddings server gave {0}")]
    Answer(String),
    /// The key is not there.
    #[error("api_key_env: {0}")]
    NoKey(#[from] SecretError),
}

impl EmbedError {
    /// How a run ends by it: what passes by itself is tried again.
    pub fn into_job_error(self) -> JobError {
        match &self {
            Self::Busy { after: Some(after), .. } => JobError::retry_after(&self, *after),
            Self::Http(_) | Self::Busy { .. } | Self::Answer(_) => JobError::retry(self),
            Self::Refused { .. } | Self::NoKey(_) => JobError::fail(self),
        }
    }
}

/// What an embedder asks of the host, during a run as during a search.
pub trait EmbedHost: Sync {
    /// The host's HTTP client.
    fn http(&self) -> Http<'_>;
    /// A variable of the host's environment.
    ///
    /// # Errors
    /// As [`Context::secret`].
    fn secret(&self, variable: &str) -> Result<String, SecretError>;
}

impl EmbedHost for Context {
    fn http(&self) -> Http<'_> {
        self.http()
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.secret(variable)
    }
}

impl EmbedHost for ViewContext {
    fn http(&self) -> Http<'_> {
        self.http()
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.secret(variable)
    }
}

impl EmbedderParams {
    /// The name stored with each vector; vectors of different names are not compared.
    pub fn model(&self) -> String {
        match self {
            Self::Local { dim } => format!("local-{}-{}", local::VERSION, bounded(*dim)),
            Self::Openai { model, .. } => format!("openai:{model}"),
        }
    }

    /// Vectors of unit length, one for each text, in the same order.
    ///
    /// # Errors
    /// [`EmbedError`].
    pub async fn embed(
        &self,
        host: &impl EmbedHost,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self {
            Self::Local { dim } => {
                Ok(texts.iter().map(|text| local::embed(text, bounded(*dim))).collect())
            }
            Self::Openai { url, model, api_key_env } => {
                let key = api_key_env.as_deref().map(|name| host.secret(name)).transpose()?;
                openai::embed(host.http(), url, model, key.as_deref(), texts).await
            }
        }
    }
}

fn bounded(dim: u32) -> usize {
    dim.clamp(64, 4096) as usize
}
