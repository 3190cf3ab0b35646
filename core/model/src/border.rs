//! The border: text that comes from plugins and programs is cleaned and capped here, once, before it is
//! stored, logged or shown. What a cap removes leaves a visible mark.
//!
//! NUL becomes U+FFFD, because PostgreSQL's text cannot hold it; bytes that are not UTF-8 become
//! U+FFFD as well.

use serde_json::{Map, Value};

/// The longest error of a run, bytes.
pub const ERROR: usize = 64 * 1024;
/// The longest summary of a run, bytes.
pub const SUMMARY: usize = 4 * 1024;
/// The longest message of a log line or of progress, bytes; the fields of a line as JSON take at most
/// as much again.
pub const LOG_LINE: usize = 16 * 1024;
/// How deep the fields of a log line may be nested.
pub const LOG_FIELD_LEVELS: usize = 16;
/// The largest output of a run, bytes of JSON.
pub const OUTPUT: usize = 1024 * 1024;
/// The most bytes of the args of a run, as JSON.
pub const ARGS: usize = 256 * 1024;
/// The most bytes of the args of all runs that the end of one run makes, as JSON.
pub const CHILDREN: usize = 16 * 1024 * 1024;
/// How deep the output of a run may be nested.
pub const OUTPUT_LEVELS: usize = 100;
/// The most that a run is given of the outputs of its upstream runs, bytes of JSON.
pub const UPSTREAM: usize = 16 * 1024 * 1024;
/// The most log lines that are kept of one run.
pub const LINES_PER_RUN: usize = 100_000;
/// The longest text of a run in a list, bytes; the run itself has the whole text.
pub const IN_LISTS: usize = 512;

/// How deep an answer of a view may be nested.
pub const VIEW_LEVELS: usize = 100;
/// The largest answer of a view, about, in bytes of JSON.
pub const VIEW_ANSWER: usize = 16 * 1024 * 1024;

/// Text without NUL.
pub fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Bytes as text: what is not UTF-8 is replaced, and so is NUL.
pub fn decoded(bytes: &[u8]) -> String {
    clean(String::from_utf8_lossy(bytes).into_owned())
}

/// Clean text of at most `bytes` bytes, at least 64. A longer one is cut between characters, and its
/// end says so: `… [cut: 52428800 bytes in all]`.
pub fn capped(mut text: String, bytes: usize) -> String {
    let whole = text.len();
    if whole > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        // The allocation of the whole text would live on.
        text.shrink_to_fit();
    }
    // After the first cut, because U+FFFD takes three times the memory of NUL.
    let mut text = clean(text);
    if whole.max(text.len()) > bytes {
        let mark = format!("… [cut: {whole} bytes in all]");
        text.truncate(text.floor_char_boundary(bytes.saturating_sub(mark.len())));
        text.push_str(&mark);
    }
    text
}

/// The error of a run as it is kept.
pub fn error(text: String) -> String {
    capped(text, ERROR)
}

/// The summary of a run as it is kept.
pub fn summary(text: String) -> String {
    capped(text, SUMMARY)
}

/// The message of a log line or of progress as it is kept.
pub fn message(text: String) -> String {
    capped(text, LOG_LINE)
}

/// The fields of a log line as they are kept: without NUL, nested at most [`LOG_FIELD_LEVELS`] deep and
/// at most [`LOG_LINE`] bytes as JSON.
pub fn fields(value: Value) -> Value {
    let kept = shallow(value, LOG_FIELD_LEVELS);
    // Written only where it may be too long: nearly all lines have a few short fields or none.
    let long = weight(&kept) > LOG_LINE / 8;
    match long.then(|| kept.to_string().len()) {
        Some(bytes) if bytes > LOG_LINE => {
            Value::Object(Map::from_iter([("cut".into(), format!("{bytes} bytes in all").into())]))
        }
        _ => kept,
    }
}

/// A lower bound of the length as JSON, divided by at most 8: characters may be escaped.
pub fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 1,
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => {
            1 + fields.iter().map(|(name, field)| name.len() + 1 + weight(field)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

fn shallow(value: Value, levels: usize) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        value @ (Value::Array(_) | Value::Object(_)) if levels == 0 => {
            discard(value);
            format!("… [cut: nested deeper than {LOG_FIELD_LEVELS} levels]").into()
        }
        Value::Array(items) => items.into_iter().map(|item| shallow(item, levels - 1)).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, field)| (clean(name), shallow(field, levels - 1)))
                .collect(),
        ),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => value,
    }
}

/// The output of a run as JSON text, or why it is not kept; `None` for no output.
pub fn output(value: Value) -> Result<Option<String>, String> {
    if value.is_null() {
        return Ok(None);
    }
    if is_deeper(&value, OUTPUT_LEVELS) {
        discard(value);
        return Err(format!("its output is nested deeper than {OUTPUT_LEVELS} levels"));
    }
    // NUL in JSON text is an escape, which PostgreSQL's text takes and its functions refuse.
    let text = shallow(value, OUTPUT_LEVELS).to_string();
    match text.len() {
        bytes if bytes > OUTPUT => {
            let most = OUTPUT >> 20;
            Err(format!("its output is {bytes} bytes of JSON; at most {most} MiB is kept"))
        }
        _ => Ok(Some(text)),
    }
}

/// The args of a run as they are kept, or why they are not.
pub fn args(value: Value) -> Result<Value, String> {
    if is_deeper(&value, OUTPUT_LEVELS) {
        discard(value);
        return Err(format!("args are nested deeper than {OUTPUT_LEVELS} levels"));
    }
    let args = shallow(value, OUTPUT_LEVELS);
    match args.to_string().len() {
        bytes if bytes > ARGS => Err(format!("args are {bytes} bytes of JSON, more than {ARGS}")),
        _ => Ok(args),
    }
}

/// What a view answers, unless it is nested too deep to be written, or too large; then why not.
pub fn view_answer(value: Value) -> Result<Value, String> {
    if is_deeper(&value, VIEW_LEVELS) {
        discard(value);
        return Err(format!("its answer is nested deeper than {VIEW_LEVELS} levels"));
    }
    if weight(&value) > VIEW_ANSWER {
        return Err(format!("its answer is larger than {} MiB", VIEW_ANSWER >> 20));
    }
    Ok(value)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let deeper = |below: &Value| levels == 0 || is_deeper(below, levels - 1);
    match value {
        Value::Array(items) => items.iter().any(deeper),
        Value::Object(fields) => fields.values().any(deeper),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Drops a value level by level: its own destructor calls itself once a level, and a value that is
/// nested deep enough overflows the stack, which ends the process.
pub fn discard(value: Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => left.extend(fields.into_iter().map(|(_, field)| field)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_cleaned_and_capped_with_a_mark() {
        assert_eq!(error("a\0b".into()), "a\u{fffd}b");
        assert!(error("\0".repeat(ERROR)).len() <= ERROR);
        assert_eq!(decoded(b"a\xffb\0"), "a\u{fffd}b\u{fffd}");
        let whole = "é".repeat(SUMMARY);
        let cut = summary(whole.clone());
        assert!(cut.len() <= SUMMARY && cut.capacity() < whole.len(), "{}", cut.len());
        assert!(cut.starts_with("éé") && cut.ends_with("é… [cut: 8192 bytes in all]"), "{cut}");
        assert_eq!(summary("x".repeat(SUMMARY)), "x".repeat(SUMMARY), "what fits stays as it is");
    }

    #[test]
    fn fields_are_cleaned_and_capped_in_depth_and_size() {
        let kept = json!({"a": [1, {"b": "text"}], "c": null});
        assert_eq!(fields(kept.clone()), kept);
        assert_eq!(fields(json!({"a\0": "\0"})), json!({"a\u{fffd}": "\u{fffd}"}));
        assert_eq!(
            fields(json!({"a": "x".repeat(LOG_LINE)})),
            json!({"cut": "16392 bytes in all"})
        );
        let escaped = fields(json!({"a": "\u{1}".repeat(LOG_LINE / 6)}));
        assert_eq!(escaped, json!({"cut": "16388 bytes in all"}));
    }

    #[test]
    fn an_answer_of_a_view_that_is_too_deep_or_too_large_is_refused() {
        let mut deep = json!("bottom");
        for _ in 0..200_000 {
            deep = Value::Array(vec![deep]);
        }
        assert!(view_answer(deep).unwrap_err().contains("100 levels"));
        let large = Value::Array(vec!["x".repeat(VIEW_ANSWER / 4).into(); 5]);
        assert!(view_answer(large).unwrap_err().contains("16 MiB"));
        let fits = json!([{"a": [1, 2, {"b": null}]}]);
        assert_eq!(view_answer(fits.clone()), Ok(fits));
    }

    #[test]
    fn an_output_is_kept_whole_or_refused() {
        assert_eq!(output(Value::Null), Ok(None));
        let kept = output(json!({"a\0": ["\0", 1.5]}));
        assert_eq!(kept, Ok(Some("{\"a\u{fffd}\":[\"\u{fffd}\",1.5]}".into())));
        let fits = |more| output("x".repeat(OUTPUT - 2 + more).into());
        assert_eq!(fits(0).map(|text| text.map(|text| text.len())), Ok(Some(OUTPUT)));
        let said = fits(1).unwrap_err();
        assert_eq!(said, "its output is 1048577 bytes of JSON; at most 1 MiB is kept");
        let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(output(nested(OUTPUT_LEVELS)).is_ok());
        assert!(output(nested(OUTPUT_LEVELS + 1)).unwrap_err().contains("100 levels"));
    }

    #[test]
    fn deeply_nested_fields_are_cut_without_overflowing_the_stack() {
        let mut deep = json!("bottom");
        for _ in 0..200_000 {
            deep = Value::Array(vec![deep]);
        }
        let mut kept = &fields(deep);
        for _ in 0..LOG_FIELD_LEVELS {
            kept = &kept[0];
        }
        assert_eq!(kept, "… [cut: nested deeper than 16 levels]");
    }
}
