//! A text cut into tokens, as Keras's TextVectorization cuts it.

use super::config::{Standardize, TextVectorization, TokenSplit};

/// Calls `each` with every token of a text, in order: single tokens, then runs of them.
pub(super) fn for_each_token(config: &TextVectorization, text: &str, mut each: impl FnMut(&str)) {
    let text = standardized(config.standardize, text);
    let tokens = split(config.split, &text);
    let Some(ngrams) = &config.ngrams else {
        tokens.into_iter().for_each(each);
        return;
    };
    for size in ngrams.sizes() {
        for run in tokens.windows(size) {
            each(&run.join(" "));
        }
    }
}

fn standardized(how: Standardize, text: &str) -> String {
    let (lower, strip) = match how {
        Standardize::LowerAndStripPunctuation => (true, true),
        Standardize::Lower => (true, false),
        Standardize::StripPunctuation => (false, true),
        Standardize::None => (false, false),
    };
    let kept = text.chars().filter(|letter| !(strip && letter.is_ascii_punctuation()));
    kept.map(|letter| if lower { letter.to_ascii_lowercase() } else { letter }).collect()
}

fn split(how: TokenSplit, text: &str) -> Vec<&str> {
    match how {
        TokenSplit::Whitespace => text.split(is_space).filter(|token| !token.is_empty()).collect(),
        TokenSplit::Character => text.split("").filter(|token| !token.is_empty()).collect(),
        TokenSplit::None => vec![text],
    }
}

/// What parts tokens: not the spaces of Unicode, as in Keras.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}
