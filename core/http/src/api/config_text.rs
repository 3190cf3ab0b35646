//! jobs.toml as a text: read, checked, edited and saved from the browser.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::edit::Edit;
use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Administrator, Peer},
        extract::Json,
    },
};
use cascade_config::{
    self, Checked, Diagnostic, Diagnostics, LiveConfig, Reach,
    edit::EditError,
    file::{self, SaveError},
};
use cascade_model::{ConfigOrigin, ConfigText};
use cascade_store::Queries;

/// The longest comment on a change, in characters.
const LONGEST_COMMENT: usize = 500;

#[derive(Serialize, ToSchema)]
pub struct FileText {
    /// With each secret as `"***"`; where a text to check or to save has that, it stands for the secret.
    text: String,
    /// Names this text; a save says which it was made from.
    revision: String,
    /// The file.
    path: String,
    /// Whether it can be saved from here.
    writable: bool,
}

/// jobs.toml as it is on disk now, be it in force or refused.
#[utoipa::path(get, path = "/jobs/config/text", responses((status = 200, body = FileText), (status = 503, body = ErrorBody), Refused))]
pub async fn read(State(server): State<AppState>, _: Administrator) -> ApiResult<Json<FileText>> {
    blocking(server.config.clone(), |config| {
        let path = config.path();
        let text = on_disk(config)?;
        Ok(Json(FileText {
            revision: cascade_model::revision(&text),
            text: cascade_config::masked_text(&text, &config.registry()),
            path: path.display().to_string(),
            writable: file::obstacle(path).is_none(),
        }))
    })
    .await
}

fn on_disk(config: &LiveConfig) -> ApiResult<String> {
    let path = config.path();
    std::fs::read_to_string(path).map_err(|error| {
        ApiError::unavailable(format!("cannot read {}: {error}", path.display()))
            .help("the last good text stays in force; put the file back as UTF-8 text")
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    text: String,
}

#[derive(Serialize, ToSchema)]
pub struct CheckAnswer {
    /// Errors and warnings, in the order of the text.
    #[schema(value_type = Vec<crate::api::described::Diagnostic>)]
    diagnostics: Vec<Diagnostic>,
    /// CASCADE_CHAINS; this and what follows only without an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    chains: Option<Value>,
    /// JOB_TO_DATA_MAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_map: Option<Value>,
    /// Settings by job, defaults filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<Value>,
}

/// What the host would say of a text if it were saved. Nothing of it comes into force.
#[utoipa::path(
    post, path = "/jobs/config/check", request_body = CheckRequest,
    responses((status = 200, body = CheckAnswer), Refused, BodyRefused)
)]
pub async fn check(
    State(server): State<AppState>,
    _: Administrator,
    Json(request): Json<CheckRequest>,
) -> ApiResult<Json<CheckAnswer>> {
    blocking(server.config.clone(), move |config| {
        let file = std::fs::read_to_string(config.path()).unwrap_or_default();
        let given = with_secrets(config, &request.text, &file);
        let (checked, diagnostics) = verdict(given.and_then(|text| config.check_only(&text)));
        let part = |of: fn(&Checked) -> serde_json::Result<Value>| {
            checked.as_ref().and_then(|checked| of(checked).ok())
        };
        Ok(Json(CheckAnswer {
            diagnostics: diagnostics.iter().cloned().collect(),
            chains: part(|checked| serde_json::to_value(&checked.config.chains)),
            data_map: part(|checked| serde_json::to_value(&checked.config.data_map)),
            jobs: part(|checked| {
                serde_json::to_value(checked.config.masked(&checked.registry).jobs)
            }),
        }))
    })
    .await
}

/// What a text means, unless it has errors, and all that there is to say of it.
fn verdict(checked: Result<(Checked, Diagnostics), Diagnostics>) -> (Option<Checked>, Diagnostics) {
    match checked {
        Ok((checked, warnings)) => (Some(checked), warnings),
        Err(problems) => (None, problems),
    }
}

/// A text made from one that was shown without the secrets of the file.
pub(super) fn with_secrets(
    config: &LiveConfig,
    text: &str,
    file: &str,
) -> Result<String, Diagnostics> {
    cascade_config::restored(text, file, &config.registry())
        .map_err(|missing| Diagnostics::nothing_behind_mask(config.path(), text, &missing))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    text: String,
    /// Made in this order.
    edits: Vec<Edit>,
}

#[derive(Serialize, ToSchema)]
pub struct EditAnswer {
    /// With the edits, and with its comments and its order as they were.
    text: String,
}

/// Makes edits in a text. Nothing is saved, nor checked for more than being TOML.
#[utoipa::path(
    post, path = "/jobs/config/edit", request_body = EditRequest,
    responses((status = 200, body = EditAnswer), Refused, BodyRefused)
)]
pub async fn edit(
    State(server): State<AppState>,
    _: Administrator,
    Json(request): Json<EditRequest>,
) -> ApiResult<Json<EditAnswer>> {
    blocking(server.config.clone(), move |_| {
        let edits: Vec<_> = request.edits.into_iter().map(Into::into).collect();
        let text = cascade_config::edit::edit(&request.text, &edits)?;
        Ok(Json(EditAnswer { text }))
    })
    .await
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        Self::bad_request(error.to_string())
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveRequest {
    text: String,
    /// The revision of the text that this one was made from.
    base_revision: String,
    /// Why, for the history.
    comment: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SaveAnswer {
    revision: String,
}

/// Saves jobs.toml: all of a sound text in one step, or nothing. It comes into force as a file does
/// that was edited on disk.
#[utoipa::path(
    put, path = "/jobs/config/text", request_body = SaveRequest,
    responses(
        (status = 200, body = SaveAnswer),
        (
            status = 409, body = ErrorBody,
            description = "The file has changed since; `revision` and `text` are its own."
        ),
        (status = 422, body = ErrorBody, description = "The text has errors: `diagnostics`."),
        (status = 503, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn save(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Json(request): Json<SaveRequest>,
) -> ApiResult<Json<SaveAnswer>> {
    let comment = request.comment.map(|comment| comment.trim().to_owned());
    let comment = comment.filter(|comment| !comment.is_empty());
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
        let message = format!("body: `comment` is longer than {LONGEST_COMMENT} characters");
        return Err(ApiError::bad_request(message));
    }
    let (text, base) = (request.text, request.base_revision);
    let guarded = !server.plugins_from_ui;
    let Written { text, changed } =
        blocking(server.config.clone(), move |config| write(config, &text, &base, guarded)).await?;
    let revision = cascade_model::revision(&text);
    if changed {
        let saved = ConfigText {
            revision: revision.clone(),
            text,
            by: Some(principal.name.clone()),
            comment,
            origin: ConfigOrigin::Ui,
        };
        let detail = json!({ "revision": revision });
        let entry = entry(&principal, "config.change", "jobs.toml", None, detail, peer);
        // The file is the truth, and it is saved: whoever saves it again changes nothing.
        server.store.record_config(&saved, Some(entry)).await?;
    }
    Ok(Json(SaveAnswer { revision }))
}

/// What the file says after a save.
struct Written {
    text: String,
    /// Whether it said something else before.
    changed: bool,
}

/// `guarded`: whether what reaches the machine must stay.
fn write(config: &LiveConfig, text: &str, base: &str, guarded: bool) -> ApiResult<Written> {
    let path = config.path();
    let now = on_disk(config)?;
    if cascade_model::revision(&now) != base {
        return Err(not_saved(SaveError::Conflict { text: now }, config));
    }
    let given = with_secrets(config, text, &now);
    // Before any code that the text names is loaded.
    if guarded && let Ok(text) = &given {
        keep_reach(config, text, &now)?;
    }
    let (checked, problems) = verdict(given.and_then(|text| config.check(&text)));
    let Some(checked) = checked else {
        let error = ApiError::invalid(format!("jobs.toml has {}", problems.count()));
        let error = error.help("fix it and save again; nothing was written");
        return Err(error.with("diagnostics", json!(problems.iter().collect::<Vec<_>>())));
    };
    let text = checked.text.to_string();
    let changed = now != text;
    if changed {
        file::save(path, &text, base).map_err(|error| not_saved(error, config))?;
    }
    Ok(Written { text, changed })
}

/// Refuses a text that opens more of the machine than the file does, or than what is in force.
fn keep_reach(config: &LiveConfig, text: &str, now: &str) -> ApiResult<()> {
    let path = config.path();
    let wanted = Reach::of(path, text);
    let beyond = wanted.beyond(&Reach::of(path, now));
    if beyond.is_empty() || wanted.beyond(&Reach::of(path, &config.state().text)).is_empty() {
        return Ok(());
    }
    let names: Vec<_> = beyond.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "{} say what this host may run, load, read or connect to, and are not changed from the browser",
        names.join(", ")
    );
    Err(ApiError::forbidden(message)
        .help("edit jobs.toml on the machine, or start the server with --allow-plugins-from-ui"))
}

fn not_saved(error: SaveError, config: &LiveConfig) -> ApiError {
    let message = error.to_string();
    match error {
        SaveError::Conflict { text } => ApiError::conflict(message)
            .help("compare the two texts and save again from the one on disk")
            .with("revision", cascade_model::revision(&text).into())
            .with("text", cascade_config::masked_text(&text, &config.registry()).into()),
        SaveError::NotWritable { .. } => {
            ApiError::not_writable(message).help("edit the file where it comes from")
        }
        SaveError::Failed { .. } => ApiError::unavailable(message),
    }
}

/// Files and plugins are read, and long texts are edited, where waiting for it holds nobody up.
async fn blocking<T: Send + 'static>(
    config: LiveConfig,
    work: impl FnOnce(&LiveConfig) -> ApiResult<T> + Send + 'static,
) -> ApiResult<T> {
    let done = tokio::task::spawn_blocking(move || work(&config)).await;
    done.unwrap_or_else(|error| Err(ApiError::internal(&error)))
}
