//! An OpenAI-compatible embeddings endpoint.

use std::time::Duration;

use cascade_sdk::{Http, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::{embedder::EmbedError, vector::normalize};

/// Longest text sent, in characters: models refuse what is over their window, and a message says
/// what it is about near its start.
const LONGEST_TEXT: usize = 8_000;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Vec<String>,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

/// Embeds texts in one request.
pub async fn embed(
    http: Http<'_>,
    url: &str,
    model: &str,
    key: Option<&str>,
    texts: &[String],
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let input = texts.iter().map(|text| sendable(text)).collect();
    let mut request =
        HttpRequest::post_json(url, &Request { model, input, encoding_format: "float" })?;
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let answer = http.send(request).await?;
    match answer.status {
        200 => vectors(answer.json()?, texts.len()),
        status @ (408 | 429 | 500..=599) => {
            Err(EmbedError::Busy { status, after: retry_after(&answer) })
        }
        status => {
            let text = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
            Err(EmbedError::Refused { status, text })
        }
    }
}

/// Servers refuse an empty text.
fn sendable(text: &str) -> String {
    let text: String = text.trim().chars().take(LONGEST_TEXT).collect();
    if text.is_empty() { "(empty)".to_owned() } else { text }
}

fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    answer.header("retry-after")?.parse().ok().map(Duration::from_secs)
}

fn vectors(answer: Answer, wanted: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
    let fault = |what: &str| Err(EmbedError::Answer(what.to_owned()));
    let mut items = answer.data;
    items.sort_by_key(|item| item.index);
    if !items.iter().map(|item| item.index).eq(0..wanted) {
        return fault("not one embedding for each text");
    }
    let dim = items.first().map_or(0, |item| item.embedding.len());
    if items.iter().any(|item| item.embedding.len() != dim || dim == 0) {
        return fault("embeddings of different lengths");
    }
    if items.iter().flat_map(|item| &item.embedding).any(|x| !x.is_finite()) {
        return fault("an embedding that is no number");
    }
    let unit = |mut item: Item| {
        normalize(&mut item.embedding);
        item.embedding
    };
    Ok(items.into_iter().map(unit).collect())
}
