//! Text as a model sees it: the ids of its tokens, or what it says of each word of a vocabulary.

mod tokens;
mod vocabulary;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::met::Met;
use super::transform::Encoder;
use crate::error::Problem;

use vocabulary::TokenCounts;
pub(crate) use vocabulary::Vocabulary;

/// Text as the ids of its tokens, or as a column for each token of a vocabulary, which is learned
/// from the rows to train on: the most frequent tokens first. Keras:
/// `keras.layers.TextVectorization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TextVectorization {
    /// Largest size of the vocabulary, with the two ids that stand for padding and for unknown tokens
    /// (one with the other output modes than `int`). Default: none, all tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// What is done to the text first: `lower_and_strip_punctuation`, `lower`, `strip_punctuation` or
    /// `none`. Only the letters A to Z become lower case, and only ASCII punctuation is removed, as in
    /// Keras. Default: lower_and_strip_punctuation.
    pub standardize: Standardize,
    /// Where tokens end: at `whitespace`, after each `character`, or `none` for the text as one token.
    /// Default: whitespace.
    pub split: Split,
    /// Take runs of tokens as tokens too: 2 for single tokens and pairs, `[2]` for pairs only.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngrams: Option<Ngrams>,
    /// `int` for the ids of the tokens in their order; `multi_hot`, `count` or `tf_idf` for a column
    /// for each token of the vocabulary: whether it occurs, how often, or how often times
    /// log(1 + texts / (1 + texts with the token)). Default: int.
    pub output_mode: OutputMode,
    /// With `int`: number of ids. Longer texts are cut, shorter ones end with zeros. Default: the
    /// length of the longest text to train on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_sequence_length: Option<usize>,
    /// With the other output modes: `max_tokens` columns even where the vocabulary is smaller.
    /// Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pad_to_max_tokens: bool,
}

impl Default for TextVectorization {
    fn default() -> Self {
        TextVectorization {
            max_tokens: None,
            standardize: Standardize::LowerAndStripPunctuation,
            split: Split::Whitespace,
            ngrams: None,
            output_mode: OutputMode::Int,
            output_sequence_length: None,
            pad_to_max_tokens: false,
        }
    }
}

/// What is done to a text before it is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standardize {
    /// Lower case, no punctuation.
    LowerAndStripPunctuation,
    /// Lower case.
    Lower,
    /// No punctuation.
    StripPunctuation,
    /// Nothing.
    None,
}

/// Where the tokens of a text end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// At blanks, tabs and ends of lines.
    Whitespace,
    /// After each character.
    Character,
    /// Nowhere: the text is one token.
    None,
}

/// What a text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// The ids of its tokens.
    Int,
    /// 1 for each token that occurs.
    MultiHot,
    /// How often each token occurs.
    Count,
    /// How often each token occurs, weighted by how rare it is.
    TfIdf,
}

/// How many tokens make a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ngrams {
    /// One, two, and so on up to so many.
    UpTo(usize),
    /// Each of these.
    Of(Vec<usize>),
}

/// The most tokens that one token is made of.
const MOST_NGRAMS: usize = 16;
/// The longest sequence of ids, and the most columns of a text.
const MOST_COLUMNS: usize = 1 << 20;

impl Encoder for TextVectorization {
    type Fitted = Vocabulary;

    fn check(&self) -> Result<(), Problem> {
        let special = self.special_tokens();
        if self.max_tokens.is_some_and(|most| most <= special || most > MOST_COLUMNS) {
            let most = self.max_tokens.unwrap_or_default();
            let message = format!(
                "`max_tokens` must be between {} and {MOST_COLUMNS}, got {most}",
                special + 1
            );
            return Err(Problem::at("max_tokens", message));
        }
        if self.pad_to_max_tokens && (self.max_tokens.is_none() || self.is_of_ids()) {
            let message = "`pad_to_max_tokens` goes with `max_tokens` and an `output_mode` other \
                           than `int`";
            return Err(Problem::at("pad_to_max_tokens", message));
        }
        match self.output_sequence_length {
            Some(_) if !self.is_of_ids() => {
                let message = "`output_sequence_length` goes with `output_mode: int`";
                let problem = Problem::at("output_sequence_length", message);
                return Err(problem.help("the other modes have a column for each token"));
            }
            Some(length) if !(1..=MOST_COLUMNS).contains(&length) => {
                let message = format!(
                    "`output_sequence_length` must be between 1 and {MOST_COLUMNS}, got {length}"
                );
                return Err(Problem::at("output_sequence_length", message));
            }
            _ => {}
        }
        let sizes = self.ngrams.as_ref().map_or(vec![1], Ngrams::sizes);
        if sizes.is_empty() || !sizes.iter().all(|size| (1..=MOST_NGRAMS).contains(size)) {
            let message = format!("`ngrams` must be between 1 and {MOST_NGRAMS}");
            return Err(Problem::at("ngrams", message));
        }
        Ok(())
    }

    fn is_of_classes(&self) -> bool {
        false
    }

    fn fit(&self, met: &Met<'_>) -> Vocabulary {
        let mut counts = TokenCounts::default();
        met.texts.iter().for_each(|(text, rows)| counts.see(self, text, *rows));
        Vocabulary::new(self.clone(), &counts)
    }
}

impl TextVectorization {
    /// True where a text becomes ids.
    pub(crate) fn is_of_ids(&self) -> bool {
        self.output_mode == OutputMode::Int
    }

    /// The same as Keras's code.
    fn in_keras(&self) -> String {
        let mut arguments = Vec::new();
        let json = serde_json::to_value(self).unwrap_or_default();
        for (key, value) in json.as_object().into_iter().flatten() {
            match value.as_str() {
                Some("none") => arguments.push(format!("{key}=None")),
                Some(text) => arguments.push(format!("{key}='{text}'")),
                None if value.is_boolean() => arguments.push(format!("{key}=True")),
                None => arguments.push(format!("{key}={value}")),
            }
        }
        format!("keras.layers.TextVectorization({})", arguments.join(", "))
    }

    /// How many numbers stand for no token: for what is unknown, and with ids for padding.
    fn special_tokens(&self) -> usize {
        if self.is_of_ids() { 2 } else { 1 }
    }
}

impl Ngrams {
    fn sizes(&self) -> Vec<usize> {
        match self {
            Ngrams::UpTo(most) => (1..=(*most).min(MOST_NGRAMS + 1)).collect(),
            Ngrams::Of(sizes) => sizes.clone(),
        }
    }
}

impl Serialize for Ngrams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Ngrams::UpTo(most) => most.serialize(serializer),
            Ngrams::Of(sizes) => sizes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ngrams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NgramsVisitor)
    }
}

struct NgramsVisitor;

impl<'de> Visitor<'de> for NgramsVisitor {
    type Value = Ngrams;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a number of tokens, or a list of numbers")
    }

    fn visit_u64<E: de::Error>(self, most: u64) -> Result<Ngrams, E> {
        Ok(Ngrams::UpTo(usize::try_from(most).unwrap_or(usize::MAX)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ngrams, A::Error> {
        let mut sizes = Vec::new();
        while let Some(size) = list.next_element()? {
            sizes.push(size);
        }
        Ok(Ngrams::Of(sizes))
    }
}

impl JsonSchema for Ngrams {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ngrams".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let size = serde_json::json!({ "type": "integer", "minimum": 1, "maximum": MOST_NGRAMS });
        let sizes = serde_json::json!({ "type": "array", "items": size, "minItems": 1 });
        json_schema!({ "anyOf": [size, sizes] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::transform::Encoded;
    use super::*;

    #[test]
    fn ids_counts_and_weights_are_those_of_keras() {
        let recorded = include_str!("../../../tests/files/text.json");
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let texts =
            |key: &str| -> Vec<String> { serde_json::from_value(recorded[key].clone()).unwrap() };
        let (seen, unseen) = (texts("texts"), texts("unseen"));
        let cases = recorded["cases"].as_array().unwrap();
        assert!(seen.len() >= 18 && cases.len() >= 19);
        for case in cases {
            let mut arguments = case["arguments"].clone();
            for key in ["standardize", "split"] {
                if arguments.get(key).is_some_and(Value::is_null) {
                    arguments[key] = "none".into();
                }
            }
            let config: TextVectorization = serde_json::from_value(arguments.clone()).unwrap();
            config.check().unwrap();
            let vocabulary = config.fit(&Met::of(seen.iter().map(String::as_str)));
            let words: Vec<String> = serde_json::from_value(case["vocabulary"].clone()).unwrap();
            if !config.is_of_ids() {
                let width = vocabulary.width().min(words.len());
                assert_eq!(vocabulary.parts()[..width], words, "{arguments}");
            }
            assert_eq!(vocabulary.count(), words.len(), "{arguments}");
            for (text, row) in seen.iter().chain(&unseen).zip(case["rows"].as_array().unwrap()) {
                let row: Vec<f64> = serde_json::from_value(row.clone()).unwrap();
                let mut found = vec![-1.0; vocabulary.width()];
                assert!(vocabulary.numbers(text, &mut found));
                assert_eq!(found.len(), row.len(), "{arguments}");
                let is_close = found.iter().zip(&row).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs());
                assert!(is_close, "{arguments} {text:?}: {found:?} and not {row:?}");
            }
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let check = |json: &str| serde_json::from_str::<TextVectorization>(json).unwrap().check();
        assert!(check("{}").is_ok());
        for json in [
            r#"{"max_tokens":2}"#,
            r#"{"max_tokens":1,"output_mode":"count"}"#,
            r#"{"pad_to_max_tokens":true}"#,
            r#"{"pad_to_max_tokens":true,"max_tokens":9}"#,
            r#"{"output_mode":"count","output_sequence_length":4}"#,
            r#"{"output_sequence_length":0}"#,
            r#"{"ngrams":0}"#,
            r#"{"ngrams":[]}"#,
            r#"{"ngrams":[1,99]}"#,
        ] {
            assert!(check(json).is_err(), "{json}");
        }
    }
}
