//! From a request to its principal.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::CookieJar;

use super::{SignIn, cookie, origin};
use crate::{
    AppState, ClientAddress,
    error::{ApiError, ApiResult},
};
use cascade_access::{Principal, Via, digest};

/// The header in which a session repeats its token.
const CSRF_HEADER: &str = "x-csrf-token";

/// Lets only those through who say who they are; cross-site requests do not get here in their name.
pub async fn authenticate(
    State(server): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match identified(&server, &parts).await {
        Ok(principal) => {
            parts.extensions.insert(principal);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    }
}

async fn identified(server: &AppState, parts: &Parts) -> ApiResult<Principal> {
    let (method, headers) = (&parts.method, &parts.headers);
    origin::same_origin(&server.auth, method, headers)?;
    let principal = holder(server, headers).await?.ok_or_else(|| {
        ApiError::unauthorized("nobody is signed in").help("sign in, or send an API token")
    })?;
    if let Some(job) = principal.only_enqueues()
        && !asks_for_runs(method, parts.uri.path(), job)
    {
        return Err(ApiError::forbidden(format!(
            "this token may only ask for runs of `{job}`: POST /api/jobs/{job}/runs and .../runs/bulk"
        )));
    }
    if let Via::Session { csrf_token, .. } = &principal.via
        && origin::is_unsafe(method)
    {
        let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        // Digests, so that the time of the comparison tells nothing.
        if sent.map(digest) != Some(digest(csrf_token)) {
            return Err(ApiError::forbidden(format!("{CSRF_HEADER} is missing or wrong"))
                .help("GET /api/session tells the token"));
        }
    }
    Ok(principal)
}

/// Whether a request is what a token for this job may do.
fn asks_for_runs(method: &Method, path: &str, job: &str) -> bool {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let of_job = path.strip_prefix("/jobs/").and_then(|rest| rest.strip_prefix(job));
    *method == Method::POST && matches!(of_job, Some("/runs" | "/runs/bulk"))
}

/// Who the headers say is there; `None` for nobody, and for a token that may only ask for runs.
pub(crate) async fn principal(
    server: &AppState,
    headers: &HeaderMap,
) -> ApiResult<Option<Principal>> {
    let found = holder(server, headers).await?;
    Ok(found.filter(|principal| principal.only_enqueues().is_none()))
}

async fn holder(server: &AppState, headers: &HeaderMap) -> ApiResult<Option<Principal>> {
    if server.auth.sign_in == SignIn::Off {
        return Ok(Some(Principal::open()));
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(bearer) = bearer {
        // A token that is wrong is not made good by a cookie.
        let Some(token) = bearer.strip_prefix("Bearer ") else { return Ok(None) };
        return Ok(server.accounts.principal_of_token(token.trim()).await?);
    }
    match cookie::read(&server.auth, &CookieJar::from_headers(headers)) {
        Some(id) => Ok(server.accounts.principal_of_session(&id).await?),
        None => Ok(None),
    }
}

/// Who makes the request; nobody is refused.
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let found = parts.extensions.get::<Principal>().cloned();
        found.map(Self).ok_or_else(|| ApiError::unauthorized("nobody is signed in"))
    }
}

/// A principal who administers the host; everybody else is refused.
pub struct Administrator(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(principal) = Caller::from_request_parts(parts, state).await?;
        match principal.admin {
            true => Ok(Self(principal)),
            false => Err(ApiError::forbidden("only an administrator may do this")),
        }
    }
}

/// A principal who is there in person; a token is refused, whatever it may do else: it must not see
/// or end what else its user has.
pub struct InPerson(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for InPerson {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Self::of(Caller::from_request_parts(parts, state).await?.0)
    }
}

impl InPerson {
    /// The same, of somebody who is known already.
    ///
    /// # Errors
    /// 403 for a token.
    pub fn of(principal: Principal) -> Result<Self, ApiError> {
        match principal.via {
            Via::Token { .. } => Err(ApiError::forbidden(
                "an API token may not do this: it takes somebody who is signed in",
            )
            .help("sign in with a browser; on the machine there is `cascade token`")),
            Via::Session { .. } | Via::Open => Ok(Self(principal)),
        }
    }
}

/// The address a request came from; none where there is no connection, as in some tests.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// For the audit log.
    pub fn text(self) -> Option<String> {
        self.0.map(|peer| peer.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ClientAddress>().map(|client| client.0)))
    }
}
