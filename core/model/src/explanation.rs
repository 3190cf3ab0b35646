//! Why something is or is not so: an English sentence, and the same for programs and other languages.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// A sentence with what it is made of. Kept within what it explains, as its `reason`, `code`, `values` and `parts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// In English.
    #[serde(rename = "reason")]
    pub text: String,
    /// Names its kind; empty where only the text says what it is, or where it is the sum of its parts.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub code: Cow<'static, str>,
    /// What the text names, as it stands there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<Cow<'static, str>, String>,
    /// Explanations within the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// One of a kind; [`explanation!`](crate::explanation) makes text and values of one.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        let (values, parts) = (BTreeMap::new(), Vec::new());
        Self { text: text.into(), code: Cow::Borrowed(code), values, parts }
    }

    /// With a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &dyn fmt::Display) -> Self {
        self.values.insert(Cow::Borrowed(name), value.to_string());
        self
    }

    /// With an explanation that the text has already.
    #[must_use]
    pub fn of(mut self, part: Self) -> Self {
        self.parts.push(part);
        self
    }

    /// All of these.
    pub fn all(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let texts: Vec<_> = parts.iter().map(|part| part.text.as_str()).collect();
        Self { text: texts.join("; "), parts, ..Self::default() }
    }
}

/// Of no kind: only the text says it.
impl From<String> for Explanation {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An [`Explanation`] with its code, its text, and the values that the text names.
#[macro_export]
macro_rules! explanation {
    ($code:literal, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = &$value;)*
        $crate::Explanation::new($code, format!($text $(, $name = $name)*))
            $(.with(stringify!($name), $name))*
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_values_beside_it_and_is_kept_in_what_it_explains() {
        let why = explanation!(
            "not_reached",
            "`{job}` did not run, as `{of}` failed",
            job = "b",
            of = "a"
        );
        assert_eq!(why.to_string(), "`b` did not run, as `a` failed");
        let all = Explanation::all(vec![why.clone(), String::from("more").into()]);
        assert_eq!(all.text, "`b` did not run, as `a` failed; more");
        assert_eq!(Explanation::all(vec![why.clone()]), why);
        let json = r#"{"reason":"`b` did not run, as `a` failed","code":"not_reached","values":{"job":"b","of":"a"}}"#;
        assert_eq!(serde_json::to_string(&why).unwrap(), json);
        assert_eq!(serde_json::from_str::<Explanation>(json).unwrap(), why);
        // As versions before this one have kept it.
        let old: Explanation = serde_json::from_str(r#"{"reason":"the run failed"}"#).unwrap();
        assert_eq!(old, String::from("the run failed").into());
    }
}
