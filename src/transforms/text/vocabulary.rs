//! The tokens of the texts to train on, and what a text is beside them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::transform::{Encoded, Primitive};
use super::config::{OutputMode, TextVectorization};
use super::tokens::for_each_token;

/// How often each token occurs: gathered from each text.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenCounts {
    tokens: HashMap<String, TokenCount>,
    texts: u64,
    /// How many different ones.
    seen: u64,
    longest: usize,
}

/// Of one token.
#[derive(Debug, Clone, Copy, Default)]
struct TokenCount {
    occurrences: u64,
    texts: u64,
    /// The last text that had it, counted from 1.
    last: u64,
}

impl TokenCounts {
    /// A text that so many rows have.
    pub(crate) fn see(&mut self, config: &TextVectorization, text: &str, rows: usize) {
        let rows = rows as u64;
        self.seen += 1;
        self.texts += rows;
        let mut length = 0;
        for_each_token(config, text, |token| {
            length += 1;
            if !self.tokens.contains_key(token) {
                self.tokens.insert(token.to_string(), TokenCount::default());
            }
            if let Some(count) = self.tokens.get_mut(token) {
                count.occurrences += rows;
                if count.last != self.seen {
                    count.texts += rows;
                }
                count.last = self.seen;
            }
        });
        self.longest = self.longest.max(length);
    }
}

/// The tokens that have an id, the most frequent first, and among equals the last by their bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredVocabulary", into = "StoredVocabulary")]
pub(crate) struct Vocabulary {
    stored: StoredVocabulary,
    /// By token; without the numbers that stand for no token.
    places: HashMap<String, usize>,
}

/// What a model file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredVocabulary {
    #[serde(flatten)]
    config: TextVectorization,
    tokens: Vec<String>,
    /// With `tf_idf`: of what is unknown, then of each token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<f32>,
    width: usize,
}

impl From<StoredVocabulary> for Vocabulary {
    fn from(stored: StoredVocabulary) -> Vocabulary {
        let places = stored.tokens.iter().enumerate();
        let places = places.map(|(place, token)| (token.clone(), place)).collect();
        Vocabulary { stored, places }
    }
}

impl From<Vocabulary> for StoredVocabulary {
    fn from(vocabulary: Vocabulary) -> StoredVocabulary {
        vocabulary.stored
    }
}

impl Vocabulary {
    /// That of these texts.
    pub(super) fn new(config: TextVectorization, counts: &TokenCounts) -> Vocabulary {
        let known = |token: &&String| !token.is_empty() && *token != "[UNK]";
        let mut tokens: Vec<&String> = counts.tokens.keys().filter(known).collect();
        let rank = |token: &String| counts.tokens[token].occurrences;
        tokens.sort_by(|a, b| (rank(b), b).cmp(&(rank(a), a)));
        let special = config.special_tokens();
        tokens.truncate(config.max_tokens.map_or(usize::MAX, |most| most.saturating_sub(special)));
        let weights = match config.output_mode {
            OutputMode::TfIdf => weights(&tokens, counts),
            _ => Vec::new(),
        };
        let width = match (config.output_mode, config.output_sequence_length, config.max_tokens) {
            (OutputMode::Int, length, _) => length.unwrap_or(counts.longest).max(1),
            (_, _, Some(most)) if config.pad_to_max_tokens => most,
            _ => special + tokens.len(),
        };
        let tokens = tokens.into_iter().cloned().collect();
        StoredVocabulary { config, tokens, weights, width }.into()
    }
}

impl Encoded for Vocabulary {
    fn count(&self) -> usize {
        self.stored.config.special_tokens() + self.stored.tokens.len()
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn width(&self) -> usize {
        self.stored.width
    }

    fn parts(&self) -> Vec<String> {
        let places = (0..self.stored.width).map(|place| place.to_string());
        if self.stored.config.is_of_ids() {
            return places.collect();
        }
        let unknown = std::iter::once("[UNK]".to_string());
        let tokens = unknown.chain(self.stored.tokens.iter().cloned());
        tokens.chain(places.skip(self.count())).collect() // what pads it
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn ids(&self) -> Option<usize> {
        self.stored.config.is_of_ids().then(|| self.count())
    }

    fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
        out.fill(0.0);
        let StoredVocabulary { config, weights, .. } = &self.stored;
        let special = config.special_tokens();
        let number = |token: &str| match token {
            "" => None,
            token => Some(self.places.get(token).map_or(special - 1, |place| special + place)),
        };
        if config.is_of_ids() {
            let mut slots = out.iter_mut();
            for_each_token(config, text, |token| {
                if let Some(slot) = slots.next() {
                    *slot = number(token).unwrap_or_default() as f64;
                }
            });
            return true;
        }
        for_each_token(config, text, |token| {
            if let Some(count) = number(token).and_then(|number| out.get_mut(number)) {
                *count = match config.output_mode {
                    OutputMode::MultiHot => 1.0,
                    _ => *count + 1.0,
                };
            }
        });
        out.iter_mut().zip(weights).for_each(|(count, weight)| *count *= f64::from(*weight));
        true
    }

    fn export(&self) -> Primitive<'_> {
        let how = format!("{} with the tokens of the model file", self.stored.config.in_keras());
        Primitive::Prepared { width: self.stored.width, how }
    }
}

/// log(1 + texts / (1 + texts with the token)); what is unknown has the mean of them.
fn weights(tokens: &[&String], counts: &TokenCounts) -> Vec<f32> {
    let weight = |token: &&String| {
        (1.0 + counts.texts as f64 / (1.0 + counts.tokens[*token].texts as f64)).ln() as f32
    };
    let own: Vec<f32> = tokens.iter().map(weight).collect();
    let mean = own.iter().map(|weight| f64::from(*weight)).sum::<f64>() / own.len().max(1) as f64;
    std::iter::once(mean as f32).chain(own).collect()
}
