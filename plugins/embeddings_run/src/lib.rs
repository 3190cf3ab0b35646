//! `embeddings_run`: gives every message a vector, and searches messages by them.
//!
//! The default embedder runs in this process (see `local.rs` for its method and limits); an
//! OpenAI-compatible server takes its place by `params.embedder`. The `messages` view lives here,
//! since its search embeds the query with the same embedder.

mod concepts;
mod embedder;
mod job;
mod lexical;
mod local;
mod openai;
mod params;
mod search;
mod signals;
mod vector;
mod view;
mod words;

pub use embedder::EmbedError;
pub use job::{Args, EmbeddingsRun, Output};
pub use params::{BatchSize, EmbedderParams, MinSimilarity, Params};
pub use signals::MessageSignal;
pub use view::{MessageFilter, MessageRow, Messages};

cascade_sdk::submit_migrations!("0001_init.sql");
