//! Incoming webhooks of Slack, and of what takes the same JSON.

use cascade_sdk::{Context, HttpRequest};
use serde_json::json;

use crate::{fault::Fault, message::Message, params::Slack, webhook::accepted};

pub async fn send(ctx: &Context, to: &Slack, message: &Message) -> Result<(), Fault> {
    let url = ctx.secret(&to.url_env).map_err(Fault::passing)?;
    let text = format!("*{}*\n{}", escaped(&message.subject), escaped(&message.body));
    let request = HttpRequest::post_json(url.trim(), &json!({ "text": text }));
    let request = request.map_err(Fault::lasting)?;
    // The address is a secret; what the host says of a failed request does not hold it.
    let answer = ctx.http().send(request).await;
    let answer = answer.map_err(|error| {
        Fault::passing(error.to_string().replace(url.trim(), &format!("${}", to.url_env)))
    })?;
    accepted(&answer)
}

/// What Slack takes for links, mentions and its own escapes is shown as text: an error may hold anything.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
