//! Labels of a worker, as the command line takes them.

use std::{collections::BTreeSet, str::FromStr};

/// Each once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels(pub Vec<String>);

impl FromStr for Labels {
    type Err = String;

    /// Separated by commas; an empty text has none.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut labels = BTreeSet::new();
        let names = text.split(',').map(str::trim);
        for name in names.filter(|_| !text.trim().is_empty()) {
            if !cascade_config::is_name(name) {
                return Err(format!(
                    "`{name}`: a label has 1 to 64 letters, digits, `-`, `_` and `.`"
                ));
            }
            labels.insert(name.to_owned());
        }
        Ok(Self(labels.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_separated_by_commas() {
        let labels = |text: &str| text.parse::<Labels>().map(|labels| labels.0);
        assert_eq!(labels("gpu, eu,gpu").unwrap(), ["eu", "gpu"]);
        assert_eq!(labels(" ").unwrap(), [""; 0]);
        for text in ["gpu,", "a b", "ünder", &"x".repeat(65)] {
            assert!(labels(text).unwrap_err().contains("letters, digits"), "{text}");
        }
    }
}
