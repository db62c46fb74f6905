//! Where tokens part: at signs that stand in no brackets.

use super::token::Token;

/// Where a sign stands in no brackets; a `lambda`'s colon doesn't count.
pub(super) fn tokens_until(tokens: &[Token], sign: &str) -> Option<usize> {
    let (mut depth, mut lambdas) = (0usize, 0usize);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Name(word) if word == "lambda" && depth == 0 => lambdas += 1,
            Token::Sign(":") if lambdas > 0 && depth == 0 => lambdas -= 1,
            Token::Sign(found) if *found == sign && depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// The parts between a sign that stands in no brackets.
pub(super) fn split<'a>(tokens: &'a [Token], sign: &str) -> Vec<&'a [Token]> {
    let (mut parts, mut rest) = (Vec::new(), tokens);
    while let Some(at) = tokens_until(rest, sign) {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts
}

/// Where the bracket closes that `tokens` begin with.
pub(super) fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

pub(super) fn names(tokens: &[Token]) -> Vec<String> {
    let name = |token: &Token| match token {
        Token::Name(name) => Some(name.clone()),
        _ => None,
    };
    tokens.iter().filter_map(name).collect()
}
