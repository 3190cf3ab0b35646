//! Signing in and out, and what a session looks at.

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode},
};
use axum_extra::extract::cookie::CookieJar;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{self, InPerson, Peer, SignIn},
        extract::Json,
    },
};
use cascade_access::{Audited, LONGEST_NAME, LONGEST_PASSWORD, Principal, Role, SignedIn, Via};
use cascade_store::Queries;

#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Whether people sign in here at all.
    sign_in: bool,
    /// Whether they may do so by OpenID Connect.
    oidc: bool,
    /// Who is signed in.
    user: Option<SessionUser>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionUser {
    name: String,
    /// What their provider calls them.
    display_name: Option<String>,
    /// Sees all projects, edits jobs.toml, manages users.
    admin: bool,
    /// The projects they may see.
    projects: Vec<SessionProject>,
    /// What lists and events are limited to; `null` for all that they may see.
    active_project: Option<Uuid>,
    /// Unsafe requests repeat it in `X-CSRF-Token`.
    csrf_token: String,
    has_password: bool,
}

#[derive(Serialize, ToSchema)]
pub struct SessionProject {
    id: Uuid,
    slug: String,
    name: String,
    role: super::response::Role,
}

async fn describe(server: &AppState, principal: Option<Principal>) -> ApiResult<Session> {
    let sign_in = server.auth.sign_in == SignIn::Required;
    let oidc = server.oidc.is_some();
    let Some(principal) = principal else { return Ok(Session { sign_in, oidc, user: None }) };
    let (csrf_token, active_project) = match &principal.via {
        Via::Session { csrf_token, active_project, .. } => (csrf_token.clone(), *active_project),
        Via::Token { .. } | Via::Open => (String::new(), None),
    };
    let projects =
        server.store.projects(&principal.visible()).await?.into_iter().filter_map(|project| {
            let role = principal.role(project.id)?.into();
            Some(SessionProject { id: project.id, slug: project.slug, name: project.name, role })
        });
    let user = server.accounts.user(&principal.name).await?;
    let user = SessionUser {
        projects: projects.collect(),
        active_project: active_project.filter(|project| principal.may(*project, Role::Viewer)),
        csrf_token,
        has_password: user.as_ref().is_some_and(|user| user.has_password),
        display_name: user.and_then(|user| user.display_name),
        admin: principal.admin,
        name: principal.name,
    };
    Ok(Session { sign_in, oidc, user: Some(user) })
}

/// Who is signed in, and what they need to know.
#[utoipa::path(get, path = "/session", responses((status = 200, body = Session), Refused))]
pub async fn session(
    State(server): State<AppState>,
    headers: HeaderMap,
) -> ApiResult<Json<Session>> {
    auth::same_origin(&server.auth, &Method::GET, &headers)?;
    let principal = auth::principal(&server, &headers).await?;
    Ok(Json(describe(&server, principal).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(max_length = 100)]
    name: String,
    #[schema(format = Password, max_length = 256)]
    password: String,
}

/// Refuses what no user name and no password can be before anything is made of it.
fn check_length(name: &str, password: &str) -> ApiResult<()> {
    if name.trim().len() > LONGEST_NAME {
        let message = format!("body: a user name has at most {LONGEST_NAME} bytes");
        return Err(ApiError::bad_request(message));
    }
    if password.chars().count() > LONGEST_PASSWORD {
        let message = format!("body: a password has at most {LONGEST_PASSWORD} characters");
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// Signs in by name and password.
#[utoipa::path(
    post, path = "/session", request_body = Credentials,
    responses(
        (status = 200, body = Session), Refused, BodyRefused,
        (status = 503, description = "Too many passwords are being checked.", body = ErrorBody)
    )
)]
pub async fn sign_in(
    State(server): State<AppState>,
    peer: Peer,
    headers: HeaderMap,
    Json(given): Json<Credentials>,
) -> ApiResult<(CookieJar, Json<Session>)> {
    auth::same_origin(&server.auth, &Method::POST, &headers)?;
    check_length(&given.name, &given.password)?;
    let device = match auth::device(&server.auth, &CookieJar::from_headers(&headers)) {
        Some(cookie) => server.accounts.known_device(&given.name, &cookie).await?,
        None => None,
    };
    let allowed = server.throttle.password(&given.name, device.as_deref(), peer.0);
    allowed.map_err(ApiError::too_many_tries)?;
    match server.accounts.sign_in(&given.name, given.password).await? {
        Some(signed_in) => begin(&server, signed_in, "password", peer).await,
        None => {
            server
                .accounts
                .audit(Audited {
                    user_name: "",
                    action: "session.refused",
                    // What was typed may be a password in the wrong field: only a known name is kept.
                    target: server
                        .accounts
                        .user(&given.name)
                        .await?
                        .map_or_else(String::new, |u| u.name),
                    project: None,
                    detail: json!({}),
                    address: peer.text(),
                })
                .await?;
            Err(ApiError::unauthorized("name and password do not fit"))
        }
    }
}

/// Ends the way in that was taken, and tells the browser its new session.
pub(crate) async fn begin(
    server: &AppState,
    signed_in: SignedIn,
    by: &str,
    peer: Peer,
) -> ApiResult<(CookieJar, Json<Session>)> {
    server
        .accounts
        .audit(Audited {
            user_name: &signed_in.name,
            action: "session.begin",
            target: signed_in.name.clone(),
            project: None,
            detail: json!({ "by": by }),
            address: peer.text(),
        })
        .await?;
    let principal = server.accounts.principal_of_session(signed_in.secret.reveal()).await?;
    let mut cookies = auth::session_cookie(&server.auth, &signed_in.secret);
    if let Some(device) = server.accounts.make_device(signed_in.user_id).await? {
        cookies = cookies.add(auth::device_cookie(&server.auth, device));
    }
    Ok((cookies, Json(describe(server, principal).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    link: String,
}

/// Signs in by a link, which is good for 15 minutes and once.
#[utoipa::path(
    post, path = "/session/link", request_body = Link,
    responses((status = 200, body = Session), Refused, BodyRefused)
)]
pub async fn sign_in_by_link(
    State(server): State<AppState>,
    peer: Peer,
    headers: HeaderMap,
    Json(given): Json<Link>,
) -> ApiResult<(CookieJar, Json<Session>)> {
    auth::same_origin(&server.auth, &Method::POST, &headers)?;
    server.throttle.link(&given.link, peer.0).map_err(ApiError::too_many_tries)?;
    match server.accounts.sign_in_by_link(&given.link).await? {
        Some(signed_in) => begin(&server, signed_in, "link", peer).await,
        None => Err(ApiError::unauthorized("this link is not, or no longer, good")
            .help("a link works once and for 15 minutes; `cascade user link NAME` makes another")),
    }
}

/// Signs out.
#[utoipa::path(delete, path = "/session", responses((status = 204), Refused))]
pub async fn sign_out(
    State(server): State<AppState>,
    InPerson(principal): InPerson,
    peer: Peer,
) -> ApiResult<(StatusCode, CookieJar)> {
    if let Via::Session { digest, .. } = &principal.via {
        let entry = entry(&principal, "session.end", &principal.name, None, json!({}), peer);
        server.accounts.noting(entry).end_session(digest).await?;
    }
    Ok((StatusCode::NO_CONTENT, auth::clear(&server.auth)))
}

/// Signs out everywhere: all sessions of the user end.
#[utoipa::path(delete, path = "/session/all", responses((status = 204), Refused))]
pub async fn sign_out_everywhere(
    State(server): State<AppState>,
    InPerson(principal): InPerson,
    peer: Peer,
) -> ApiResult<(StatusCode, CookieJar)> {
    let entry = entry(&principal, "session.end_all", &principal.name, None, json!({}), peer);
    server.accounts.noting(entry).end_all_sessions(principal.user_id).await?;
    Ok((StatusCode::NO_CONTENT, auth::clear(&server.auth)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveProject {
    /// `null` for all that the user may see.
    project_id: Option<Uuid>,
}

/// What the session looks at from now on.
#[utoipa::path(
    put, path = "/session/project", request_body = ActiveProject,
    responses((status = 204), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn set_project(
    State(server): State<AppState>,
    InPerson(principal): InPerson,
    Json(wanted): Json<ActiveProject>,
) -> ApiResult<StatusCode> {
    if let Some(project) = wanted.project_id
        && !principal.may(project, Role::Viewer)
    {
        return Err(ApiError::no_project(project));
    }
    if let Via::Session { digest, .. } = &principal.via {
        server.accounts.set_active_project(digest, wanted.project_id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present one, if there is one.
    #[schema(format = Password)]
    current: Option<String>,
    /// From 15 to 256 characters, and not easy to guess.
    #[schema(format = Password)]
    new: String,
    /// Whether the user's API tokens go on working; if not given, all of them end.
    #[serde(default)]
    keep_tokens: bool,
}

/// Sets the user's own password; all their other sessions end, and all their API tokens unless
/// `keep_tokens`.
#[utoipa::path(
    put, path = "/session/password", request_body = NewPassword,
    responses(
        (status = 204), Refused, BodyRefused,
        (status = 503, description = "Too many passwords are being checked.", body = ErrorBody)
    )
)]
pub async fn set_password(
    State(server): State<AppState>,
    InPerson(principal): InPerson,
    peer: Peer,
    Json(given): Json<NewPassword>,
) -> ApiResult<(StatusCode, CookieJar)> {
    let Via::Session { digest, .. } = &principal.via else {
        return Err(ApiError::forbidden("only a signed-in person sets a password"));
    };
    check_length("", given.current.as_deref().unwrap_or_default())?;
    server.throttle.password_change(principal.user_id).map_err(ApiError::too_many_tries)?;
    let user = server.accounts.user(&principal.name).await?;
    if user.is_some_and(|user| user.has_password) {
        let current = given.current.unwrap_or_default();
        if !server.accounts.password_fits(principal.user_id, current).await? {
            return Err(ApiError::forbidden("the present password does not fit"));
        }
    }
    let detail = json!({ "keep_tokens": given.keep_tokens });
    let entry = entry(&principal, "user.password", &principal.name, None, detail, peer);
    let accounts = server.accounts.noting(entry);
    accounts.set_password(principal.user_id, given.new, digest, given.keep_tokens).await?;
    // What browsers were known by was signed with the old one.
    let device = server.accounts.make_device(principal.user_id).await?;
    let device = device.map(|device| auth::device_cookie(&server.auth, device));
    Ok((StatusCode::NO_CONTENT, device.into_iter().fold(CookieJar::new(), CookieJar::add)))
}
