use schemars::JsonSchema;
use serde::Deserialize;

/// `[jobs.embeddings_run.params]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What turns text into vectors. Changing it embeds every message again on the next run.
    #[serde(default)]
    pub embedder: EmbedderParams,
    /// Messages embedded and written at a time.
    #[serde(default)]
    pub batch_size: BatchSize,
    /// Search leaves out what is less similar than this, 0..1.
    #[serde(default)]
    pub min_similarity: MinSimilarity,
}

/// How many messages at a time; 64 unless told otherwise.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct BatchSize(#[schemars(range(min = 1, max = 512))] u32);

impl BatchSize {
    /// The number, within what the schema allows.
    pub fn get(self) -> usize {
        self.0.clamp(1, 512) as usize
    }
}

impl Default for BatchSize {
    fn default() -> Self {
        Self(64)
    }
}

/// The least similarity that search shows; 0.2 unless told otherwise.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct MinSimilarity(#[schemars(range(min = 0.0, max = 1.0))] f32);

impl MinSimilarity {
    /// The number.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl Default for MinSimilarity {
    fn default() -> Self {
        Self(0.2)
    }
}

/// What turns text into vectors.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum EmbedderParams {
    /// In this process: needs no network and no model file, knows words and their forms.
    Local {
        /// Length of the vectors; longer ones tell more words apart.
        #[serde(default = "local_dim")]
        #[schemars(range(min = 64, max = 4096))]
        dim: u32,
    },
    /// Any server with the OpenAI embeddings endpoint.
    Openai {
        /// Full address of the endpoint, such as `http://localhost:11434/v1/embeddings`; a host of
        /// one's own must be in `allow` of `[http]`.
        url: String,
        /// Model name as the server knows it.
        model: String,
        /// Name of the environment variable that holds the key, which `env` of `[secrets]` must name
        /// too; none for a server without keys.
        #[serde(default)]
        #[schemars(extend("format" = "env"))]
        api_key_env: Option<String>,
    },
}

fn local_dim() -> u32 {
    256
}

impl Default for EmbedderParams {
    fn default() -> Self {
        Self::Local { dim: local_dim() }
    }
}
