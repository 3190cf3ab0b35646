//! Signing in at an OpenID Connect provider.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    AppState,
    api::session,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{auth::Peer, extract::Query},
};
use cascade_access::{Accounts, NewUser, Oidc, OidcError, OidcIdentity, SignedIn, User};

/// Holds the state, so that the way back is taken by the browser that set out.
const STATE_COOKIE: &str = "cascade_oidc";
const CALLBACK: &str = "/api/session/oidc";

fn provider(server: &AppState) -> ApiResult<&Oidc> {
    server.oidc.as_deref().ok_or_else(|| {
        ApiError::not_found("no OpenID Connect provider is set up")
            .help("set CASCADE_OIDC_ISSUER, CASCADE_OIDC_CLIENT_ID and CASCADE_OIDC_CLIENT_SECRET")
    })
}

/// Sends the browser to the provider.
#[utoipa::path(get, path = "/session/oidc", responses((status = 303), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody), Refused))]
pub async fn begin(State(server): State<AppState>, peer: Peer) -> ApiResult<Response> {
    let provider = provider(&server)?;
    server.throttle.provider(peer.0).map_err(ApiError::too_many_tries)?;
    let (url, state) = provider.begin().await?;
    let cookie = Cookie::build((STATE_COOKIE, state))
        .path(CALLBACK)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(server.auth.secure())
        .build();
    Ok((CookieJar::new().add(cookie), Redirect::to(&url)).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// What `begin` sent along.
    state: Option<String>,
    /// To be traded for who it is.
    code: Option<String>,
    /// Why there is none.
    error: Option<String>,
}

/// Takes the browser back from the provider.
#[utoipa::path(
    get, path = "/session/oidc/callback", params(Callback),
    responses((status = 303), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody), Refused)
)]
pub async fn callback(
    State(server): State<AppState>,
    peer: Peer,
    jar: CookieJar,
    Query(back): Query<Callback>,
) -> ApiResult<Response> {
    let provider = provider(&server)?;
    if let Some(error) = back.error {
        return Err(ApiError::unauthorized(format!("the provider refused: {error}")));
    }
    let (Some(state), Some(code)) = (back.state, back.code) else {
        return Err(OidcError::Unknown.into());
    };
    if jar.get(STATE_COOKIE).map(Cookie::value) != Some(state.as_str()) {
        return Err(OidcError::Unknown.into());
    }
    let answer = finish(&server, provider, (&state, code), peer).await;
    // Signed in or not: a state is for one way back.
    let mut used = Cookie::from(STATE_COOKIE);
    used.set_path(CALLBACK);
    used.make_removal();
    Ok((CookieJar::new().add(used), answer).into_response())
}

async fn finish(
    server: &AppState,
    provider: &Oidc,
    (state, code): (&str, String),
    peer: Peer,
) -> ApiResult<Response> {
    let identity = provider.finish(state, code).await?;
    let signed_in = user_of(server, identity).await?;
    let (cookies, _) = session::begin(server, signed_in, "oidc", peer).await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, cookies, Redirect::to("/")).into_response())
}

/// The user whom an identity belongs to. Who is new gets an account without any role: an owner gives
/// them one.
async fn user_of(server: &AppState, identity: OidcIdentity) -> ApiResult<SignedIn> {
    let OidcIdentity { issuer, subject, display_name, .. } = &identity;
    let accounts = &server.accounts;
    let user = match accounts.user_of_oidc(issuer, subject).await? {
        Some(user) => user,
        None => add_user_of(accounts, &identity).await?,
    };
    if user.disabled {
        return Err(ApiError::forbidden(format!("`{}` may not sign in", user.name)));
    }
    if user.display_name != *display_name {
        accounts.set_display_name(user.id, display_name.as_deref()).await?;
    }
    Ok(accounts.begin_session(user.id, user.name).await?)
}

async fn add_user_of(accounts: &Accounts, identity: &OidcIdentity) -> ApiResult<User> {
    let OidcIdentity { issuer, subject, display_name, .. } = identity;
    let mut refused = None;
    for name in identity.account_names() {
        let new = NewUser {
            name,
            oidc: Some((issuer.clone(), subject.clone())),
            display_name: display_name.clone(),
            ..NewUser::default()
        };
        // The name is taken, or another tab of the same browser was faster.
        refused = accounts.add_user(new).await.err();
        if let Some(user) = accounts.user_of_oidc(issuer, subject).await? {
            return Ok(user);
        }
    }
    match refused {
        Some(error) => Err(error.into()),
        None => Err(ApiError::forbidden("the new user is gone already")),
    }
}
