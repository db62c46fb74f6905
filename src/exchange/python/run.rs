//! Statements followed: what they bind, which branches are taken, how often loops go round.

use std::rc::Rc;

use super::block::{Block, IfBranch, Statement, StatementKind};
use super::evaluate::items_of;
use super::expression::{Expression, Suffix};
use super::reader::CodeReader;
use super::values::{Closure, PyValue};

/// How a block ended.
pub(super) enum End {
    Through,
    Break,
    Continue,
    Return(PyValue),
    Raise,
}

impl CodeReader {
    pub(super) fn run(&mut self, block: &Block) -> End {
        self.depth += 1;
        let mut end = End::Through;
        for statement in block {
            if !self.may_go_on() {
                break;
            }
            end = self.statement(statement);
            if !matches!(end, End::Through) {
                break;
            }
        }
        self.depth -= 1;
        end
    }

    fn statement(&mut self, statement: &Statement) -> End {
        self.line = statement.line;
        match &statement.kind {
            StatementKind::Import(names) => {
                for (name, path) in names {
                    self.bind(name, PyValue::Path(path.clone()));
                }
            }
            StatementKind::Assign(targets, value) => {
                let value = self.evaluate(value);
                for target in targets {
                    self.assign(target, value.clone());
                }
            }
            StatementKind::Change(target, sign, value) => {
                let before = self.evaluate(target);
                let value = self.evaluate(value);
                self.assign(target, super::arithmetic::operate(sign, &before, &value));
            }
            StatementKind::Expression(expression) => drop(self.evaluate(expression)),
            StatementKind::If(branches) => return self.branches(branches),
            StatementKind::For(target, items, body) => return self.for_loop(target, items, body),
            StatementKind::While(test, body) => return self.while_loop(test, body),
            StatementKind::Define(function) => {
                let defaults = function
                    .parameters
                    .iter()
                    .map(|parameter| parameter.default.as_ref().map(|value| self.evaluate(value)))
                    .collect();
                let around =
                    self.locals.last().map(|frame| frame.names.clone()).unwrap_or_default();
                self.steps += around.len();
                let closure = Closure { function: Rc::clone(function), defaults, around };
                self.bind(&function.name, PyValue::Function(Rc::new(closure)));
            }
            StatementKind::Class(class) => self.bind(&class.name, PyValue::Class(Rc::clone(class))),
            StatementKind::Return(value) => {
                let value = value.as_ref().map_or(PyValue::None, |value| self.evaluate(value));
                return End::Return(value);
            }
            StatementKind::With(items, body) => {
                for item in items {
                    self.evaluate(item);
                }
                return self.run(body);
            }
            StatementKind::Try { body, handlers, rest } => {
                let before = self.clone();
                let end = self.run(body);
                self.not_taken(&before, handlers, "`except`");
                return match end {
                    End::Through => self.run(rest),
                    End::Raise => End::Through,
                    other => other,
                };
            }
            StatementKind::Break => return End::Break,
            StatementKind::Continue => return End::Continue,
            StatementKind::Raise => return End::Raise,
            StatementKind::Nothing => {}
            StatementKind::Unread(names) => {
                let concerns = names.iter().any(|name| {
                    !matches!(self.lookup(name), PyValue::Path(_) | PyValue::Made(_))
                        && self.lookup(name).holds_model()
                });
                if concerns || names.is_empty() {
                    self.note("the line could not be read");
                }
            }
        }
        End::Through
    }

    /// The branch whose test holds. Where a test isn't known, what it guards is carried and noted,
    /// and so is what the others would do.
    fn branches(&mut self, branches: &[IfBranch]) -> End {
        for (at, branch) in branches.iter().enumerate() {
            self.line = branch.line;
            let Some(test) = &branch.test else { return self.run(&branch.body) };
            match self.evaluate(test).truth() {
                Some(true) => return self.run(&branch.body),
                Some(false) => continue,
                None => {}
            }
            let before = self.clone();
            let end = self.run(&branch.body);
            let returns_model = matches!(&end, End::Return(value) if value.is_known());
            if matches!(end, End::Raise) || (matches!(end, End::Return(_)) && !returns_model) {
                // a check of what was given, not a way to build
                self.take_back(before);
                continue;
            }
            let what = test.describe();
            if self.concerns(&before) || returns_model {
                let message = format!("whether {what} holds is not literal: carried as if it did");
                self.note_at(branch.line, message);
            }
            self.keep_models(&before);
            self.not_taken(&before, &branches[at + 1..], "`else`");
            return end;
        }
        End::Through
    }

    /// Notes each branch that would have changed something.
    fn not_taken(&mut self, before: &CodeReader, branches: &[IfBranch], word: &str) {
        for branch in branches {
            self.steps += 50;
            let mut other = before.clone();
            other.steps = self.steps;
            let end = other.run(&branch.body);
            let returns = matches!(end, End::Return(value) if value.is_known());
            self.steps = other.steps;
            if other.concerns(before) || returns {
                let word = match (&branch.test, word) {
                    (Some(test), "`else`") => format!("`elif` {}", test.describe()),
                    _ => word.to_string(),
                };
                self.note_at(branch.line, format!("what stands under {word} is not carried"));
            }
        }
    }

    /// True where, since then, a model was changed or a name was bound to something that is known.
    fn concerns(&self, before: &CodeReader) -> bool {
        let names = |reader: &CodeReader| match reader.locals.last() {
            Some(frame) => frame.names.clone(),
            None => reader.globals.clone(),
        };
        let (now, then) = (names(self), names(before));
        self.changes != before.changes
            || now.iter().any(|(name, value)| {
                let is_used =
                    value.is_known() && !matches!(value, PyValue::Function(_) | PyValue::Class(_));
                is_used && then.get(name).is_none_or(|old| old.equals(value) != Some(true))
            })
    }

    /// A name that a branch, perhaps not taken, unbound from its model is bound to it again.
    fn keep_models(&mut self, before: &CodeReader) {
        let then = match before.locals.last() {
            Some(frame) => &frame.names,
            None => &before.globals,
        };
        for (name, value) in then {
            if value.holds_model() && !self.lookup(name).is_known() {
                self.bind(name, value.clone());
            }
        }
    }

    /// Back to what was before, but for how much was read.
    fn take_back(&mut self, before: CodeReader) {
        let steps = self.steps;
        *self = before;
        self.steps = steps.saturating_add(50);
    }

    fn for_loop(&mut self, target: &Expression, items: &Expression, body: &Block) -> End {
        let line = self.line;
        let each = self.evaluate(items);
        let Some(each) = items_of(&each) else {
            let message = format!(
                "a `for` loop over {}, which is not literal: its body is read once",
                items.describe()
            );
            return self.once(line, message, |reader| {
                reader.assign(target, PyValue::Unknown);
                reader.run(body)
            });
        };
        for item in each {
            if !self.may_go_on() {
                break;
            }
            self.assign(target, item);
            match self.run(body) {
                End::Break => break,
                End::Through | End::Continue => {}
                end => return end,
            }
            self.line = line;
        }
        End::Through
    }

    fn while_loop(&mut self, test: &Expression, body: &Block) -> End {
        let line = self.line;
        while self.may_go_on() {
            self.line = line;
            let truth = match test {
                Expression::Bool(true) => None, // until a `break`
                test => self.evaluate(test).truth(),
            };
            match truth {
                Some(false) => break,
                Some(true) => match self.run(body) {
                    End::Break => break,
                    End::Through | End::Continue => {}
                    end => return end,
                },
                None => {
                    let message = format!(
                        "a `while` loop until {} no longer holds: its body is read once",
                        test.describe()
                    );
                    return self.once(line, message, |reader| reader.run(body));
                }
            }
        }
        End::Through
    }

    /// A loop's body, once; noted where a model is concerned.
    fn once(
        &mut self,
        line: usize,
        message: String,
        run: impl FnOnce(&mut CodeReader) -> End,
    ) -> End {
        let changes = self.changes;
        let end = run(self);
        if self.changes != changes {
            self.note_at(line, message);
        }
        match end {
            End::Break | End::Continue => End::Through,
            end => end,
        }
    }

    /// Binds a target: a name, an attribute, an item, or several.
    pub(super) fn assign(&mut self, target: &Expression, value: PyValue) {
        match target {
            Expression::Name(name) => self.bind(name, value),
            Expression::Starred(inner) => self.assign(inner, PyValue::Unknown),
            Expression::List(targets) => match value {
                PyValue::List(values) if values.len() == targets.len() => {
                    for (target, value) in targets.iter().zip(values) {
                        self.assign(target, value);
                    }
                }
                _ => targets.iter().for_each(|target| self.assign(target, PyValue::Unknown)),
            },
            Expression::Postfix(base, suffixes) => match suffixes.split_last() {
                Some((Suffix::Attribute(name), before)) => {
                    let owner = self.evaluate_behind(base, before);
                    self.set_attribute(&owner, name, value);
                }
                Some((Suffix::Index(at), before)) => {
                    let at = self.evaluate(at);
                    let whole = self.evaluate_behind(base, before);
                    let changed = super::arithmetic::with_item(whole, &at, value);
                    let place = match before {
                        [] => base.as_ref().clone(),
                        _ => Expression::Postfix(base.clone(), before.to_vec()),
                    };
                    if let Some(changed) = changed {
                        self.assign(&place, changed.limited());
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}
