//! What `routes!` of utoipa_axum does, with one type for all handlers.
//!
//! axum wraps each handler into half a dozen of tower's types. With the handler's type in them, the compiler makes each
//! wrapper once for each of a hundred handlers and proves again and again that its future may go to another thread,
//! which took half of the time for this crate.

use std::sync::Arc;

use axum::{extract::Request, handler::Handler, response::Response};
use futures::future::BoxFuture;

use crate::AppState;

type Answer = BoxFuture<'static, Response>;

/// A handler whose type says nothing about what it takes and answers.
#[derive(Clone)]
pub struct AnyHandler(Arc<dyn Fn(Request, AppState) -> Answer + Send + Sync>);

impl AnyHandler {
    /// Of any function that axum takes as a handler.
    pub fn new<T: 'static>(handler: impl Handler<T, AppState>) -> Self {
        Self(Arc::new(move |request, state| Box::pin(handler.clone().call(request, state))))
    }
}

impl Handler<(), AppState> for AnyHandler {
    type Future = Answer;

    fn call(self, request: Request, state: AppState) -> Answer {
        (self.0)(request, state)
    }
}

/// Handlers of one address, with what they say about themselves in the OpenAPI document. `@resolve_types` is a rule of
/// utoipa_axum's macro that its documentation does not name.
macro_rules! routes {
    ($($handler:path),+ $(,)?) => {{
        let mut schemas = Vec::new();
        let mut paths = utoipa::openapi::path::Paths::new();
        let mut router = axum::routing::MethodRouter::new();
        $(
            let (path, item, methods) = utoipa_axum::routes!(@resolve_types $handler : schemas);
            for method in &methods {
                let handler = $crate::server::routes::AnyHandler::new($handler);
                router = router.on(utoipa_axum::PathItemExt::to_method_filter(method), handler);
            }
            paths.add_path_operation(&path, methods, item);
        )+
        (schemas, paths, router)
    }};
}
pub(crate) use routes;
