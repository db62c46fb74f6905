//! Python's tokens, a logical line at a time: lines inside brackets are joined, comments dropped.

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword.
    Name(String),
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent.
    Float(f64),
    /// A text.
    Text(String),
    /// An f-string, its holes unread: `dense_{i}`.
    Pattern(String),
    /// An operator or a bracket: `(`, `**`, `=`.
    Sign(&'static str),
    /// What no literal code has: a stray character.
    Other,
}

/// A logical line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Where it starts, from 1.
    pub(super) number: usize,
    /// How far it is indented.
    pub(super) indent: usize,
    /// True where it follows a `;` on the line of the one before.
    pub(super) follows: bool,
    /// Its tokens; at least one.
    pub(super) tokens: Vec<Token>,
}

/// Longer signs first.
const SIGNS: [&str; 34] = [
    "**=", "//=", "==", "!=", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "**", "//",
    "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "+", "-", "*", "/", "%", "@", "<", ">", ";",
];

/// The logical lines of some code. Never fails: what isn't Python becomes [`Token::Other`].
pub(super) fn lines(code: &str) -> Vec<Line> {
    let mut scanner = Scanner { chars: code.chars().collect(), at: 0, line: 1 };
    let mut lines = Vec::new();
    let mut current = Line { number: 1, indent: 0, follows: false, tokens: Vec::new() };
    let mut open = 0usize;
    while let Some(c) = scanner.peek() {
        if current.tokens.is_empty() {
            current.number = scanner.line;
        }
        match c {
            '\n' => {
                scanner.next();
                if open == 0 {
                    finish(&mut lines, &mut current);
                    (current.indent, current.follows) = (0, false);
                }
            }
            ' ' | '\t' if current.tokens.is_empty() && !current.follows => {
                scanner.next();
                current.indent =
                    if c == '\t' { (current.indent / 8 + 1) * 8 } else { current.indent + 1 };
            }
            '#' => scanner.skip_comment(),
            '\\' if matches!(scanner.ahead(1), Some('\n' | '\r')) => {
                scanner.next();
                while matches!(scanner.peek(), Some('\r' | '\n')) && scanner.next() != Some('\n') {}
            }
            c if c.is_whitespace() => drop(scanner.next()),
            _ => {
                let token = scanner.token();
                match token {
                    Token::Sign("(" | "[" | "{") => open += 1,
                    Token::Sign(")" | "]" | "}") => open = open.saturating_sub(1),
                    _ => {}
                }
                if token == Token::Sign(";") && open == 0 {
                    finish(&mut lines, &mut current);
                    current.follows = true;
                } else {
                    current.tokens.push(token);
                }
            }
        }
    }
    finish(&mut lines, &mut current);
    lines
}

fn finish(lines: &mut Vec<Line>, current: &mut Line) {
    if !current.tokens.is_empty() {
        let tokens = std::mem::take(&mut current.tokens);
        lines.push(Line { tokens, ..*current });
    }
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    fn ahead(&self, n: usize) -> Option<char> {
        self.chars.get(self.at + n).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.next();
        }
    }

    fn token(&mut self) -> Token {
        let Some(c) = self.peek() else { return Token::Other };
        let number = c.is_ascii_digit()
            || (c == '.' && self.ahead(1).is_some_and(|next| next.is_ascii_digit()));
        if number {
            return self.number();
        }
        if c.is_alphabetic() || c == '_' {
            return self.name();
        }
        if c == '"' || c == '\'' {
            return self.text_of("");
        }
        for sign in SIGNS {
            if sign.chars().enumerate().all(|(i, c)| self.ahead(i) == Some(c)) {
                self.at += sign.len();
                return Token::Sign(sign);
            }
        }
        self.next();
        Token::Other
    }

    fn name(&mut self) -> Token {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
            self.next();
        }
        let is_prefix = name.len() <= 2 && name.chars().all(|c| "rRbBuUfF".contains(c));
        if is_prefix && matches!(self.peek(), Some('"' | '\'')) {
            return self.text_of(&name.to_lowercase());
        }
        Token::Name(name)
    }

    fn number(&mut self) -> Token {
        let mut text = String::new();
        let mut whole = true;
        while let Some(c) = self.peek() {
            match c {
                '_' => {}
                '.' => whole = false,
                'e' | 'E' if !text.starts_with("0x") && !text.starts_with("0X") => {
                    whole = false;
                    if let Some(sign @ ('+' | '-')) = self.ahead(1) {
                        text.push('e');
                        self.next();
                        text.push(sign);
                        self.next();
                        continue;
                    }
                }
                c if c.is_ascii_alphanumeric() => {}
                _ => break,
            }
            if c != '_' {
                text.push(c);
            }
            self.next();
        }
        let lower = text.to_lowercase();
        let based = [("0x", 16), ("0o", 8), ("0b", 2)].iter().find_map(|(prefix, base)| {
            i64::from_str_radix(lower.strip_prefix(prefix)?, *base).ok()
        });
        match (based, whole) {
            (Some(value), _) => Token::Int(value),
            (None, true) => text.parse().map_or(Token::Other, Token::Int),
            (None, false) => text.parse().map_or(Token::Other, Token::Float),
        }
    }

    fn text_of(&mut self, prefix: &str) -> Token {
        let Some(quote) = self.next() else { return Token::Other };
        let triple = self.peek() == Some(quote) && self.ahead(1) == Some(quote);
        if triple {
            self.at += 2;
        }
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Token::Other,
                Some('\n') if !triple => return Token::Other,
                Some(c) if c == quote => {
                    self.next();
                    if !triple {
                        break;
                    }
                    if self.peek() == Some(quote) && self.ahead(1) == Some(quote) {
                        self.at += 2;
                        break;
                    }
                    text.push(quote);
                }
                Some('\\') => {
                    self.next();
                    let Some(c) = self.next() else { return Token::Other };
                    match c {
                        _ if prefix.contains('r') => text.extend(['\\', c]),
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        '\n' => {}
                        '\\' | '\'' | '"' => text.push(c),
                        other => text.extend(['\\', other]),
                    }
                }
                Some(c) => {
                    text.push(c);
                    self.next();
                }
            }
        }
        if prefix.contains('f') && text.contains(['{', '}']) {
            Token::Pattern(text)
        } else {
            Token::Text(text)
        }
    }
}
