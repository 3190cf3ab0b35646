//! Texts with placeholders, such as `{job} of {project}`; `{{` and `}}` are braces.

use serde::Deserialize;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Job,
    Cascade,
    Project,
    ProjectName,
    Key,
    RunId,
    Error,
    Attempts,
    ConfigRevision,
    NotReached,
    Since,
    Failures,
    Link,
}

const FIELDS: [(&str, Field); 13] = [
    ("job", Field::Job),
    ("cascade", Field::Cascade),
    ("project", Field::Project),
    ("project_name", Field::ProjectName),
    ("key", Field::Key),
    ("run_id", Field::RunId),
    ("error", Field::Error),
    ("attempts", Field::Attempts),
    ("config_revision", Field::ConfigRevision),
    ("not_reached", Field::NotReached),
    ("since", Field::Since),
    ("failures", Field::Failures),
    ("link", Field::Link),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    lines: Vec<Vec<Part>>,
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Template {
    /// One of this crate's own.
    pub fn usual(text: &str) -> Self {
        // A text without placeholders stands for itself; that these parse is a test.
        Self::parse(text)
            .unwrap_or_else(|_| Self { lines: vec![vec![Part::Text(text.to_owned())]] })
    }

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { lines: text.lines().map(line).collect::<Result<_, _>>()? })
    }

    /// The text, with what each field says. A line whose placeholders all say nothing is left out.
    pub fn fill(&self, value: impl Fn(Field) -> String) -> String {
        let mut filled = Vec::new();
        for line in &self.lines {
            let mut text = String::new();
            let (mut fields, mut said) = (0, 0);
            for part in line {
                match part {
                    Part::Text(part) => text.push_str(part),
                    Part::Field(field) => {
                        let value = value(*field);
                        fields += 1;
                        said += usize::from(!value.is_empty());
                        text.push_str(&value);
                    }
                }
            }
            if fields == 0 || said > 0 {
                filled.push(text.trim_end().to_owned());
            }
        }
        filled.join("\n")
    }
}

fn line(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
            continue;
        }
        let end = rest.find('}').filter(|_| brace == "{");
        let end = end.ok_or_else(|| {
            format!("`{brace}` in `{text}` belongs to no placeholder: write it twice")
        })?;
        let name = &rest[..end];
        let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = FIELDS.iter().map(|(known, _)| *known).collect();
            return Err(format!(
                "there is no placeholder `{name}`; there is: {}",
                known.join(", ")
            ));
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(Part::Field(*field));
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let template = Template::parse(text).unwrap();
        template.fill(|field| match field {
            Field::Job => "sync".into(),
            Field::Error => "{job} is no placeholder\nhere".into(),
            _ => String::new(),
        })
    }

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(filled("{job} failed: {error}"), "sync failed: {job} is no placeholder\nhere");
        assert_eq!(filled("{{job}} is {job}"), "{job} is sync");
        assert_eq!(filled("plain"), "plain");
    }

    #[test]
    fn a_line_with_nothing_to_tell_is_left_out() {
        assert_eq!(filled("a\nKey: {key}\nRun: {job} {link}\n\nb"), "a\nRun: sync\n\nb");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_there_is() {
        for (text, told) in [
            ("{jb}", "no placeholder `jb`; there is: job, cascade"),
            ("{job", "write it twice"),
            ("a } b", "write it twice"),
        ] {
            let said = Template::parse(text).unwrap_err();
            assert!(said.contains(told), "{said}");
        }
    }
}
