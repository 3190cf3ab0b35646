//! Users, their roles in projects, and their API tokens.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{jobs::known_job, response};
use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Administrator, Caller, InPerson, Peer},
        extract::{Json, Path, Query},
    },
};
use cascade_access::{MadeToken, May, NewToken, NewUser, Role, TokenEnd, User, Via};

/// Describes `{name}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct Named {
    /// The name of the user or token.
    name: String,
}

async fn user(server: &AppState, name: &str) -> ApiResult<User> {
    let found = server.accounts.user(name).await?;
    found.ok_or_else(|| ApiError::not_found(format!("there is no user `{name}`")))
}

#[derive(Serialize, ToSchema)]
pub struct Users {
    items: Vec<response::User>,
    members: Vec<response::Member>,
}

/// All users and their roles.
#[utoipa::path(get, path = "/users", responses((status = 200, body = Users), Refused))]
pub async fn users(State(server): State<AppState>, _: Administrator) -> ApiResult<Json<Users>> {
    let (items, members) = (server.accounts.users().await?, server.accounts.members(None).await?);
    let items = items.into_iter().map(Into::into).collect();
    Ok(Json(Users { items, members: members.into_iter().map(Into::into).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    name: String,
    #[serde(default)]
    admin: bool,
    /// Left out, the answer has a link to sign in by.
    #[schema(format = Password)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct UserAnswer {
    id: Uuid,
    /// A path by which the user signs in once, within 15 minutes.
    link: Option<String>,
}

/// Adds a user.
#[utoipa::path(
    post, path = "/users", request_body = UserRequest,
    responses(
        (status = 201, body = UserAnswer), Refused, BodyRefused,
        (status = 503, description = "Too many passwords are being checked.", body = ErrorBody)
    )
)]
pub async fn add(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Json(request): Json<UserRequest>,
) -> ApiResult<(StatusCode, Json<UserAnswer>)> {
    let UserRequest { name, admin, password } = request;
    let linked = password.is_none();
    let entry = entry(&principal, "user.add", &name, None, json!({ "admin": admin }), peer);
    let accounts = server.accounts.noting(entry);
    let id = accounts.add_user(NewUser { name, admin, password, ..NewUser::default() }).await?;
    let link = match linked {
        true => Some(format!("/sign-in?link={}", server.accounts.make_link(id).await?.reveal())),
        false => None,
    };
    Ok((StatusCode::CREATED, Json(UserAnswer { id, link })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Keeps the user out, at once.
    disabled: bool,
}

/// Keeps a user out, or lets them in again.
#[utoipa::path(
    patch, path = "/users/{name}", params(Named), request_body = UserChange,
    responses((status = 204), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn change(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Path(name): Path<String>,
    Json(change): Json<UserChange>,
) -> ApiResult<StatusCode> {
    let user = user(&server, &name).await?;
    let action = if change.disabled { "user.disable" } else { "user.enable" };
    let entry = entry(&principal, action, &user.name, None, json!({}), peer);
    server.accounts.noting(entry).set_disabled(user.id, change.disabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// `null` takes the membership away.
    role: Option<response::Role>,
}

/// Gives a user a role in a project, or takes it away; for the project's owners.
#[utoipa::path(
    put, path = "/projects/{project_id}/members/{name}",
    params(("project_id" = Uuid, Path, description = "The project."), Named), request_body = RoleRequest,
    responses((status = 204), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn set_role(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path((project, name)): Path<(Uuid, String)>,
    Json(request): Json<RoleRequest>,
) -> ApiResult<StatusCode> {
    server.demand(&principal, project, Role::Owner)?;
    let user = user(&server, &name).await?;
    let detail = json!({ "role": request.role });
    let entry = entry(&principal, "member.set", &user.name, Some(project), detail, peer);
    server.accounts.noting(entry).set_role(user.id, project, request.role.map(Into::into)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct Tokens {
    items: Vec<response::ApiToken>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhoseTokens {
    /// Those of all users, for administrators.
    #[serde(default)]
    all: bool,
}

/// API tokens: one's own, by name; or those of all users, for administrators.
#[utoipa::path(get, path = "/tokens", params(WhoseTokens), responses((status = 200, body = Tokens), Refused))]
pub async fn tokens(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(WhoseTokens { all }): Query<WhoseTokens>,
) -> ApiResult<Json<Tokens>> {
    let whose = match all {
        true if principal.admin => None,
        true => return Err(ApiError::forbidden("only an administrator sees all tokens")),
        false => Some(InPerson::of(principal)?.0.user_id),
    };
    let tokens = server.accounts.tokens(whose).await?;
    Ok(Json(Tokens { items: tokens.into_iter().map(Into::into).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// At most this; left out, all that its user may do.
    role: Option<response::Role>,
    /// Only to ask for runs of this job, and nothing else; excludes `role`.
    #[schema(min_length = 1)]
    enqueue: Option<String>,
    /// Only this project.
    project_id: Option<Uuid>,
    /// At most 366 days ahead; 90 days if not given.
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// Shown this once.
    token: String,
    expires_at: Option<DateTime<Utc>>,
}

/// Makes an API token for oneself.
#[utoipa::path(
    post, path = "/tokens", request_body = TokenRequest,
    responses((status = 201, body = TokenAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn add_token(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(request): Json<TokenRequest>,
) -> ApiResult<(StatusCode, Json<TokenAnswer>)> {
    if !matches!(principal.via, Via::Session { .. }) {
        return Err(ApiError::forbidden("only a signed-in person makes tokens"));
    }
    let TokenRequest { name, role, enqueue, project_id: project, expires_at } = request;
    let entry_of = json!({ "role": role, "enqueue": enqueue });
    let may = match (role, enqueue) {
        (Some(_), Some(_)) => {
            let message = "`role` and `enqueue` exclude each other";
            return Err(ApiError::bad_request(message).help("leave one of them out"));
        }
        (None, Some(job)) => {
            known_job(&server, &job)?;
            May::Enqueue(job)
        }
        (role, None) => role.map_or(May::All, |role| May::AtMost(role.into())),
    };
    if let Some(project) = project {
        server.demand(&principal, project, Role::Viewer)?;
    }
    let ends = expires_at.map_or(TokenEnd::Usual, TokenEnd::At);
    let entry = entry(&principal, "token.add", &name, project, entry_of, peer);
    let new = NewToken { user: principal.user_id, name, may, project, ends };
    let MadeToken { token, expires_at } = server.accounts.noting(entry).add_token(new).await?;
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(TokenAnswer { token, expires_at })))
}

/// Ends one of one's own tokens.
#[utoipa::path(delete, path = "/tokens/{name}", params(Named), responses((status = 204), (status = 404, body = ErrorBody), Refused))]
pub async fn revoke_token(
    State(server): State<AppState>,
    InPerson(principal): InPerson,
    peer: Peer,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    let entry = entry(&principal, "token.revoke", &name, None, json!({}), peer);
    if !has_token(&server, principal.user_id, &name).await?
        || !server.accounts.noting(entry).revoke_token(principal.user_id, &name).await?
    {
        return Err(ApiError::not_found(format!("there is no token `{name}`")));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Looked for first: an entry of the audit log for what was not there would be wrong.
async fn has_token(server: &AppState, user: Uuid, name: &str) -> ApiResult<bool> {
    Ok(server.accounts.tokens(Some(user)).await?.iter().any(|token| token.name == name))
}

/// Ends a token of any user.
#[utoipa::path(
    delete, path = "/users/{name}/tokens/{token}",
    params(Named, ("token" = String, Path, description = "The name of the token.")),
    responses((status = 204), (status = 404, body = ErrorBody), Refused)
)]
pub async fn revoke_token_of(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Path((name, token)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let user = user(&server, &name).await?;
    let entry = entry(&principal, "token.revoke", &token, None, json!({ "of": user.name }), peer);
    if !has_token(&server, user.id, &token).await?
        || !server.accounts.noting(entry).revoke_token(user.id, &token).await?
    {
        return Err(ApiError::not_found(format!("`{}` has no token `{token}`", user.name)));
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct RevokedTokens {
    /// How many there were.
    revoked: u64,
}

/// Ends all tokens of a user.
#[utoipa::path(
    delete, path = "/users/{name}/tokens", params(Named),
    responses((status = 200, body = RevokedTokens), (status = 404, body = ErrorBody), Refused)
)]
pub async fn revoke_tokens_of(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Path(name): Path<String>,
) -> ApiResult<Json<RevokedTokens>> {
    let user = user(&server, &name).await?;
    let entry = entry(&principal, "token.revoke_all", &user.name, None, json!({}), peer);
    let revoked = server.accounts.noting(entry).revoke_all_tokens(user.id).await?;
    Ok(Json(RevokedTokens { revoked }))
}
