//! Statements: what names are imported and bound.

use super::convert::{Object, Reader};
use super::expression::{Expression, parse};
use super::token::{Line, Token};

impl Reader {
    pub(super) fn statement(&mut self, line: &Line) {
        let tokens = line.tokens.as_slice();
        match tokens {
            [Token::Name(word), rest @ ..] if word == "import" => self.import(&[], rest),
            [Token::Name(word), rest @ ..] if word == "from" => {
                let split = rest.iter().position(|token| *token == Token::Name("import".into()));
                if let Some(split) = split {
                    self.import(&dotted(&rest[..split]), &rest[split + 1..]);
                }
            }
            [Token::Name(word), ..] if matches!(word.as_str(), "for" | "while") => {
                self.note(format!("a `{word}` loop: its body is read once"));
                let end = tokens.iter().position(|token| *token == Token::Name("in".into()));
                self.forget(&tokens[1..end.unwrap_or(1)]);
            }
            [Token::Name(word), Token::Name(_), rest @ ..] if word == "def" => self.defaults(rest),
            [Token::Name(word), ..]
                if matches!(
                    word.as_str(),
                    "def"
                        | "class"
                        | "if"
                        | "elif"
                        | "else"
                        | "try"
                        | "except"
                        | "with"
                        | "assert"
                        | "del"
                        | "raise"
                        | "pass"
                        | "global"
                        | "print"
                ) => {}
            [Token::Name(word), rest @ ..] if word == "return" => {
                if let Some(expression) = self.parse(rest) {
                    self.evaluate(&expression);
                }
            }
            [Token::Name(_), Token::Sign("+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "**="), ..] => {
                self.forget(&tokens[..1]);
            }
            _ => match split(tokens, "=").as_slice() {
                [targets @ .., value] if !targets.is_empty() => {
                    targets.iter().for_each(|targets| self.bind(targets, value));
                }
                _ => {
                    if let Some(expression) = self.parse(tokens) {
                        self.evaluate(&expression);
                    }
                }
            },
        }
    }

    /// `from MODULE import a as b, c`, or `import a.b as c` where `module` is empty.
    fn import(&mut self, module: &[String], tokens: &[Token]) {
        for part in tokens.split(|token| *token == Token::Sign(",")) {
            let part: Vec<Token> = part
                .iter()
                .filter(|token| !matches!(token, Token::Sign("(" | ")")))
                .cloned()
                .collect();
            let split = part.iter().position(|token| *token == Token::Name("as".into()));
            let (names, alias) = match split {
                Some(at) => (dotted(&part[..at]), dotted(&part[at + 1..])),
                None => (dotted(&part), Vec::new()),
            };
            let Some(last) = alias.last().or(names.last()).cloned() else { continue };
            let path: Vec<String> = module.iter().chain(&names).cloned().collect();
            if !module.is_empty() || !alias.is_empty() {
                self.aliases.insert(last, path);
            }
        }
    }

    /// `name = value`, `name: type = value`, `a, b = 1, 2`.
    fn bind(&mut self, targets: &[Token], value: &[Token]) {
        let names = split(targets, ",");
        let values = split(value, ",");
        match targets {
            [Token::Name(name)] | [Token::Name(name), Token::Sign(":"), ..] => {
                self.assign(name, value);
            }
            _ if names.len() > 1 && names.len() == values.len() => {
                for (name, value) in names.iter().zip(values) {
                    if let [Token::Name(name)] = name {
                        self.assign(name, value);
                    }
                }
            }
            _ => self.forget(targets),
        }
    }

    /// A function's parameters: those with literal defaults are read as bound to them.
    fn defaults(&mut self, tokens: &[Token]) {
        let Some(end) = closing(tokens) else { return };
        for parameter in split(&tokens[1..end], ",") {
            let [name, .., value] = split(parameter, "=")[..] else {
                self.forget(parameter);
                continue;
            };
            self.forget(name);
            if let Some(Token::Name(name)) = name.first() {
                self.assign(name, value);
            }
        }
    }

    /// The names that stand here are bound to something unknown.
    fn forget(&mut self, tokens: &[Token]) {
        for name in dotted(tokens) {
            self.literals.remove(&name);
            self.objects.remove(&name);
        }
    }

    fn assign(&mut self, name: &str, tokens: &[Token]) {
        let tokens = self.with_literals(tokens);
        let Some(expression) = parse(&tokens) else {
            return self.forget(&[Token::Name(name.to_string())]);
        };
        let object = self.evaluate(&expression); // first: `x = layer(x)`
        self.literals.remove(name);
        self.objects.remove(name);
        if is_literal(&expression) {
            // in brackets, so that `a = 1 + 2` in `2 * a` is one thing
            let mut bound = vec![Token::Sign("(")];
            bound.extend(tokens);
            bound.push(Token::Sign(")"));
            if bound.len() <= 4096 {
                self.literals.insert(name.to_string(), bound);
            }
        } else if let Expression::List(items) = expression {
            self.objects.insert(name.to_string(), Object::List(items));
        } else if let Some(object) = object {
            self.objects.insert(name.to_string(), object);
        }
    }

    fn parse(&self, tokens: &[Token]) -> Option<Expression> {
        parse(&self.with_literals(tokens))
    }

    /// The tokens with literals in the place of names bound to them.
    fn with_literals(&self, tokens: &[Token]) -> Vec<Token> {
        let mut result = Vec::with_capacity(tokens.len());
        for (i, token) in tokens.iter().enumerate() {
            let after_dot = i > 0 && tokens[i - 1] == Token::Sign(".");
            let is_key = tokens.get(i + 1) == Some(&Token::Sign("="));
            match token {
                Token::Name(name) if !after_dot && !is_key => match self.literals.get(name) {
                    Some(literal) if result.len() < 100_000 => result.extend_from_slice(literal),
                    _ => result.push(token.clone()),
                },
                _ => result.push(token.clone()),
            }
        }
        result
    }
}

/// The parts between a sign that stands in no brackets.
fn split<'a>(tokens: &'a [Token], sign: &str) -> Vec<&'a [Token]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Sign(found) if *found == sign && depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// Where the bracket closes that `tokens` begin with.
fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at);
        }
    }
    None
}

fn is_literal(expression: &Expression) -> bool {
    match expression {
        Expression::None
        | Expression::Bool(_)
        | Expression::Int(_)
        | Expression::Float(_)
        | Expression::Text(_) => true,
        Expression::List(items) => items.iter().all(is_literal),
        Expression::Dict(entries) => {
            entries.iter().all(|(key, value)| is_literal(key) && is_literal(value))
        }
        _ => false,
    }
}

fn dotted(tokens: &[Token]) -> Vec<String> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Name(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}
