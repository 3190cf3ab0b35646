//! The `recommendations` view, with what a person may decide.

use cascade_sdk::{Action, Page, Query, View, ViewContext, ViewError, rfc3339, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::rank::Quote;

/// The view `recommendations`.
pub struct Recommendations;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only this status; open ones if not given.
    status: Option<Status>,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Accepted,
    Dismissed,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(extend("x-actions" = {
    "accept": {"status": ["open"]},
    "dismiss": {"status": ["open"]},
    "reopen": {"status": ["accepted", "dismissed"]},
}))]
pub struct Recommendation {
    id: String,
    project_id: String,
    kind: String,
    /// What it is about.
    subject: String,
    title: String,
    detail: String,
    /// 0..1.
    score: f64,
    /// From 1.
    rank: i64,
    status: Status,
    evidence: Vec<Quote>,
    created_at: String,
    updated_at: String,
    decided_at: Option<String>,
}

#[derive(Deserialize)]
struct Stored {
    id: String,
    project_id: String,
    kind: String,
    subject: String,
    title: String,
    detail: String,
    score: f64,
    rank: i64,
    status: Status,
    evidence: String,
    created_at: String,
    updated_at: String,
    decided_at: Option<String>,
}

/// What an action answers.
#[derive(Serialize, Deserialize)]
struct Decision {
    id: String,
    status: Status,
    decided_at: Option<String>,
}

/// Which recommendation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    project_id: Uuid,
    id: String,
}

impl View for Recommendations {
    const KEY: &'static str = "recommendations";
    const DESCRIPTION: &'static str = "What to do next, with the messages that show why.";
    type Filter = Filter;
    type Row = Recommendation;

    async fn read(
        ctx: ViewContext,
        query: Query<Filter>,
    ) -> Result<Page<Recommendation>, ViewError> {
        let status = query.filter.status.unwrap_or(Status::Open).as_str();
        let project = query.project_id.map_or_else(|| "%".to_owned(), |id| id.to_string());
        let page = sql("SELECT * FROM recommendations WHERE status = $1 AND project_id LIKE $2
             ORDER BY rank, score DESC, id LIMIT $3 OFFSET $4")
        .bind(status)
        .bind(&project)
        .bind(query.limit())
        .bind(query.offset());
        let count = sql("SELECT count(*) FROM recommendations
             WHERE status = $1 AND project_id LIKE $2")
        .bind(status)
        .bind(&project);
        let found: Page<Stored> = ctx.db().fetch_page(page, count).await?;
        let items =
            found.items.into_iter().map(Recommendation::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total: found.total })
    }

    fn actions() -> Vec<Action> {
        vec![
            Action::new::<Which>("accept", "It will be done."),
            Action::new::<Which>("dismiss", "It is not wanted and shall not come back."),
            Action::new::<Which>("reopen", "Takes a decision back."),
        ]
    }

    async fn act(ctx: ViewContext, action: String, input: Value) -> Result<Value, ViewError> {
        let which: Which =
            serde_json::from_value(input).map_err(|e| ViewError::BadRequest(e.to_string()))?;
        let status = match action.as_str() {
            "accept" => Status::Accepted,
            "dismiss" => Status::Dismissed,
            "reopen" => Status::Open,
            other => return Err(ViewError::BadRequest(format!("no action `{other}`"))),
        };
        let now = rfc3339(ctx.now());
        let decided_at = (!matches!(status, Status::Open)).then_some(&now);
        // Only a change counts, so that a second press of the button leaves the first one's time.
        let change = sql("UPDATE recommendations SET status = $3, decided_at = $4, updated_at = $5
                          WHERE project_id = $1 AND id = $2 AND status <> $3")
        .bind(which.project_id)
        .bind(&which.id)
        .bind(status)
        .bind(decided_at)
        .bind(&now);
        ctx.db().execute(change).await?;
        let row: Option<Decision> = ctx
            .db()
            .fetch_optional(
                sql("SELECT id, status, decided_at FROM recommendations
                     WHERE project_id = $1 AND id = $2")
                .bind(which.project_id)
                .bind(&which.id),
            )
            .await?;
        let row = row.ok_or_else(|| {
            ViewError::NotFound(format!("there is no recommendation {}", which.id))
        })?;
        serde_json::to_value(row).map_err(|error| ViewError::Internal(error.to_string()))
    }
}

impl TryFrom<Stored> for Recommendation {
    type Error = ViewError;

    fn try_from(row: Stored) -> Result<Self, ViewError> {
        let evidence = serde_json::from_str(&row.evidence);
        Ok(Self {
            evidence: evidence.map_err(|e| ViewError::Internal(format!("evidence: {e}")))?,
            id: row.id,
            project_id: row.project_id,
            kind: row.kind,
            subject: row.subject,
            title: row.title,
            detail: row.detail,
            score: row.score,
            rank: row.rank,
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            decided_at: row.decided_at,
        })
    }
}
