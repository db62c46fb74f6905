//! Texts: several side by side, and f-strings with their holes.

use super::expression::Expression;
use super::parser::{Parser, parse};
use super::token::{Token, lines};

impl Parser<'_> {
    /// Adjacent texts are one.
    pub(super) fn text(&mut self) -> Expression {
        let mut parts = Vec::new();
        while let Some(Token::Text(text) | Token::Pattern(text)) = self.peek() {
            match self.peek() {
                Some(Token::Pattern(_)) => pattern(text, &mut parts),
                _ => parts.push(Expression::Text(text.clone())),
            }
            self.at += 1;
        }
        match parts.as_slice() {
            [Expression::Text(text)] => Expression::Text(text.clone()),
            _ => Expression::Pattern(parts),
        }
    }
}

/// The texts and holes of an f-string; a hole with a format is opaque.
fn pattern(text: &str, parts: &mut Vec<Expression>) {
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        if rest[start..].starts_with("{{") {
            parts.push(Expression::Text(rest[..=start].replace("}}", "}")));
            rest = &rest[start + 2..];
            continue;
        }
        let Some(length) = rest[start..].find('}') else { break };
        parts.push(Expression::Text(rest[..start].replace("}}", "}")));
        let hole = &rest[start + 1..start + length];
        let tokens = lines(hole).pop().map(|line| line.tokens).unwrap_or_default();
        let is_plain = tokens.iter().all(|token| !matches!(token, Token::Pattern(_)));
        let hole = if is_plain { parse(&tokens) } else { None };
        parts.push(hole.unwrap_or(Expression::Opaque));
        rest = &rest[start + length + 1..];
    }
    parts.push(Expression::Text(rest.replace("}}", "}")));
}
