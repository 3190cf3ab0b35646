//! Who did what.

use axum::extract::State;
use cascade_sdk::Statement;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::response::AuditPage;
use crate::{
    AppState,
    api::{paging::paging, runs::LONGEST_TEXT},
    error::{ApiError, ApiResult, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Query},
    },
};
use cascade_access::{Audited, Principal, Role};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only entries with this in user, action or target.
    #[param(max_length = 200)]
    text: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// The audit log, newest first: of the projects that one owns; all of it for an administrator.
#[utoipa::path(get, path = "/audit", params(AuditQuery), responses((status = 200, body = AuditPage), Refused))]
pub async fn audit(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<AuditPage>> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    let owned = principal.with_role(Role::Owner);
    let text = query.text.unwrap_or_default();
    if text.chars().count() > LONGEST_TEXT {
        let message = format!("query: `text` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    Ok(Json(server.accounts.audit_page(&owned, &text, page, per_page).await?.into()))
}

/// What somebody does, for the audit log.
pub(crate) fn audited<'a>(
    principal: &'a Principal,
    action: &'static str,
    target: &str,
    project: Option<Uuid>,
    detail: Value,
    peer: Peer,
) -> Audited<'a> {
    Audited {
        user_name: &principal.name,
        action,
        target: target.into(),
        project,
        detail,
        address: peer.text(),
    }
}

/// Its entry: given to the store or to the accounts, which write it together
/// with what is done.
pub(crate) fn entry(
    principal: &Principal,
    action: &'static str,
    target: &str,
    project: Option<Uuid>,
    detail: Value,
    peer: Peer,
) -> Statement {
    audited(principal, action, target, project, detail, peer).entry()
}
