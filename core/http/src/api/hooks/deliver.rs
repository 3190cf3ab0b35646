//! What others send to a hook. Nobody signs in here: the sender proves by a signature that they know a secret of
//! the hook. In this order: how much the address sends, whether there is such a hook, how large the body is, the
//! signature; only then is the body read.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
};
use chrono::Utc;
use futures::StreamExt;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    headers,
    make::{Done, Incoming, SentAs, make},
};
use crate::{
    AppState, ClientAddress,
    error::{ApiError, ApiResult, ErrorBody},
    middleware::{
        auth::Peer,
        edges::{MOST_DRAINED_BYTES, MOST_HOOK_BYTES},
        extract::{Json, Path},
    },
};
use cascade_access::{is_signed_as_github, is_signed_as_stripe};
use cascade_config::{Config, Hook, HookScheme};
use cascade_model::metric::HOOK_DELIVERIES;

/// Describes `{name}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct HookName {
    /// The hook, as jobs.toml calls it.
    #[param(max_length = 64)]
    name: String,
}

/// What came of a delivery.
#[derive(Serialize, ToSchema)]
pub struct DeliveryAnswer {
    outcome: Answered,
    /// The run that was made of it.
    run_id: Option<Uuid>,
    /// Why it was ignored.
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answered {
    /// A run was made.
    Run,
    /// A run was made when it came before.
    Duplicate,
    /// It is none that a run is made of.
    Ignored,
}

impl DeliveryAnswer {
    fn of(outcome: Answered, run_id: Option<Uuid>, reason: Option<String>) -> Self {
        Self { outcome, run_id, reason }
    }
}

/// Has a run made by who knows a secret of the hook, and needs no account. `X-Hub-Signature-256` or
/// `Stripe-Signature` proves it, as jobs.toml says for the hook. A delivery that is sent again makes no second run.
#[utoipa::path(
    post, path = "/hooks/{name}", params(HookName),
    request_body(content = Object, description = "Any JSON of at most 1 MiB."),
    responses(
        (status = 202, description = "A run is made of it, or was before.", body = DeliveryAnswer),
        (status = 200, description = "It is none that a run is made of.", body = DeliveryAnswer),
        (status = 400, description = "Its body is no JSON.", body = ErrorBody),
        (status = 401, description = "Its signature is missing or wrong.", body = ErrorBody),
        (status = 404, description = "There is no such hook.", body = ErrorBody),
        (status = 408, body = ErrorBody),
        (status = 409, description = "The job takes no runs now.", body = ErrorBody),
        (status = 413, description = "Its body is over 1 MiB.", body = ErrorBody),
        (status = 422, description = "No run can be made of what it says.", body = ErrorBody),
        (status = 429, description = "Too many from this address.", body = ErrorBody),
        (status = 500, body = ErrorBody),
        (status = 503, description = "None of the hook's secrets is set.", body = ErrorBody),
    )
)]
pub async fn deliver(
    State(server): State<AppState>,
    client: ClientAddress,
    peer: Peer,
    Path(name): Path<String>,
    request: Request,
) -> ApiResult<(StatusCode, Json<DeliveryAnswer>)> {
    let config = server.config.current();
    let is_in_order = server.hooks.check(&config.hooks, &name, client.bucket());
    let Some(hook) = config.hooks.get(&name) else {
        is_in_order.map_err(too_many)?;
        return Err(ApiError::not_found("there is no such hook"));
    };
    let counted = |outcome: &'static str| count(&name, outcome);
    is_in_order.map_err(|wait| {
        counted("limited");
        too_many(wait)
    })?;
    let (parts, body) = request.into_parts();
    let body = read(body).await.inspect_err(|_| counted("malformed"))?;
    let is_signed = is_signed(&config, &name, hook, &parts.headers, &body);
    if !is_signed.inspect_err(|_| counted("no_secret"))? {
        counted("unsigned");
        tracing::warn!(hook = %name, address = ?peer.text(), "a delivery was not signed by a secret of the hook");
        return Err(ApiError::unauthorized("the signature is missing or wrong"));
    }
    let incoming = incoming(&name, hook, peer, &parts.headers, body);
    let incoming = incoming.inspect_err(|_| counted("malformed"))?;
    let engine = server.engine.clone();
    let done = make(&server, incoming, |_| Ok(engine)).await;
    match done.inspect_err(|error| {
        if error.is_bad_request() {
            counted("malformed")
        }
    })? {
        Done::Run { run, before } => {
            let outcome = if before { Answered::Duplicate } else { Answered::Run };
            counted(if before { "duplicate" } else { "run" });
            Ok((StatusCode::ACCEPTED, Json(DeliveryAnswer::of(outcome, Some(run), None))))
        }
        Done::Ignored(reason) => {
            counted("ignored");
            let answer = DeliveryAnswer::of(Answered::Ignored, None, Some(reason.text));
            Ok((StatusCode::OK, Json(answer)))
        }
        Done::Refused(error) => {
            counted("refused");
            Err(error)
        }
    }
}

fn count(hook: &str, outcome: &'static str) {
    let labels = [("hook", hook.to_owned()), ("outcome", outcome.to_owned())];
    metrics::counter!(HOOK_DELIVERIES.name, &labels).increment(1);
}

fn too_many(wait: std::time::Duration) -> ApiError {
    ApiError::too_many("too many deliveries from this address").retry_after(wait)
}

/// A body that is too large is read to its end, or the sender would not see the answer.
async fn read(body: Body) -> ApiResult<Vec<u8>> {
    let (mut kept, mut length) = (Vec::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| ApiError::bad_request("body: it broke off"))?;
        length += part.len();
        if length <= MOST_HOOK_BYTES {
            kept.extend_from_slice(&part);
        } else if length > MOST_DRAINED_BYTES {
            break;
        }
    }
    if length > MOST_HOOK_BYTES {
        return Err(ApiError::body_too_large(MOST_HOOK_BYTES));
    }
    Ok(kept)
}

/// Whether it is signed by one of the hook's secrets. Which of all reasons there is for that it is not is not told.
///
/// # Errors
/// 503 when there is nothing that it could be signed by.
fn is_signed(
    config: &Config,
    name: &str,
    hook: &Hook,
    headers: &HeaderMap,
    body: &[u8],
) -> ApiResult<bool> {
    let secrets = hook.secrets.iter().filter_map(|secret| config.secrets.read(secret).ok());
    let secrets: Vec<_> = secrets.collect();
    if secrets.is_empty() {
        tracing::error!(hook = %name, variables = ?hook.secrets, "none of the variables with the hook's secrets is set");
        return Err(
            ApiError::unavailable("the hook has no secret yet").help("see the server's log")
        );
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Ok(match hook.scheme {
        HookScheme::Github => {
            let signature = text("x-hub-signature-256").unwrap_or_default();
            is_signed_as_github(&secrets, signature, body)
        }
        HookScheme::Stripe => {
            let signature = text("stripe-signature").unwrap_or_default();
            let now = Utc::now().timestamp();
            is_signed_as_stripe(&secrets, signature, body, now, hook.tolerance)
        }
    })
}

fn incoming(
    name: &str,
    hook: &Hook,
    peer: Peer,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> ApiResult<Incoming> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::bad_request("body: a form is not read")
            .help("choose `application/json` as the content type where the webhook is set up"));
    }
    let not_text = |_| ApiError::bad_request("body: it is not UTF-8");
    let body = String::from_utf8(body).map_err(not_text)?;
    let time = text("stripe-signature").and_then(|signature| {
        let mut parts = signature.split(',').filter_map(|part| part.trim().split_once('='));
        parts.find(|(name, _)| *name == "t").map(|(_, time)| time.to_owned())
    });
    let time = time.filter(|_| hook.scheme == HookScheme::Stripe);
    let sent_as = SentAs { name: text("x-github-delivery").map(ToOwned::to_owned), time };
    Ok(Incoming {
        name: name.to_owned(),
        hook: hook.clone(),
        address: peer.text(),
        headers: headers::shown(headers),
        body,
        sent_as,
        replay: None,
    })
}
