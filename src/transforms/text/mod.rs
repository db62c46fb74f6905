//! Text as a model sees it: the ids of its tokens, or what it says of each word of a vocabulary.

mod config;
mod tokens;
mod vocabulary;

use super::met::Met;
use super::transform::Encoder;
use crate::error::Problem;

pub use config::{Ngrams, OutputMode, Standardize, TextVectorization, TokenSplit};
use vocabulary::TokenCounts;
pub(crate) use vocabulary::Vocabulary;

impl Encoder for TextVectorization {
    type Fitted = Vocabulary;

    fn check(&self) -> Result<(), Problem> {
        TextVectorization::check(self)
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn fit(&self, met: &Met<'_>) -> Vocabulary {
        let mut counts = TokenCounts::default();
        met.texts.iter().for_each(|(text, rows)| counts.see(self, text, *rows));
        Vocabulary::new(self.clone(), &counts)
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
            r#"{"output_sequence_length":65537}"#,
            r#"{"ngrams":0}"#,
            r#"{"ngrams":[]}"#,
            r#"{"ngrams":[1,99]}"#,
        ] {
            assert!(check(json).is_err(), "{json}");
        }
    }
}
