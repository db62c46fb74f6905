//! Python's expressions, as far as code with literal arguments needs them.

use super::token::Token;

/// An expression; whatever isn't literal is [`Expression::Opaque`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// `None`
    None,
    /// `True`
    Bool(bool),
    /// `8`
    Int(i64),
    /// `1e-3`
    Float(f64),
    /// `"relu"`
    Text(String),
    /// `[1, 2]`, and tuples.
    List(Vec<Expression>),
    /// `{0: 1.0}`
    Dict(Vec<(Expression, Expression)>),
    /// `keras.layers.Dense`
    Path(Vec<String>),
    /// A call: what is called, with its arguments by place and by name.
    Call(Box<Expression>, Vec<Expression>, Vec<(String, Expression)>),
    /// An attribute of something that isn't a path: `Dense(8).output`.
    Attribute(Box<Expression>, String),
    /// Anything else.
    Opaque,
}

/// How deep expressions may nest.
const DEPTH: usize = 60;

/// Reads a whole line's tokens as one expression; None where it isn't one.
pub(super) fn parse(tokens: &[Token]) -> Option<Expression> {
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let first = parser.expression()?;
    let all = if parser.takes(",") { parser.rest_of_tuple(first)? } else { first };
    if parser.at == tokens.len() { Some(all) } else { None }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sees(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let seen = self.sees(sign);
        self.at += usize::from(seen);
        seen
    }

    fn expression(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let result = self.sum();
        self.depth -= 1;
        let mut result = result?;
        // comparisons, conditions, comprehensions: read over, not understood
        while let Some(Token::Name(word)) = self.peek()
            && matches!(word.as_str(), "if" | "else" | "for" | "in" | "and" | "or" | "not" | "is")
        {
            self.at += 1;
            self.sum()?;
            result = Expression::Opaque;
        }
        while let Some(Token::Sign("==" | "!=" | "<" | ">" | "<=" | ">=" | ":=")) = self.peek() {
            self.at += 1;
            self.sum()?;
            result = Expression::Opaque;
        }
        Some(result)
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.product()?;
        while let Some(Token::Sign(sign @ ("+" | "-"))) = self.peek().cloned() {
            self.at += 1;
            left = arithmetic(sign, &left, &self.product()?);
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Expression> {
        let mut left = self.unary()?;
        while let Some(Token::Sign(sign @ ("*" | "/" | "//" | "%" | "@"))) = self.peek().cloned() {
            self.at += 1;
            left = arithmetic(sign, &left, &self.unary()?);
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negative = false;
        loop {
            match self.peek() {
                Some(Token::Sign("-")) => negative = !negative,
                Some(Token::Sign("+")) => {}
                _ => break,
            }
            self.at += 1;
        }
        let base = self.postfix()?;
        let value = if self.takes("**") {
            self.depth += 1;
            if self.depth > DEPTH {
                return None;
            }
            let exponent = self.unary()?;
            self.depth -= 1;
            arithmetic("**", &base, &exponent)
        } else {
            base
        };
        Some(if negative { arithmetic("-", &Expression::Int(0), &value) } else { value })
    }

    fn postfix(&mut self) -> Option<Expression> {
        let mut value = self.atom()?;
        loop {
            if self.takes(".") {
                let Some(Token::Name(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                value = match value {
                    Expression::Path(mut path) => {
                        path.push(name);
                        Expression::Path(path)
                    }
                    other => nested(other, |inner| Expression::Attribute(inner, name))?,
                };
            } else if self.takes("(") {
                let (args, named) = self.arguments()?;
                value = nested(value, |inner| Expression::Call(inner, args, named))?;
            } else if self.takes("[") {
                self.skip_to("]")?;
                value = Expression::Opaque;
            } else {
                return Some(value);
            }
        }
    }

    fn arguments(&mut self) -> Option<(Vec<Expression>, Vec<(String, Expression)>)> {
        let (mut args, mut named) = (Vec::new(), Vec::new());
        while !self.takes(")") {
            if self.takes("*") || self.takes("**") {
                self.expression()?;
                args.push(Expression::Opaque);
            } else if let (Some(Token::Name(name)), Some(Token::Sign("="))) =
                (self.peek().cloned(), self.tokens.get(self.at + 1))
            {
                self.at += 2;
                named.push((name, self.expression()?));
            } else {
                args.push(self.expression()?);
            }
            if !self.takes(",") && !self.sees(")") {
                return None;
            }
        }
        Some((args, named))
    }

    /// Passes over a slice or an index.
    fn skip_to(&mut self, end: &str) -> Option<()> {
        while !self.takes(end) {
            if self.takes(":") || self.takes(",") {
                continue;
            }
            self.expression()?;
        }
        Some(())
    }

    fn atom(&mut self) -> Option<Expression> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Int(value) => Expression::Int(value),
            Token::Float(value) => Expression::Float(value),
            Token::Text(mut text) => {
                while let Some(Token::Text(more)) = self.peek() {
                    text.push_str(more); // adjacent texts are one
                    self.at += 1;
                }
                Expression::Text(text)
            }
            Token::Name(name) => match name.as_str() {
                "None" => Expression::None,
                "True" => Expression::Bool(true),
                "False" => Expression::Bool(false),
                "lambda" => {
                    while !self.takes(":") {
                        self.peek()?;
                        self.at += 1;
                    }
                    self.expression()?;
                    Expression::Opaque
                }
                "not" | "await" => {
                    self.expression()?;
                    Expression::Opaque
                }
                _ => Expression::Path(vec![name]),
            },
            Token::Sign("(") => {
                if self.takes(")") {
                    return Some(Expression::List(Vec::new()));
                }
                let first = self.expression()?;
                if self.takes(")") {
                    return Some(first);
                }
                if !self.takes(",") {
                    return None;
                }
                let tuple = self.rest_of_tuple(first)?;
                if !self.takes(")") {
                    return None;
                }
                tuple
            }
            Token::Sign("[") => {
                let mut items = Vec::new();
                while !self.takes("]") {
                    if self.takes("*") {
                        self.expression()?;
                        items.push(Expression::Opaque);
                    } else {
                        items.push(self.expression()?);
                    }
                    if !self.takes(",") && !self.sees("]") {
                        return None;
                    }
                }
                Expression::List(items)
            }
            Token::Sign("{") => self.dict()?,
            Token::Other => Expression::Opaque,
            Token::Sign(_) => return None,
        })
    }

    fn dict(&mut self) -> Option<Expression> {
        let mut entries = Vec::new();
        let mut is_set = false;
        while !self.takes("}") {
            let key = if self.takes("**") { Expression::Opaque } else { self.expression()? };
            if self.takes(":") {
                entries.push((key, self.expression()?));
            } else {
                is_set = true;
                if key == Expression::Opaque && !self.sees(",") && !self.sees("}") {
                    self.expression()?;
                }
            }
            if !self.takes(",") && !self.sees("}") {
                return None;
            }
        }
        Some(if is_set { Expression::Opaque } else { Expression::Dict(entries) })
    }

    fn rest_of_tuple(&mut self, first: Expression) -> Option<Expression> {
        let mut items = vec![first];
        while self.peek().is_some() && !self.sees(")") {
            items.push(self.expression()?);
            if !self.takes(",") {
                break;
            }
        }
        Some(Expression::List(items))
    }
}

/// Wraps an expression once more, unless it is nested too deep already: `f()()()…` would otherwise
/// be as deep as it is long.
fn nested(
    inner: Expression,
    wrap: impl FnOnce(Box<Expression>) -> Expression,
) -> Option<Expression> {
    let mut depth = 0;
    let mut at = &inner;
    while let Expression::Call(next, ..) | Expression::Attribute(next, _) = at {
        depth += 1;
        at = next;
    }
    if depth > DEPTH { None } else { Some(wrap(Box::new(inner))) }
}

/// Arithmetic on literal numbers; anything else is opaque.
fn arithmetic(sign: &str, left: &Expression, right: &Expression) -> Expression {
    if let (Expression::Int(a), Expression::Int(b)) = (left, right) {
        let (a, b) = (*a, *b);
        let whole = match sign {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "//" if b > 0 => Some(a.div_euclid(b)),
            "%" if b > 0 => Some(a.rem_euclid(b)),
            "**" => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            _ => None,
        };
        if let Some(value) = whole {
            return Expression::Int(value);
        }
    }
    let float = |expression: &Expression| match expression {
        Expression::Int(value) => Some(*value as f64),
        Expression::Float(value) => Some(*value),
        _ => None,
    };
    let (Some(a), Some(b)) = (float(left), float(right)) else { return Expression::Opaque };
    let value = match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => (a / b).floor(),
        "%" => a - b * (a / b).floor(),
        "**" => a.powf(b),
        _ => return Expression::Opaque,
    };
    if value.is_finite() { Expression::Float(value) } else { Expression::Opaque }
}
