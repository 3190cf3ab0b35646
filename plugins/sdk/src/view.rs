use std::{collections::BTreeMap, future::Future, marker::PhantomData, sync::Arc};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Db, DbError, Http, HttpError, Origin, SecretError,
    host::{BoxFuture, ViewHost},
};

/// Data a screen reads: one key of `JOB_TO_DATA_MAP`, served at `/api/data/{KEY}`.
pub trait View: Send + Sync + 'static {
    /// Unique `snake_case` data key.
    const KEY: &'static str;
    /// One sentence for the people at the screen.
    const DESCRIPTION: &'static str;
    /// Columns a reader may sort by: names of the row's fields, which must be output columns of the
    /// view's SQL too. See [`Query::order_by`].
    const SORTABLE: &'static [&'static str] = &[];
    /// Query parameters beyond project, page and sort; every field optional.
    type Filter: DeserializeOwned + JsonSchema + Send + 'static;
    /// One item.
    type Row: Serialize + JsonSchema + Send + 'static;

    /// Reads one page.
    fn read(
        ctx: ViewContext,
        query: Query<Self::Filter>,
    ) -> impl Future<Output = Result<Page<Self::Row>, ViewError>> + Send;

    /// What a person may do to an item; served at `POST /api/data/{KEY}/actions/{name}`. The input of
    /// one that concerns a project names it as `project_id`: the host lets editors of that project
    /// through, and for an action without it administrators alone. Limit its SQL to that project.
    fn actions() -> Vec<Action> {
        Vec::new()
    }

    /// Does one of [`View::actions`].
    fn act(
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> impl Future<Output = Result<Value, ViewError>> + Send {
        let _ = (ctx, input);
        async move { Err(ViewError::BadRequest(format!("no action `{action}`"))) }
    }
}

/// Something a person may do to an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Name in the address.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema of the input.
    pub input_schema: Value,
}

impl Action {
    /// An action whose input is `I`.
    pub fn new<I: JsonSchema>(name: &str, description: &str) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            input_schema: schemars::schema_for!(I).to_value(),
        }
    }
}

/// A reader's wish for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// One of the view's sortable columns.
    pub column: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// One page's worth of a question to a view.
#[derive(Debug, Clone)]
pub struct Query<F> {
    /// Only this project; `None` for all.
    pub project_id: Option<Uuid>,
    /// From 1.
    pub page: u32,
    /// At most 200.
    pub per_page: u32,
    /// By one of [`View::SORTABLE`]; `None` for the view's own order.
    pub sort: Option<Sort>,
    /// The view's own parameters.
    pub filter: F,
}

impl<F> Query<F> {
    /// `LIMIT` for SQL.
    pub fn limit(&self) -> u32 {
        self.per_page
    }

    /// `OFFSET` for SQL.
    pub fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.per_page)
    }

    /// What follows `ORDER BY` in SQL: the reader's wish first, then `otherwise`, which should be a
    /// total order so that pages do not overlap.
    pub fn order_by(&self, otherwise: &str) -> String {
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match &self.sort {
            Some(Sort { column, descending }) if plain(column) => {
                let direction = if *descending { "DESC" } else { "ASC" };
                format!("{column} {direction} NULLS LAST, {otherwise}")
            }
            _ => otherwise.into(),
        }
    }
}

/// A [`Query`] before its parameters are typed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawQuery {
    /// Only this project; `None` for all.
    pub project_id: Option<Uuid>,
    /// From 1.
    pub page: u32,
    /// At most 200.
    pub per_page: u32,
    /// The reader's wish for an order.
    #[serde(default)]
    pub sort: Option<Sort>,
    /// Query parameters as they came in the address.
    pub filter: BTreeMap<String, String>,
}

/// One page of a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page<R> {
    /// The items.
    pub items: Vec<R>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Why a view gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The question was wrong; the text says how.
    #[error("{0}")]
    BadRequest(String),
    /// The item is not there.
    #[error("{0}")]
    NotFound(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A server behind the view failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Anything else.
    #[error("{0}")]
    Internal(String),
}

/// What a view may use.
#[derive(Clone)]
pub struct ViewContext(Arc<dyn ViewHost>);

impl ViewContext {
    /// For hosts.
    pub fn new(host: Arc<dyn ViewHost>) -> Self {
        Self(host)
    }

    /// The services behind it; for hosts.
    #[doc(hidden)]
    pub fn host(&self) -> &Arc<dyn ViewHost> {
        &self.0
    }

    /// The current time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    /// Portable SQL over the host's pool.
    pub fn db(&self) -> Db<'_> {
        Db(self.0.database())
    }

    /// The host's HTTP client.
    pub fn http(&self) -> Http<'_> {
        Http(self.0.http())
    }

    /// As [`Context::secret`](crate::Context::secret).
    ///
    /// # Errors
    /// As there.
    pub fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.0.secret(variable)
    }

    /// The params that jobs.toml gives a job now; `None` when it has none or they do not fit.
    pub fn job_params<P: DeserializeOwned>(&self, job: &str) -> Option<P> {
        serde_json::from_value(self.0.job_params(job)?).ok()
    }
}

/// What the host knows of a view without reading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewDescriptor {
    /// Data key.
    pub key: String,
    /// One sentence.
    pub description: String,
    /// Where it comes from.
    pub origin: Origin,
    /// JSON Schema of an item.
    pub row_schema: Value,
    /// JSON Schema of the query parameters beyond project, page and sort.
    pub filter_schema: Value,
    /// Columns a reader may sort by.
    #[serde(default)]
    pub sortable: Vec<String>,
    /// What a person may do to an item.
    pub actions: Vec<Action>,
}

/// A [`View`] with its types erased, as the host holds it.
pub trait DynView: Send + Sync {
    /// What the host knows of it.
    fn descriptor(&self) -> &ViewDescriptor;
    /// Reads one page.
    fn read(
        &self,
        ctx: ViewContext,
        query: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>>;
    /// Does an action.
    fn act(
        &self,
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>>;
}

/// A view as it waits in `inventory` for the host.
pub struct ViewRegistration {
    /// Builds the erased view.
    pub make: fn() -> Arc<dyn DynView>,
}

inventory::collect!(ViewRegistration);

struct Erased<V> {
    descriptor: ViewDescriptor,
    view: PhantomData<fn() -> V>,
}

impl<V: View> DynView for Erased<V> {
    fn descriptor(&self) -> &ViewDescriptor {
        &self.descriptor
    }

    fn read(
        &self,
        ctx: ViewContext,
        raw: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>> {
        let filter = typed_filter(&self.descriptor.filter_schema, raw.filter);
        Box::pin(async move {
            if let Some(sort) = &raw.sort
                && !V::SORTABLE.contains(&sort.column.as_str())
            {
                return Err(ViewError::BadRequest(format!(
                    "query: cannot sort by `{}`; there is: {}",
                    sort.column,
                    V::SORTABLE.join(", ")
                )));
            }
            let filter = serde_json::from_value(filter)
                .map_err(|e| ViewError::BadRequest(format!("query: {e}")))?;
            let query = Query {
                project_id: raw.project_id,
                page: raw.page.max(1),
                per_page: raw.per_page.clamp(1, 200),
                sort: raw.sort,
                filter,
            };
            let page = V::read(ctx, query).await?;
            let items = page
                .items
                .into_iter()
                .map(|row| {
                    serde_json::to_value(row).map_err(|e| ViewError::Internal(e.to_string()))
                })
                .collect::<Result<_, _>>()?;
            Ok(Page { items, total: page.total })
        })
    }

    fn act(
        &self,
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>> {
        Box::pin(V::act(ctx, action, input))
    }
}

/// Query parameters arrive as text; the schema says which of them are numbers or booleans. A text
/// that does not parse stays a text, so that serde's error names what was expected.
fn typed_filter(schema: &Value, filter: BTreeMap<String, String>) -> Value {
    let typed = filter.into_iter().map(|(name, text)| {
        let kind = &schema["properties"][&name]["type"];
        let is = |wanted: &str| {
            kind == wanted || kind.as_array().is_some_and(|k| k.iter().any(|k| k == wanted))
        };
        let scalar = is("integer") || is("number") || is("boolean");
        let value = match scalar.then(|| serde_json::from_str(&text)) {
            Some(Ok(value)) => value,
            _ => Value::String(text),
        };
        (name, value)
    });
    Value::Object(typed.collect())
}

/// Erases a view's types. [`submit_view!`](crate::submit_view) calls it.
#[doc(hidden)]
pub fn erase_view<V: View>(plugin: &str, version: &str, file: &str, line: u32) -> Arc<dyn DynView> {
    Arc::new(Erased::<V> {
        descriptor: ViewDescriptor {
            key: V::KEY.into(),
            description: V::DESCRIPTION.into(),
            origin: Origin::compiled_in(plugin, version, file, line),
            row_schema: schemars::schema_for!(V::Row).to_value(),
            filter_schema: schemars::schema_for!(V::Filter).to_value(),
            sortable: V::SORTABLE.iter().map(|&column| column.into()).collect(),
            actions: V::actions(),
        },
        view: PhantomData,
    })
}

/// Submits a [`View`] to the host: one line per data key.
#[macro_export]
macro_rules! submit_view {
    ($view:ty) => {
        $crate::inventory::submit! {
            $crate::ViewRegistration {
                make: || $crate::erase::view::<$view>(
                    env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), file!(), line!(),
                ),
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Filter {
        search: Option<String>,
        min: Option<f64>,
        open: Option<bool>,
    }

    #[test]
    fn query_text_takes_the_type_its_schema_names() {
        let schema = schemars::schema_for!(Filter).to_value();
        let filter = [("search", "42"), ("min", "0.5"), ("open", "true")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let typed = typed_filter(&schema, filter.into());
        assert_eq!(typed, serde_json::json!({"search": "42", "min": 0.5, "open": true}));
    }

    #[test]
    fn a_text_where_a_number_belongs_is_left_for_serde_to_refuse() {
        let schema = schemars::schema_for!(Filter).to_value();
        let typed = typed_filter(&schema, [("min".to_owned(), "low".to_owned())].into());
        assert!(serde_json::from_value::<Filter>(typed).is_err());
    }
}
