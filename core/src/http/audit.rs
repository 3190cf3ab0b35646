//! Who did what.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    AppState, Server,
    auth::Peer,
    error::{ApiResult, Refused},
    extract::{Json, Query},
    paging::paging,
};
use crate::access::{AuditPage, Audited, Principal, Role};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only entries with this in user, action or target.
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
    principal: Principal,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<AuditPage>> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    let owned = principal.with_role(Role::Owner);
    let text = query.text.unwrap_or_default();
    Ok(Json(server.accounts.audit_page(&owned, &text, page, per_page).await?))
}

impl Server {
    /// Keeps what somebody did.
    pub(super) async fn note(
        &self,
        principal: &Principal,
        action: &'static str,
        target: &str,
        project: Option<Uuid>,
        detail: Value,
        peer: Peer,
    ) -> ApiResult<()> {
        let done = Audited {
            user_name: &principal.name,
            action,
            target: target.into(),
            project,
            detail,
            address: peer.text(),
        };
        Ok(self.accounts.audit(done).await?)
    }
}
