//! The arguments of a column of text.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::Problem;

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
    pub split: TokenSplit,
    /// Also use sequences of adjacent tokens: 2 for single tokens and pairs, `[2]` for pairs only.
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
            split: TokenSplit::Whitespace,
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
#[serde(rename = "split", rename_all = "snake_case")]
pub enum TokenSplit {
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
/// The most columns of a text.
const MOST_COLUMNS: usize = 1 << 20;
/// The longest sequence of ids: every row of the table has that many.
const MOST_TOKENS_OF_A_CELL: usize = 1 << 16;

impl TextVectorization {
    /// What is wrong with the arguments.
    pub(super) fn check(&self) -> Result<(), Problem> {
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
            Some(length) if !(1..=MOST_TOKENS_OF_A_CELL).contains(&length) => {
                let message = format!(
                    "`output_sequence_length` must be between 1 and {MOST_TOKENS_OF_A_CELL}, got \
                     {length}"
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

    /// True where a text becomes ids.
    pub(super) fn is_of_ids(&self) -> bool {
        self.output_mode == OutputMode::Int
    }

    /// The same as Keras's code.
    pub(super) fn in_keras(&self) -> String {
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
    pub(super) fn special_tokens(&self) -> usize {
        if self.is_of_ids() { 2 } else { 1 }
    }
}

impl Ngrams {
    pub(super) fn sizes(&self) -> Vec<usize> {
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
