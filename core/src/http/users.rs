//! Users, their roles in projects, and their API tokens.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    AppState,
    audit::entry,
    auth::{Administrator, Peer},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    extract::{Json, Path},
};
use crate::access::{ApiToken, Member, NewToken, NewUser, Principal, Role, User, Via};

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
    items: Vec<User>,
    members: Vec<Member>,
}

/// All users and their roles.
#[utoipa::path(get, path = "/users", responses((status = 200, body = Users), Refused))]
pub async fn users(State(server): State<AppState>, _: Administrator) -> ApiResult<Json<Users>> {
    let (items, members) = (server.accounts.users().await?, server.accounts.members(None).await?);
    Ok(Json(Users { items, members }))
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
    let id = accounts.add_user(NewUser { name, admin, password, oidc: None }).await?;
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
    role: Option<Role>,
}

/// Gives a user a role in a project, or takes it away; for the project's owners.
#[utoipa::path(
    put, path = "/projects/{project_id}/members/{name}",
    params(("project_id" = Uuid, Path, description = "The project."), Named), request_body = RoleRequest,
    responses((status = 204), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn set_role(
    State(server): State<AppState>,
    principal: Principal,
    peer: Peer,
    Path((project, name)): Path<(Uuid, String)>,
    Json(request): Json<RoleRequest>,
) -> ApiResult<StatusCode> {
    server.demand(&principal, project, Role::Owner)?;
    let user = user(&server, &name).await?;
    let detail = json!({ "role": request.role });
    let entry = entry(&principal, "member.set", &user.name, Some(project), detail, peer);
    server.accounts.noting(entry).set_role(user.id, project, request.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct Tokens {
    items: Vec<ApiToken>,
}

/// One's own API tokens.
#[utoipa::path(get, path = "/tokens", responses((status = 200, body = Tokens), Refused))]
pub async fn tokens(
    State(server): State<AppState>,
    principal: Principal,
) -> ApiResult<Json<Tokens>> {
    Ok(Json(Tokens { items: server.accounts.tokens(Some(principal.user_id)).await? }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    name: String,
    /// At most this; left out, all that its user may do.
    role: Option<Role>,
    /// Only this project.
    project_id: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// Shown this once.
    token: String,
}

/// Makes an API token for oneself.
#[utoipa::path(
    post, path = "/tokens", request_body = TokenRequest,
    responses((status = 201, body = TokenAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn add_token(
    State(server): State<AppState>,
    principal: Principal,
    peer: Peer,
    Json(request): Json<TokenRequest>,
) -> ApiResult<(StatusCode, Json<TokenAnswer>)> {
    if !matches!(principal.via, Via::Session { .. }) {
        return Err(ApiError::forbidden("only a signed-in person makes tokens"));
    }
    let TokenRequest { name, role, project_id: project, expires_at } = request;
    if let Some(project) = project {
        server.demand(&principal, project, Role::Viewer)?;
    }
    let entry = entry(&principal, "token.add", &name, project, json!({ "role": role }), peer);
    let new = NewToken { user: principal.user_id, name, role, project, expires_at };
    let token = server.accounts.noting(entry).add_token(new).await?;
    Ok((StatusCode::CREATED, Json(TokenAnswer { token: token.reveal().to_owned() })))
}

/// Ends one of one's own tokens.
#[utoipa::path(delete, path = "/tokens/{name}", params(Named), responses((status = 204), (status = 404, body = ErrorBody), Refused))]
pub async fn revoke_token(
    State(server): State<AppState>,
    principal: Principal,
    peer: Peer,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    // Looked for first: an entry for what was not there would be wrong.
    let tokens = server.accounts.tokens(Some(principal.user_id)).await?;
    let entry = entry(&principal, "token.revoke", &name, None, json!({}), peer);
    if !tokens.iter().any(|token| token.name == name)
        || !server.accounts.noting(entry).revoke_token(principal.user_id, &name).await?
    {
        return Err(ApiError::not_found(format!("there is no token `{name}`")));
    }
    Ok(StatusCode::NO_CONTENT)
}
