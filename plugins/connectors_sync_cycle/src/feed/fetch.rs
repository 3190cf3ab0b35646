//! A feed over HTTP.

use std::{io::Read, time::Duration};

use cascade_sdk::{Context, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::{Fetched, LARGEST, Position};
use crate::{
    dates,
    fault::{Fault, Pause},
};

/// The longest that a server's `Retry-After` is honored.
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The feed's bytes, or `None` when it has not changed.
pub async fn fetch(
    ctx: &Context,
    url: &str,
    place: &mut Position,
) -> Result<Option<Fetched>, Fault> {
    let mut request = HttpRequest::get(url)
        .header("accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5")
        .header("accept-encoding", "gzip, deflate");
    if let Some(etag) = &place.etag {
        request = request.header("if-none-match", etag);
    }
    if let Some(date) = &place.last_modified {
        request = request.header("if-modified-since", date);
    }
    let answer =
        ctx.http().send(request).await.map_err(|error| Fault::passing(error.to_string()))?;
    match answer.status {
        304 => Ok(None),
        200..=299 => {
            let header = |name| answer.header(name).map(ToOwned::to_owned);
            (place.etag, place.last_modified) = (header("etag"), header("last-modified"));
            let charset = answer.header("content-type").and_then(charset);
            Ok(Some(Fetched { bytes: unpacked(&answer)?, charset }))
        }
        status => Err(refused(url, status, &answer, ctx.now())),
    }
}

fn refused(url: &str, status: u16, answer: &HttpResponse, now: DateTime<Utc>) -> Fault {
    let reason = format!("{} answered {status}", without_query(url));
    let after = answer.header("retry-after").and_then(|value| retry_after(value, now));
    let pause = match (after, status) {
        (Some(after), _) => Pause::Asked(after.min(LONGEST_PAUSE)),
        // Asking again will not help until somebody changes something.
        (None, 400 | 401 | 403 | 404 | 405 | 406 | 410 | 414 | 421 | 451) => Pause::Growing,
        (None, 429) => Pause::Growing,
        (None, _) => Pause::None,
    };
    Fault { reason, pause }
}

/// An address as it may be shown: its query may hold a key.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The pause that a server asks for: seconds or a date.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    (dates::parse(value)? - now).to_std().ok()
}

fn charset(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1);
    parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// The body as it was before it was compressed. Some servers compress what they say is plain.
fn unpacked(answer: &HttpResponse) -> Result<Vec<u8>, Fault> {
    let body = answer.body.as_slice();
    let named = answer.header("content-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    let unpack = |reader: &mut dyn Read| {
        let mut bytes = Vec::new();
        reader
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Fault::passing(format!("the answer cannot be unpacked: {error}")))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Fault::lasting(format!("the feed is over {LARGEST} bytes")));
        }
        Ok(bytes)
    };
    if body.starts_with(&[0x1f, 0x8b]) {
        return unpack(&mut MultiGzDecoder::new(body));
    }
    match named.as_str() {
        // The name means the zlib form, but some servers leave its header out.
        "deflate" if body.first().is_some_and(|first| first & 0x0f == 8) => {
            unpack(&mut ZlibDecoder::new(body))
        }
        "deflate" => unpack(&mut DeflateDecoder::new(body)),
        "" | "identity" | "gzip" | "x-gzip" | "none" | "utf-8" => Ok(body.to_vec()),
        other => {
            Err(Fault::lasting(format!("the answer came in `{other}`, which was not asked for")))
        }
    }
}
