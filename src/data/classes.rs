//! Classes: the categories of a column in a fixed order.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// The classes of a column, sorted: as numbers where every one of them is a number (1 and 1.0 are
/// one class), else by bytes. scikit-learn: `LabelEncoder`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Classes {
    /// As first met in training.
    pub names: Vec<String>,
    numeric: bool,
}

impl Classes {
    /// The classes of some texts, in the order in which they are first met in training.
    pub(super) fn fit<'a>(texts: impl IntoIterator<Item = &'a str>) -> Classes {
        let mut names: Vec<String> = texts.into_iter().map(str::to_string).collect();
        let numeric = names.iter().all(|name| number(name).is_some());
        // stable: of 1 and 1.0 the one first met stays
        names.sort_by(|a, b| order(a, b, numeric));
        names.dedup_by(|later, first| order(later, first, numeric) == Ordering::Equal);
        Classes { names, numeric }
    }

    /// The number of a text's class; None where it isn't known.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        if self.numeric && number(text).is_none() {
            return None;
        }
        self.names.binary_search_by(|name| order(name, text, self.numeric)).ok()
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

fn order(a: &str, b: &str, numeric: bool) -> Ordering {
    match (number(a), number(b)) {
        (Some(a), Some(b)) if numeric => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => a.cmp(b),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_numbers_and_one_class_has_one_name() {
        let classes = Classes::fit(["10", "2", "1.0", "1", "-3", "1e1"]);
        assert_eq!(classes.names, ["-3", "1.0", "2", "10"]);
        assert_eq!(classes.find("1"), Some(1));
        assert_eq!(classes.find("1.00"), Some(1));
        assert_eq!(classes.find("10.0"), Some(3));
        assert_eq!(classes.find("4"), None);
        assert_eq!(classes.find("x"), None);
    }

    #[test]
    fn one_text_among_numbers_makes_all_of_them_texts() {
        let classes = Classes::fit(["10", "2", "b", "B", "1.0", "1", "nan"]);
        assert_eq!(classes.names, ["1", "1.0", "10", "2", "B", "b", "nan"]);
        assert_eq!(classes.find("1.00"), None);
        assert_eq!(classes.find("b"), Some(5));
    }
}
