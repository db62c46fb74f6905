//! Python's expressions from tokens. Operators and what stands behind a value are kept flat, so that
//! a tree is never deeper than brackets nest.

use super::expression::{CallArguments, Comparison, Expression, Suffix};
use super::token::Token;

/// How deep brackets may nest.
const DEPTH: usize = 40;
/// Tokens of one expression: a tree takes many times their memory.
const LONGEST: usize = 100_000;

/// Reads tokens as one expression; None where they aren't one.
pub(super) fn parse(tokens: &[Token]) -> Option<Expression> {
    if tokens.len() > LONGEST {
        return None;
    }
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let result = parser.tuple()?;
    if parser.at == tokens.len() { Some(result) } else { None }
}

pub(super) struct Parser<'a> {
    tokens: &'a [Token],
    pub(super) at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// `a`, or `a, b`.
    fn tuple(&mut self) -> Option<Expression> {
        let first = self.starred()?;
        if !self.takes(",") {
            return Some(first);
        }
        let mut items = vec![first];
        while self.peek().is_some() && !self.sees(")") && !self.sees("]") {
            items.push(self.starred()?);
            if !self.takes(",") {
                break;
            }
        }
        Some(Expression::List(items))
    }

    fn starred(&mut self) -> Option<Expression> {
        if self.takes("*") {
            Some(Expression::Starred(Box::new(self.expression()?)))
        } else {
            self.expression()
        }
    }

    fn expression(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let mut result = self.any()?;
        if self.takes_word("if") {
            let test = self.any()?;
            if !self.takes_word("else") {
                return None;
            }
            result = Expression::Conditional(Box::new([test, result, self.expression()?]));
        }
        if self.takes(":=") {
            result = self.expression()?;
        }
        self.depth -= 1;
        Some(result)
    }

    fn any(&mut self) -> Option<Expression> {
        let mut items = vec![self.all()?];
        while self.takes_word("or") {
            items.push(self.all()?);
        }
        if items.len() == 1 { items.pop() } else { Some(Expression::Any(items)) }
    }

    fn all(&mut self) -> Option<Expression> {
        let mut items = vec![self.not()?];
        while self.takes_word("and") {
            items.push(self.not()?);
        }
        if items.len() == 1 { items.pop() } else { Some(Expression::All(items)) }
    }

    fn not(&mut self) -> Option<Expression> {
        let mut negative = false;
        while self.takes_word("not") {
            negative = !negative;
        }
        let inner = self.comparison()?;
        Some(if negative { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn comparison(&mut self) -> Option<Expression> {
        let first = self.sum()?;
        let mut others = Vec::new();
        while let Some(comparison) = self.comparator() {
            others.push((comparison, self.sum()?));
        }
        if others.is_empty() {
            Some(first)
        } else {
            Some(Expression::Compare(Box::new(first), others))
        }
    }

    fn comparator(&mut self) -> Option<Comparison> {
        let word = |at: usize| match self.tokens.get(at) {
            Some(Token::Name(word)) => word.as_str(),
            _ => "",
        };
        let (found, length) = match (self.peek()?, word(self.at), word(self.at + 1)) {
            (Token::Sign("=="), ..) => (Comparison::Equal, 1),
            (Token::Sign("!="), ..) => (Comparison::Unequal, 1),
            (Token::Sign("<"), ..) => (Comparison::Less, 1),
            (Token::Sign("<="), ..) => (Comparison::LessOrEqual, 1),
            (Token::Sign(">"), ..) => (Comparison::Greater, 1),
            (Token::Sign(">="), ..) => (Comparison::GreaterOrEqual, 1),
            (_, "is", "not") => (Comparison::IsNot, 2),
            (_, "is", _) => (Comparison::Is, 1),
            (_, "not", "in") => (Comparison::NotIn, 2),
            (_, "in", _) => (Comparison::In, 1),
            _ => return None,
        };
        self.at += length;
        Some(found)
    }

    fn sum(&mut self) -> Option<Expression> {
        self.operators(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Option<Expression> {
        self.operators(&["*", "/", "//", "%", "@"], Self::unary)
    }

    fn operators(
        &mut self,
        signs: &[&str],
        operand: fn(&mut Self) -> Option<Expression>,
    ) -> Option<Expression> {
        let first = operand(self)?;
        let mut others = Vec::new();
        while let Some(Token::Sign(sign)) = self.peek()
            && signs.contains(sign)
        {
            let sign = *sign;
            self.at += 1;
            others.push((sign, operand(self)?));
        }
        if others.is_empty() {
            Some(first)
        } else {
            Some(Expression::Arithmetic(Box::new(first), others))
        }
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negative = false;
        loop {
            match self.peek() {
                Some(Token::Sign("-")) => negative = !negative,
                Some(Token::Sign("+")) => {}
                Some(Token::Name(word)) if word == "await" => {}
                _ => break,
            }
            self.at += 1;
        }
        let mut value = self.postfix()?;
        if self.takes("**") {
            self.depth += 1;
            if self.depth > DEPTH {
                return None;
            }
            let exponent = self.unary()?;
            self.depth -= 1;
            value = Expression::Arithmetic(Box::new(value), vec![("**", exponent)]);
        }
        Some(if negative { Expression::Negative(Box::new(value)) } else { value })
    }

    fn postfix(&mut self) -> Option<Expression> {
        let value = self.atom()?;
        let mut suffixes = Vec::new();
        loop {
            if self.takes(".") {
                let Some(Token::Name(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                suffixes.push(Suffix::Attribute(name));
            } else if self.takes("(") {
                suffixes.push(Suffix::Call(self.arguments()?));
            } else if self.takes("[") {
                suffixes.push(self.index()?);
            } else if suffixes.is_empty() {
                return Some(value);
            } else {
                return Some(Expression::Postfix(Box::new(value), suffixes));
            }
        }
    }

    fn arguments(&mut self) -> Option<CallArguments> {
        let mut arguments = CallArguments::default();
        while !self.takes(")") {
            if self.takes("**") {
                arguments.by_name.push((String::new(), self.expression()?));
            } else if let (Some(Token::Name(name)), Some(Token::Sign("="))) =
                (self.peek().cloned(), self.tokens.get(self.at + 1))
            {
                self.at += 2;
                arguments.by_name.push((name, self.expression()?));
            } else {
                let item = self.starred()?;
                arguments.by_place.push(self.comprehension(vec![item])?);
            }
            if !self.takes(",") && !self.sees(")") {
                return None;
            }
        }
        Some(arguments)
    }

    fn index(&mut self) -> Option<Suffix> {
        let mut parts = [None, None, None];
        let mut colons = 0;
        while !self.takes("]") {
            if self.takes(":") {
                colons += 1;
            } else {
                *parts.get_mut(colons)? = Some(self.tuple()?);
                if self.takes(",") {
                    while !self.takes("]") {
                        self.peek()?;
                        self.at += 1; // an array's further axes
                    }
                    return Some(Suffix::Index(Expression::Opaque));
                }
            }
        }
        match (colons, parts) {
            (0, [Some(index), None, None]) => Some(Suffix::Index(index)),
            (0, _) => None,
            (_, parts) => Some(Suffix::Slice(parts)),
        }
    }

    fn atom(&mut self) -> Option<Expression> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Int(value) => Expression::Int(value),
            Token::Float(value) => Expression::Float(value),
            Token::Text(_) | Token::Pattern(_) => {
                self.at -= 1;
                self.text()
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
                "if" | "else" | "for" | "in" | "and" | "or" | "is" => return None,
                _ => Expression::Name(name),
            },
            Token::Sign("(") => {
                if self.takes(")") {
                    return Some(Expression::List(Vec::new()));
                }
                let inner = self.tuple()?;
                let inner = self.comprehension(vec![inner])?;
                if !self.takes(")") {
                    return None;
                }
                inner
            }
            Token::Sign("[") => self.list()?,
            Token::Sign("{") => self.dict()?,
            Token::Other => Expression::Opaque,
            Token::Sign(_) => return None,
        })
    }

    fn list(&mut self) -> Option<Expression> {
        let mut items = Vec::new();
        while !self.takes("]") {
            let item = self.starred()?;
            if self.sees_word("for") {
                let whole = self.comprehension(vec![item])?;
                return self.takes("]").then_some(whole);
            }
            items.push(item);
            if !self.takes(",") && !self.sees("]") {
                return None;
            }
        }
        Some(Expression::List(items))
    }

    fn dict(&mut self) -> Option<Expression> {
        let mut entries = Vec::new();
        let mut is_set = false;
        while !self.takes("}") {
            if self.takes("**") {
                entries.push((None, self.expression()?));
            } else {
                let key = self.expression()?;
                if self.takes(":") {
                    let value = self.expression()?;
                    if self.sees_word("for") {
                        let whole = self.comprehension(vec![key, value])?;
                        return self.takes("}").then_some(whole);
                    }
                    entries.push((Some(key), value));
                } else {
                    is_set = true;
                    self.comprehension(vec![key])?;
                }
            }
            if !self.takes(",") && !self.sees("}") {
                return None;
            }
        }
        Some(if is_set { Expression::Opaque } else { Expression::Dict(entries) })
    }

    /// What stands before, unless a `for` follows.
    fn comprehension(&mut self, mut item: Vec<Expression>) -> Option<Expression> {
        if !self.takes_word("for") {
            return item.pop();
        }
        let mut target = vec![self.postfix()?];
        while self.takes(",") {
            target.push(self.postfix()?);
        }
        let target = if target.len() == 1 { target.pop()? } else { Expression::List(target) };
        if !self.takes_word("in") {
            return None;
        }
        let items = self.any()?;
        let mut conditions = Vec::new();
        while self.takes_word("if") {
            conditions.push(self.any()?);
        }
        if self.sees_word("for") {
            while self.peek().is_some() && !self.sees(")") && !self.sees("]") && !self.sees("}") {
                self.at += 1;
                self.any()?;
            }
            return Some(Expression::Opaque);
        }
        let (target, items) = (Box::new(target), Box::new(items));
        Some(Expression::Comprehension { item, target, items, conditions })
    }

    pub(super) fn peek(&self) -> Option<&Token> {
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

    fn sees_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == word)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let seen = self.sees_word(word);
        self.at += usize::from(seen);
        seen
    }
}
