//! Python's statements: blocks by indentation, and what each line says.

use std::rc::Rc;

use super::expression::Expression;
use super::parser::parse;
use super::split::{closing, names, split, tokens_until};
use super::token::{Line, Token, lines};

/// A statement and the line where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) line: usize,
    pub(super) kind: StatementKind,
}

pub(super) type Block = Vec<Statement>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StatementKind {
    /// `import a.b as c`, `from a import b as c`: the name, and what it stands for.
    Import(Vec<(String, Vec<String>)>),
    /// `a = b = value`
    Assign(Vec<Expression>, Expression),
    /// `a += value`, its sign without `=`.
    Change(Expression, &'static str, Expression),
    /// An expression alone.
    Expression(Expression),
    /// `if … elif … else`: a branch without a test is the `else`.
    If(Vec<IfBranch>),
    For(Expression, Expression, Block),
    While(Expression, Block),
    Define(Rc<Function>),
    Class(Rc<ClassDefinition>),
    Return(Option<Expression>),
    /// `with a as b`
    With(Vec<Expression>, Block),
    /// `try`, and the blocks of its `except`s.
    Try {
        body: Block,
        handlers: Vec<IfBranch>,
        rest: Block,
    },
    Break,
    Continue,
    Raise,
    Nothing,
    /// A line that isn't understood: the names in it.
    Unread(Vec<String>),
}

/// A branch of an `if`: its line, its test, its body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IfBranch {
    pub(super) line: usize,
    pub(super) test: Option<Expression>,
    pub(super) body: Block,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<FunctionParameter>,
    pub(super) body: Block,
}

/// A parameter: its name with its stars, and its default.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FunctionParameter {
    pub(super) name: String,
    pub(super) stars: usize,
    pub(super) default: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassDefinition {
    pub(super) name: String,
    /// The last part of each base's name.
    pub(super) bases: Vec<String>,
    pub(super) body: Block,
}

/// How deep blocks may nest.
const DEPTH: usize = 40;

/// The statements of some code.
pub(super) fn statements(code: &str) -> Block {
    let lines = lines(code);
    let mut blocks = Blocks { lines: &lines, at: 0, depth: 0 };
    let mut all = Vec::new();
    while blocks.at < lines.len() {
        all.extend(blocks.block(0));
    }
    all
}

struct Blocks<'a> {
    lines: &'a [Line],
    at: usize,
    depth: usize,
}

impl<'a> Blocks<'a> {
    /// The statements that are indented at least so far.
    fn block(&mut self, indent: usize) -> Block {
        let mut block = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent >= indent) {
            self.at += 1;
            block.push(Statement { line: line.number, kind: self.statement(line) });
        }
        block
    }

    fn statement(&mut self, line: &'a Line) -> StatementKind {
        let tokens = line.tokens.as_slice();
        let Some(Token::Name(word)) = tokens.first() else { return simple(tokens) };
        match word.as_str() {
            "async" if tokens.len() > 1 => {
                let line = self.lines.get(self.at - 1);
                line.map_or(StatementKind::Nothing, |line| self.compound(line, &line.tokens[1..]))
            }
            _ => self.compound(line, tokens),
        }
    }

    /// A statement with a block, or a simple one.
    fn compound(&mut self, line: &Line, tokens: &[Token]) -> StatementKind {
        let Some(Token::Name(word)) = tokens.first() else { return simple(tokens) };
        let is_compound = matches!(
            word.as_str(),
            "if" | "elif"
                | "else"
                | "for"
                | "while"
                | "def"
                | "class"
                | "with"
                | "try"
                | "except"
                | "finally"
        );
        let Some(colon) = tokens_until(tokens, ":").filter(|_| is_compound) else {
            return simple(tokens);
        };
        let head = &tokens[1..colon];
        let word = word.as_str();
        let body = self.body(line, &tokens[colon + 1..]);
        match word {
            "if" => {
                let mut branches = vec![IfBranch { line: line.number, test: test(head), body }];
                branches.extend(self.clauses(line.indent, &["elif", "else"]));
                StatementKind::If(branches)
            }
            "for" => {
                let split = head.iter().position(|token| *token == Token::Name("in".into()));
                let parts =
                    split.and_then(|at| Some((parse(&head[..at])?, parse(&head[at + 1..])?)));
                let (target, items) = parts.unwrap_or((Expression::Opaque, Expression::Opaque));
                let mut after = self.clauses(line.indent, &["else"]);
                let mut whole = vec![Statement {
                    line: line.number,
                    kind: StatementKind::For(target, items, body),
                }];
                match after.pop() {
                    None => whole.pop().map_or(StatementKind::Nothing, |statement| statement.kind),
                    Some(after) => {
                        whole.extend(after.body);
                        StatementKind::With(Vec::new(), whole)
                    }
                }
            }
            "while" => {
                self.clauses(line.indent, &["else"]);
                StatementKind::While(parse(head).unwrap_or(Expression::Opaque), body)
            }
            "def" => StatementKind::Define(Rc::new(function(head, body))),
            "class" => {
                let name = names(&head[..head.len().min(1)]).pop().unwrap_or_default();
                let bases = if head.len() > 2 {
                    split(&head[2..head.len() - 1], ",")
                        .into_iter()
                        .filter(|base| !base.contains(&Token::Sign("=")))
                        .filter_map(|base| names(base).pop())
                        .collect()
                } else {
                    Vec::new()
                };
                StatementKind::Class(Rc::new(ClassDefinition { name, bases, body }))
            }
            "with" => {
                let items = split(head, ",").into_iter().map(|item| {
                    let end = item.iter().position(|token| *token == Token::Name("as".into()));
                    parse(&item[..end.unwrap_or(item.len())]).unwrap_or(Expression::Opaque)
                });
                StatementKind::With(items.collect(), body)
            }
            "try" => {
                let mut clauses = self.clauses(line.indent, &["except", "else", "finally"]);
                let mut rest = Vec::new();
                let is_handler = |branch: &IfBranch| branch.test.is_some();
                clauses.iter_mut().filter(|branch| !is_handler(branch)).for_each(|branch| {
                    rest.append(&mut branch.body);
                });
                clauses.retain(is_handler);
                StatementKind::Try { body, handlers: clauses, rest }
            }
            // one that stands alone: as if it were plain code
            _ => StatementKind::With(Vec::new(), body),
        }
    }

    /// What is indented below a line, or stands behind its colon.
    fn body(&mut self, line: &Line, rest: &[Token]) -> Block {
        self.depth += 1;
        let mut body = Vec::new();
        if !rest.is_empty() {
            body.push(Statement { line: line.number, kind: simple(rest) });
            while let Some(next) = self.lines.get(self.at).filter(|next| next.follows) {
                self.at += 1;
                body.push(Statement { line: next.number, kind: simple(&next.tokens) });
            }
        } else if let Some(next) = self.lines.get(self.at).filter(|next| next.indent > line.indent)
        {
            if self.depth <= DEPTH {
                body = self.block(next.indent);
            }
            while self.lines.get(self.at).is_some_and(|next| next.indent > line.indent) {
                self.at += 1; // too deep, or indented unevenly
                body.push(Statement { line: next.number, kind: StatementKind::Unread(Vec::new()) });
            }
        }
        self.depth -= 1;
        body
    }

    /// The clauses that follow at the same indentation; an `except` has a test that holds never.
    fn clauses(&mut self, indent: usize, words: &[&str]) -> Vec<IfBranch> {
        let mut branches = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent == indent) {
            let Some(Token::Name(word)) = line.tokens.first() else { break };
            let Some(colon) = tokens_until(&line.tokens, ":") else { break };
            if !words.contains(&word.as_str()) {
                break;
            }
            self.at += 1;
            let test = match word.as_str() {
                "elif" => test(&line.tokens[1..colon]),
                "except" => Some(Expression::Bool(false)),
                _ => None,
            };
            let body = self.body(line, &line.tokens[colon + 1..]);
            branches.push(IfBranch { line: line.number, test, body });
        }
        branches
    }
}

fn test(tokens: &[Token]) -> Option<Expression> {
    Some(parse(tokens).unwrap_or(Expression::Opaque))
}

/// A statement on one line.
fn simple(tokens: &[Token]) -> StatementKind {
    let unread = || StatementKind::Unread(names(tokens));
    match tokens {
        [] | [Token::Sign("@"), ..] => StatementKind::Nothing, // a decorator
        [Token::Name(word), rest @ ..] if word == "import" => {
            StatementKind::Import(imported(&[], rest))
        }
        [Token::Name(word), rest @ ..] if word == "from" => {
            let split = rest.iter().position(|token| *token == Token::Name("import".into()));
            match split {
                Some(at) => StatementKind::Import(imported(&names(&rest[..at]), &rest[at + 1..])),
                None => unread(),
            }
        }
        [Token::Name(word)] if word == "break" => StatementKind::Break,
        [Token::Name(word)] if word == "continue" => StatementKind::Continue,
        [Token::Name(word)] if word == "return" => StatementKind::Return(None),
        [Token::Name(word), rest @ ..] if word == "return" => match parse(rest) {
            Some(value) => StatementKind::Return(Some(value)),
            None => unread(),
        },
        [Token::Name(word), ..] if word == "raise" => StatementKind::Raise,
        [Token::Name(word), ..]
            if matches!(word.as_str(), "pass" | "global" | "nonlocal" | "assert" | "del") =>
        {
            StatementKind::Nothing
        }
        _ => assignment(tokens).unwrap_or_else(unread),
    }
}

/// `a = b = value`, `a: type = value`, `a += value`, or an expression.
fn assignment(tokens: &[Token]) -> Option<StatementKind> {
    for (sign, change) in [
        ("+=", "+"),
        ("-=", "-"),
        ("*=", "*"),
        ("/=", "/"),
        ("//=", "//"),
        ("%=", "%"),
        ("**=", "**"),
    ] {
        if let Some(at) = tokens_until(tokens, sign) {
            return Some(StatementKind::Change(
                parse(&tokens[..at])?,
                change,
                parse(&tokens[at + 1..])?,
            ));
        }
    }
    let mut parts = split(tokens, "=");
    let value = parts.pop()?;
    if parts.is_empty() {
        return match tokens_until(value, ":") {
            Some(_) => Some(StatementKind::Nothing), // a type alone
            None => Some(StatementKind::Expression(parse(value)?)),
        };
    }
    let target = |part: &[Token]| parse(&part[..tokens_until(part, ":").unwrap_or(part.len())]);
    let targets = parts.into_iter().map(target).collect::<Option<_>>()?;
    Some(StatementKind::Assign(targets, parse(value).unwrap_or(Expression::Opaque)))
}

/// `from MODULE import a as b, c`, or `import a.b as c` where `module` is empty.
fn imported(module: &[String], tokens: &[Token]) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for part in tokens.split(|token| *token == Token::Sign(",")) {
        let at = part.iter().position(|token| *token == Token::Name("as".into()));
        let path: Vec<String> =
            module.iter().cloned().chain(names(&part[..at.unwrap_or(part.len())])).collect();
        let alias = at.and_then(|at| names(&part[at + 1..]).pop());
        match (alias, module.is_empty()) {
            (Some(alias), _) => all.push((alias, path)),
            (None, true) => {} // `import a.b` binds `a`, which stands for itself
            (None, false) => all.extend(path.last().cloned().map(|name| (name, path))),
        }
    }
    all
}

/// `name(parameters) -> type`
fn function(tokens: &[Token], body: Block) -> Function {
    let name = names(&tokens[..tokens.len().min(1)]).pop().unwrap_or_default();
    let end = closing(&tokens[tokens.len().min(1)..]).map_or(tokens.len(), |at| at + 1);
    let inside = tokens.get(2..end).unwrap_or_default();
    let parameters = split(inside, ",").into_iter().filter_map(|parameter| {
        let stars = match parameter.first() {
            Some(Token::Sign("*")) => 1,
            Some(Token::Sign("**")) => 2,
            _ => 0,
        };
        let name = names(parameter).into_iter().next()?;
        let default = tokens_until(parameter, "=")
            .map(|at| parse(&parameter[at + 1..]).unwrap_or(Expression::Opaque));
        Some(FunctionParameter { name, stars, default })
    });
    Function { name, parameters: parameters.collect(), body }
}
