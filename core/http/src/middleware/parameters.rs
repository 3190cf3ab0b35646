//! Query parameters that an address does not know are refused: a filter whose name is mistyped would
//! filter nothing. What each address knows is read off the OpenAPI document.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    extract::{MatchedPath, Query, Request, State},
    http::{Method, Uri},
    middleware::Next,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{OpenApi, RefOr, Schema, path::ParameterIn};

use crate::error::{ApiError, ApiResult};
use cascade_config::nearest;

/// Addresses that look at their parameters themselves.
const OPEN: [&str; 3] = [
    // A view has parameters of its own.
    "/data/{key}",
    // A client must ignore what a provider adds (RFC 6749, section 4.1.2).
    "/session/oidc/callback",
    // Who sends to a hook may add what it likes to the address that it was given.
    "/hooks/{name}",
];

/// The query parameters of each address.
#[derive(Default)]
pub(crate) struct Parameters(HashMap<(String, Method), Known>);

/// What one address takes.
#[derive(Default)]
struct Known {
    names: Vec<String>,
    /// Those that are lists: given once for each item.
    repeated: Vec<String>,
}

impl Parameters {
    /// Those that a document describes; its paths may begin with `/api`.
    pub fn of(document: &OpenApi) -> Arc<Self> {
        let mut all = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
                (Method::PATCH, &item.patch),
            ] {
                let Some(operation) = operation else { continue };
                let mut known = Known::default();
                for parameter in operation.parameters.iter().flatten() {
                    let RefOr::T(parameter) = parameter else { continue };
                    if parameter.parameter_in != ParameterIn::Query {
                        continue;
                    }
                    if let Some(RefOr::T(Schema::Array(_))) = &parameter.schema {
                        known.repeated.push(parameter.name.clone());
                    }
                    known.names.push(parameter.name.clone());
                }
                all.insert((bare(path).to_owned(), method), known);
            }
        }
        Arc::new(Self(all))
    }
}

fn bare(path: &str) -> &str {
    path.strip_prefix("/api").unwrap_or(path)
}

/// Refuses what the address does not know.
pub(crate) async fn check(
    State(all): State<Arc<Parameters>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| bare(path.as_str()).to_owned());
    if let Some(path) = path.filter(|path| !OPEN.contains(&path.as_str())) {
        // HEAD is answered as GET is.
        let method = match request.method() {
            &Method::HEAD => Method::GET,
            method => method.clone(),
        };
        if let Some(known) = all.0.get(&(path, method))
            && let Err(refused) = known_only(request.uri(), &known.names, &known.repeated)
        {
            return refused.into_response();
        }
    }
    next.run(request).await
}

/// Whether each parameter of an address is known, and there once unless it is `repeated`.
///
/// # Errors
/// 400 that names the one that is not, and what it may have been meant to be.
pub(crate) fn known_only<T: AsRef<str>>(uri: &Uri, known: &[T], repeated: &[T]) -> ApiResult<()> {
    let Ok(Query(given)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return Ok(()) };
    let known: Vec<_> = known.iter().map(AsRef::as_ref).collect();
    let mut seen = HashSet::new();
    for (name, _) in &given {
        if !known.contains(&name.as_str()) {
            let shown: String = name.chars().take(100).collect();
            let refused = ApiError::bad_request(format!("query: there is no parameter `{shown}`"));
            return Err(refused.help(help(&shown, &known)));
        }
        let once = !repeated.iter().any(|repeated| repeated.as_ref() == name);
        if !seen.insert(name) && once {
            return Err(ApiError::bad_request(format!("query: `{name}` is given twice")));
        }
    }
    Ok(())
}

fn help(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known) {
        _ if known.is_empty() => "this address takes no parameters".into(),
        Some(near) => format!("did you mean `{near}`? there is: {}", known.join(", ")),
        None => format!("there is: {}", known.join(", ")),
    }
}
