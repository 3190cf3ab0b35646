//! Asking an API page by page, within its limits.
//!
//! Lists are read in the order of their last change, oldest first, from the time of the last item that
//! is known. `Link` says whether there is more. The next page is asked for by the time of this one's last
//! item and not by its number: an item that changes meanwhile moves to the end, and all pages behind its
//! place would miss one. Only where a whole page has one and the same time its `next` is followed.

use std::time::Duration;

use cascade_sdk::{Context, HttpRequest, HttpResponse};
use chrono::DateTime;
use serde_json::Value;
use url::Url;

use crate::{
    fault::{Fault, Pause},
    feed::retry_after,
    params::Source,
};

/// When a limit is reached and the server does not say for how long.
const RATE_PAUSE: Duration = Duration::from_secs(60);
/// The longest that a server's word for a pause is taken.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// A server's API.
pub struct Api {
    base: Url,
    token: Option<String>,
    accept: &'static str,
}

/// A page of a list.
pub struct Page {
    pub items: Vec<Value>,
    /// The page behind it.
    pub next: Option<Url>,
    /// Set when the server lets nobody ask on for so long.
    pub limited: Option<Fault>,
}

impl Api {
    /// The API at the source's `url`, else at `usual`.
    ///
    /// # Errors
    /// When the address is none, or the token is not to be had.
    pub fn of(
        ctx: &Context,
        source: &Source,
        usual: &str,
        accept: &'static str,
    ) -> Result<Self, Fault> {
        let wrong = |why: String| Fault::lasting(format!("source {}: url: {why}", source.name));
        let text = source.url.as_deref().unwrap_or(usual).trim_end_matches('/');
        let base = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
            return Err(wrong(format!("write the API's address, such as {usual}")));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("a token stands in the variable that `token_env` names".to_owned()));
        }
        let token = source.token_env.as_deref().map(|variable| ctx.secret(variable)).transpose();
        Ok(Self { base, token: token.map_err(Fault::passing)?, accept })
    }

    /// What a position belongs to: that of another repository says nothing.
    pub fn place(&self, repository: &str) -> String {
        format!("{}/{repository}", self.base.as_str().trim_end_matches('/'))
    }

    /// An address beneath the API's; parts may hold any letters.
    pub fn at(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// One page of a list.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub async fn page(&self, ctx: &Context, url: &Url) -> Result<Page, Fault> {
        let answer = self.ask(ctx, url).await?;
        let items = match answer.json::<Value>() {
            Ok(Value::Array(items)) => items,
            Ok(_) => return Err(Fault::passing(format!("{} answered no list", shown(url)))),
            Err(error) => return Err(Fault::passing(format!("{}: {error}", shown(url)))),
        };
        let next = answer.header("link").and_then(next).and_then(|next| url.join(&next).ok());
        // The token goes to the API's own server alone.
        let next = next.filter(|next| next.origin() == self.base.origin());
        let limited = used_up(&answer).then(|| limit(ctx, url, &answer));
        Ok(Page { items, next, limited })
    }

    /// One object; `None` when the server has none, or shows it to nobody with this token.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub async fn object(&self, ctx: &Context, url: &Url) -> Result<Option<Value>, Fault> {
        match self.send(ctx, url).await? {
            answer if answer.status == 404 || answer.status == 410 => Ok(None),
            answer => {
                let answer = refused(ctx, url, answer)?;
                answer.json().map(Some).map_err(Fault::passing)
            }
        }
    }

    async fn ask(&self, ctx: &Context, url: &Url) -> Result<HttpResponse, Fault> {
        refused(ctx, url, self.send(ctx, url).await?)
    }

    async fn send(&self, ctx: &Context, url: &Url) -> Result<HttpResponse, Fault> {
        let mut request = HttpRequest::get(url.as_str()).header("accept", self.accept);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        ctx.http().send(request).await.map_err(Fault::passing)
    }
}

/// An address without its query.
fn shown(url: &Url) -> &str {
    let text = url.as_str();
    text.split('?').next().unwrap_or(text)
}

/// Passes on an answer that is none of a refusal.
fn refused(ctx: &Context, url: &Url, answer: HttpResponse) -> Result<HttpResponse, Fault> {
    let status = answer.status;
    // GitHub says 403 both for a limit and for what a token may not do.
    let is_limit = status == 429
        || status == 403 && (used_up(&answer) || answer.header("retry-after").is_some());
    if is_limit {
        return Err(limit(ctx, url, &answer));
    }
    let told: Value = answer.json().unwrap_or_default();
    let message = told["message"].as_str().or(told["error"].as_str()).unwrap_or_default();
    let message: String = message.chars().take(200).collect();
    let reason = format!("{} answered {status} {message}", shown(url)).trim_end().to_owned();
    match status {
        200..=299 => Ok(answer),
        // A repository that is not there, or a token that may not read it, does not get better.
        400 | 401 | 403 | 404 | 410 | 422 | 451 => Err(Fault::lasting(reason)),
        _ => Err(Fault::passing(reason)),
    }
}

/// Whether no request is left in the limit's span of time.
fn used_up(answer: &HttpResponse) -> bool {
    let left = answer.header("x-ratelimit-remaining").or(answer.header("ratelimit-remaining"));
    left.is_some_and(|left| left.trim() == "0")
}

/// A limit that is reached: `Retry-After`, else the time at which the span begins again.
fn limit(ctx: &Context, url: &Url, answer: &HttpResponse) -> Fault {
    let asked = answer.header("retry-after").and_then(|text| retry_after(text, ctx.now()));
    let reset = || {
        let at = answer.header("x-ratelimit-reset").or(answer.header("ratelimit-reset"))?;
        let at = DateTime::from_timestamp(at.trim().parse().ok()?, 0)?;
        // A clock that is ahead of the server's must not ask at once.
        Some((at - ctx.now()).to_std().unwrap_or_default().max(Duration::from_secs(1)))
    };
    let pause = asked.or_else(reset).unwrap_or(RATE_PAUSE).min(LONGEST_PAUSE);
    let reason = format!("{}: the server limits the rate", shown(url));
    Fault { reason, pause: Pause::Asked(pause) }
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next(link: &str) -> Option<String> {
    let mut rest = link;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, after) = after.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let mut relations = value.trim().trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(address.to_owned());
        }
        rest = after;
    }
    None
}

/// What comes behind a page: the same list from the time of its last item, or its own next page.
pub fn follow(
    page: &Page,
    since: &mut Option<String>,
    from: impl FnOnce(&str) -> Url,
) -> Option<Url> {
    let times = page.items.iter().filter_map(|item| item["updated_at"].as_str());
    // Texts of one form and zone, so that they compare as the times do.
    let newest = times.max().map(ToOwned::to_owned);
    let moved = newest > *since;
    if moved {
        *since = newest;
    }
    let next = page.next.clone()?;
    match since {
        Some(since) if moved => Some(from(since)),
        _ => Some(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        for (link, found) in [
            (
                "<https://h/a?page=2>; rel=\"next\", <https://h/a?page=9>; rel=\"last\"",
                Some("https://h/a?page=2"),
            ),
            ("<https://h/a?x=1,2&page=1>; rel=\"prev\", </a?page=3>; rel=next", Some("/a?page=3")),
            ("<https://h/a>; title=\"next\"; rel=\"last\"", None),
            ("<https://h/a>; rel=\"last next\"", Some("https://h/a")),
            ("nonsense", None),
            ("<unclosed", None),
        ] {
            assert_eq!(next(link).as_deref(), found, "{link}");
        }
    }
}
