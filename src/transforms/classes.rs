//! Classes: the categories of a column in a fixed order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::met::Met;
use super::rare::Rare;
use super::unknown::Unknown;
use crate::config::names::{listed, suggestion};
use crate::error::Problem;

/// The classes of a column, sorted: as numbers where every one of them is a number, else by bytes.
/// scikit-learn: `LabelEncoder`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Classes {
    /// As first met in training; after them `other`, where there is a class of all other texts.
    pub names: Vec<String>,
    numeric: bool,
    /// Which cells are one class.
    #[serde(default, skip_serializing_if = "Rule::is_as_numbers")]
    rule: Rule,
    /// The texts that were too rare, where the last class is that of all other texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folded: Option<Vec<String>>,
    /// What becomes of a text that is of no class.
    #[serde(default, skip_serializing_if = "Unknown::is_error")]
    unknown: Unknown,
    #[serde(skip)]
    index: Index,
}

/// Which cells are one class. A model keeps the rule that it was fitted with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    /// Where all are numbers, those that are one f64: the rule of the first models.
    #[default]
    AsNumbers,
    /// Those of the same text, and whole numbers below 2⁵³ with and without `.0`.
    AsTexts,
    /// Words for true, and words for false.
    Booleans,
}

/// The class of each key, made when first needed; classes are the same with and without it.
#[derive(Debug, Clone, Default)]
struct Index(OnceLock<HashMap<String, usize>>);

/// How the cells of one class are told, for other tools: see [`Classes::entries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellRule {
    /// They are the same text.
    Exact,
    /// They are the same text, where whole numbers have no `.0`.
    AsTexts,
    /// They are the same number.
    AsNumbers,
    /// They are words for the same boolean: `true` or `false`.
    Booleans,
}

impl Classes {
    /// The classes of some texts, in the order in which they are first met in training.
    pub(crate) fn fit<'a>(texts: impl IntoIterator<Item = &'a str>) -> Classes {
        struct MetName<'a> {
            name: &'a str,
            key: Cow<'a, str>,
            number: Option<f64>,
        }
        let met = |name| MetName { name, key: as_text(name), number: number(name) };
        let mut met: Vec<MetName<'_>> = texts.into_iter().map(met).collect();
        let mut seen = HashSet::new();
        met.retain(|met| seen.insert(met.key.clone())); // of 1 and 1.0 the one first met stays
        let numeric = met.iter().all(|met| met.number.is_some());
        met.sort_by(|a, b| match (a.number, b.number) {
            (Some(x), Some(y)) if numeric => {
                x.partial_cmp(&y).unwrap_or(Ordering::Equal).then_with(|| a.name.cmp(b.name))
            }
            _ => a.name.cmp(b.name),
        });
        let names = met.iter().map(|met| met.name.to_string()).collect();
        Classes { numeric, ..Classes::named(names, Rule::AsTexts) }
    }

    /// These classes, in this order.
    pub(crate) fn in_order(names: Vec<String>) -> Classes {
        Classes::named(names, Rule::AsTexts)
    }

    fn named(names: Vec<String>, rule: Rule) -> Classes {
        let (folded, unknown, index) = (None, Unknown::Error, Index::default());
        Classes { names, numeric: false, rule, folded, unknown, index }
    }

    /// The classes of a column, with the rare ones folded into one.
    pub(super) fn of(met: &Met<'_>, rare: Rare) -> Classes {
        let all = Classes::fit(met.names());
        let is_folded = rare.folded(&all.counts(met));
        let (mut folded, mut names) = (Vec::new(), Vec::new());
        for (name, is_folded) in all.names.iter().zip(&is_folded) {
            if *is_folded { folded.push(name.clone()) } else { names.push(name.clone()) }
        }
        let has_other = !folded.is_empty();
        let mut classes = Classes { numeric: all.numeric, ..Classes::in_order(names) };
        classes.folded = has_other.then_some(folded);
        classes.with(met.unknown)
    }

    /// The same with a rule for texts that are of no class.
    pub(super) fn with(mut self, unknown: Unknown) -> Classes {
        self.unknown = unknown;
        if unknown == Unknown::Other {
            self.folded.get_or_insert_default();
        }
        if let Some(folded) = &self.folded {
            let mut other = "other".to_string();
            while self.names.contains(&other) || folded.contains(&other) {
                other.push('_');
            }
            self.names.push(other);
            self.numeric = false;
        }
        self
    }

    /// How many rows each has, whose texts were met.
    pub(super) fn counts(&self, met: &Met<'_>) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for (text, count) in &met.texts {
            if let Some(place) = self.find(text).and_then(|class| counts.get_mut(class)) {
                *place += count;
            }
        }
        counts
    }

    /// False and true, by the words first met for them; other texts are of neither.
    pub(crate) fn booleans<'a>(texts: impl IntoIterator<Item = &'a str>) -> Classes {
        let mut names: [Option<&str>; 2] = [None, None];
        for text in texts {
            if let Some(class) = boolean(text) {
                names[usize::from(class)].get_or_insert(text);
            }
        }
        let name = |class: usize, word: &str| names[class].unwrap_or(word).to_string();
        let names = vec![name(0, "false"), name(1, "true")];
        Classes::named(names, Rule::Booleans)
    }

    /// The number of a text's class; None where it isn't known, and their count where it is to be
    /// ignored.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        self.known(text).or(self.of_unknown())
    }

    /// Whether training has seen a text.
    pub(crate) fn is_known(&self, text: &str) -> bool {
        self.known(text).is_some()
    }

    fn known(&self, text: &str) -> Option<usize> {
        let index = self.index.0.get_or_init(|| self.entries().into_iter().collect());
        index.get(self.key(text)?.as_ref()).copied()
    }

    /// What the cells of each class have in common by the rule of the classes, and its number.
    pub(crate) fn entries(&self) -> Vec<(String, usize)> {
        let other = self.other();
        let classes = self.names.iter().enumerate().filter(|(class, _)| Some(*class) != other);
        let folded = self.folded.iter().flatten().zip(std::iter::repeat(other.unwrap_or(0)));
        let all = classes.map(|(class, name)| (name, class)).chain(folded);
        all.filter_map(|(name, class)| Some((self.key(name)?.into_owned(), class))).collect()
    }

    /// By which rule cells are of one class.
    pub(crate) fn cell_rule(&self) -> CellRule {
        match self.rule {
            Rule::AsNumbers if self.numeric => CellRule::AsNumbers,
            Rule::AsNumbers => CellRule::Exact,
            Rule::AsTexts => CellRule::AsTexts,
            Rule::Booleans => CellRule::Booleans,
        }
    }

    /// The number of the class of all other texts, where there is one.
    pub(crate) fn other(&self) -> Option<usize> {
        self.folded.as_ref().map(|_| self.names.len().saturating_sub(1))
    }

    /// The texts that were too rare to be classes of their own.
    #[cfg(feature = "onnx")]
    pub(crate) fn folded(&self) -> &[String] {
        self.folded.as_deref().unwrap_or_default()
    }

    /// The number of a text that is of no class, where there is one; the count of the classes where
    /// it is ignored.
    pub(crate) fn of_unknown(&self) -> Option<usize> {
        match self.unknown {
            Unknown::Error => None,
            Unknown::Other => self.other(),
            Unknown::Ignore => Some(self.len()),
        }
    }

    /// Why a text is of no class.
    pub(super) fn refusal(&self, text: &str) -> Problem {
        if self.are_booleans() {
            return Problem::at("", format!("expected a boolean, found `{text}`"))
                .help("booleans are true, yes, t, y and 1, or false, no, f, n and 0, in any case");
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let known = format!("known: {}", listed(&names));
        let help = suggestion(text, &names, &known);
        Problem::at("", format!("`{text}` was not seen in training")).help(help)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether they are false and true.
    pub(crate) fn are_booleans(&self) -> bool {
        self.rule == Rule::Booleans
    }

    /// Whether every one of them is a number.
    pub(crate) fn are_numbers(&self) -> bool {
        self.numeric
    }

    /// The same classes as the first models wrote them, where those had such.
    pub(crate) fn without_rule(&self) -> Option<Classes> {
        let is_first = self.folded.is_none() && self.unknown == Unknown::Error;
        let rule = Rule::AsNumbers;
        is_first.then(|| Classes { rule, index: Index::default(), ..self.clone() })
    }

    /// What two cells of one class have in common; None where a text can be of no class.
    fn key<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        match self.rule {
            Rule::AsNumbers if self.numeric => {
                number(text).map(|number| Cow::Owned((number + 0.0).to_string())) // -0 is 0
            }
            Rule::AsNumbers => Some(Cow::Borrowed(text)),
            Rule::AsTexts => Some(as_text(text)),
            Rule::Booleans => {
                boolean(text).map(|is| Cow::Borrowed(if is { "true" } else { "false" }))
            }
        }
    }
}

impl Rule {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    fn is_as_numbers(&self) -> bool {
        *self == Rule::AsNumbers
    }
}

impl PartialEq for Index {
    fn eq(&self, _: &Index) -> bool {
        true
    }
}

/// The text; of a whole number below 2⁵³ without leading zeros or exponent, without its `.0`.
pub(crate) fn as_text(text: &str) -> Cow<'_, str> {
    let Some((whole, decimals)) = text.split_once('.') else { return Cow::Borrowed(text) };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !decimals.is_empty()
        && decimals.bytes().all(|byte| byte == b'0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && digits.parse::<u64>().is_ok_and(|number| number < 1 << 53);
    Cow::Borrowed(if is_whole { whole } else { text })
}

/// The finite number that a text is.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The boolean that a text is, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match () {
        () if is(&["true", "t", "yes", "y", "1", "1.0"]) => Some(true),
        () if is(&["false", "f", "no", "n", "0", "0.0"]) => Some(false),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_numbers_and_one_class_has_one_name() {
        let classes = Classes::fit(["10", "2", "1.0", "1", "-3", "1e1"]);
        assert_eq!(classes.names, ["-3", "1.0", "2", "10", "1e1"]);
        assert_eq!(classes.find("1"), Some(1));
        assert_eq!(classes.find("1.00"), Some(1));
        assert_eq!(classes.find("10.0"), Some(3));
        assert_eq!(classes.find("1e1"), Some(4));
        assert_eq!(classes.find("1E1"), None);
        assert_eq!(classes.find("4"), None);
        assert_eq!(classes.find("x"), None);
    }

    #[test]
    fn one_text_among_numbers_makes_all_of_them_texts() {
        let classes = Classes::fit(["10", "2", "b", "B", "1.0", "1", "nan"]);
        assert_eq!(classes.names, ["1.0", "10", "2", "B", "b", "nan"]);
        assert_eq!(classes.find("1.00"), Some(0));
        assert_eq!(classes.find("b"), Some(4));
    }

    #[test]
    fn codes_and_large_numbers_stay_apart() {
        for texts in [
            &["01234", "1234", "001234"][..],
            &["1E5", "100000", "12E4", "120000"],
            &["9007199254740992", "9007199254740993", "4321113141090630389", "4321113141090630390"],
            &["1.1", "1.10", "+1", "1", "-0", "0", "00", "007.0", "7"],
            &["9007199254740992.0", "9007199254740992"],
        ] {
            let classes = Classes::fit(texts.iter().copied());
            assert_eq!(classes.len(), texts.len(), "{texts:?}");
            for text in texts {
                assert_eq!(classes.names[classes.find(text).unwrap()], **text);
            }
        }
        assert_eq!(Classes::fit(["9007199254740991.0", "9007199254740991", "-5", "-5.0"]).len(), 2);
    }

    #[test]
    fn a_model_that_was_trained_before_keeps_its_rule() {
        let old: Classes =
            serde_json::from_str(r#"{"names":["-3","1.0","2","10"],"numeric":true}"#).unwrap();
        assert_eq!((old.find("1"), old.find("1e1"), old.find("010")), (Some(1), Some(3), Some(3)));
        assert_eq!((old.find("-3.0"), old.find("x"), old.find("4")), (Some(0), None, None));
        assert_eq!(
            serde_json::from_str::<Classes>(&serde_json::to_string(&old).unwrap()).unwrap(),
            old
        );
        let texts: Classes =
            serde_json::from_str(r#"{"names":["1","1.0","NA"],"numeric":false}"#).unwrap();
        assert_eq!(
            (texts.find("1.0"), texts.find("1.00"), texts.find("NA")),
            (Some(1), None, Some(2))
        );
    }

    #[test]
    fn booleans_are_two_classes_in_any_spelling() {
        let classes = Classes::booleans(["TRUE", "False", "yes", "1", "true", "0"]);
        assert_eq!(classes.names, ["False", "TRUE"]);
        assert_eq!(
            (classes.find("n"), classes.find("Y"), classes.find("maybe")),
            (Some(0), Some(1), None)
        );
        assert_eq!(Classes::booleans(["0", "maybe"]).names, ["0", "true"]);
    }
}
