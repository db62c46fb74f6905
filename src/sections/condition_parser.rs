//! The text of a condition, read from left to right.

use super::condition_words::{EXAMPLE, Word, problem, words};
use super::row_test::{CellComparison, CellLiteral, RowTest};
use crate::error::Problem;
use crate::splits::moment;

/// The longest condition, in bytes, and the most conditions within each other.
const MOST_BYTES: usize = 10_000;
const MOST_DEPTH: usize = 50;

/// What a condition means.
pub(super) fn parse(text: &str) -> Result<RowTest, Problem> {
    if text.len() > MOST_BYTES {
        let message = format!("a condition may have {MOST_BYTES} bytes, got {}", text.len());
        return Err(problem(message, EXAMPLE));
    }
    let mut parser = ConditionParser { words: words(text)?, next: 0, depth: 0 };
    let test = parser.any_of()?;
    match parser.peek() {
        Word::End => Ok(test),
        _ => Err(parser.unexpected("expected `and`, `or` or the end")),
    }
}

/// What stands on a side of a comparison.
enum Side {
    Column(String),
    Value(CellLiteral),
}

struct ConditionParser {
    /// Each with the text that it is, and the character where it begins, from 1.
    words: Vec<(Word, String, usize)>,
    next: usize,
    depth: usize,
}

impl ConditionParser {
    fn peek(&self) -> &Word {
        self.words.get(self.next).map_or(&Word::End, |(word, ..)| word)
    }

    fn take(&mut self) -> Word {
        let word = self.peek().clone();
        self.next += 1;
        word
    }

    /// Takes a word of ours, in any case.
    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Word::Name(name) if name.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn takes_sign(&mut self, sign: char) -> bool {
        let found = *self.peek() == Word::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn any_of(&mut self) -> Result<RowTest, Problem> {
        let mut tests = vec![self.all_of()?];
        while self.takes("or") {
            tests.push(self.all_of()?);
        }
        Ok(one_or(tests, RowTest::Or))
    }

    fn all_of(&mut self) -> Result<RowTest, Problem> {
        let mut tests = vec![self.one()?];
        while self.takes("and") {
            tests.push(self.one()?);
        }
        Ok(one_or(tests, RowTest::And))
    }

    fn one(&mut self) -> Result<RowTest, Problem> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(problem("conditions are nested too deeply".to_string(), EXAMPLE));
        }
        let test = if self.takes("not") {
            RowTest::Not(Box::new(self.one()?))
        } else if self.takes_sign('(') {
            let test = self.any_of()?;
            if !self.takes_sign(')') {
                return Err(self.unexpected("expected `)`"));
            }
            test
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(test)
    }

    /// `age > 30`, `0 < age <= 30`, `area in ['a', 'b']`, `age is missing`.
    fn comparison(&mut self) -> Result<RowTest, Problem> {
        let at = self.next;
        let mut left = self.side()?;
        if let Side::Column(column) = &left {
            if self.takes("is") {
                let is_not = self.takes("not");
                if !self.takes("missing") && !self.takes("null") {
                    return Err(self.unexpected("expected `is missing` or `is not missing`"));
                }
                return Ok(negated(is_not, RowTest::IsMissing(column.clone())));
            }
            let is_not = self.takes("not");
            if self.takes("in") {
                return Ok(negated(is_not, RowTest::In(column.clone(), self.list()?)));
            }
            if is_not {
                return Err(self.unexpected("expected `in`"));
            }
        }
        let mut tests = Vec::new();
        while let Word::Compare(comparison) = self.peek() {
            let comparison = *comparison;
            self.next += 1;
            let right = self.side()?;
            tests.push(self.compared(&left, comparison, &right, at)?);
            left = right;
        }
        if tests.is_empty() {
            return Err(self.unexpected("expected a comparison such as `> 0`"));
        }
        Ok(one_or(tests, RowTest::And))
    }

    fn compared(
        &self,
        left: &Side,
        comparison: CellComparison,
        right: &Side,
        at: usize,
    ) -> Result<RowTest, Problem> {
        let (column, comparison, value) = match (left, right) {
            (Side::Column(left), Side::Column(right)) => {
                return Ok(RowTest::CompareColumns(left.clone(), comparison, right.clone()));
            }
            (Side::Column(column), Side::Value(value)) => (column, comparison, value),
            (Side::Value(value), Side::Column(column)) => (column, comparison.turned(), value),
            (Side::Value(_), Side::Value(_)) => {
                let place = self.words.get(at).map_or(1, |(_, _, place)| *place);
                let message = format!("no column is compared at character {place}");
                let help = "the name of a column stands without quotes, `area == 'rural'`; one that \
                            isn't a plain word in backticks: `` `0` > 5 ``";
                return Err(problem(message, help));
            }
        };
        match value {
            CellLiteral::Text(text) if comparison.is_of_order() && moment(text).is_none() => {
                let sign = comparison.sign();
                let message = format!("`{sign}` compares numbers and dates, got the text '{text}'");
                let help = "write a number without quotes, and a date as '2026-01-31'";
                Err(problem(message, help))
            }
            CellLiteral::Boolean(_) if comparison.is_of_order() => {
                let message = format!("`{}` can't be asked of true and false", comparison.sign());
                Err(problem(message, "write `==`"))
            }
            value => Ok(RowTest::Compare(column.clone(), comparison, value.clone())),
        }
    }

    fn side(&mut self) -> Result<Side, Problem> {
        let word = self.peek().clone();
        let side = match word {
            Word::Quoted(name) => Side::Column(name),
            Word::Number(number) => Side::Value(CellLiteral::Number(number)),
            Word::Text(text) => Side::Value(CellLiteral::Text(text)),
            Word::Name(name) => match name.to_ascii_lowercase().as_str() {
                "true" => Side::Value(CellLiteral::Boolean(true)),
                "false" => Side::Value(CellLiteral::Boolean(false)),
                "and" | "or" | "not" | "in" | "is" => {
                    return Err(self.unexpected("expected a column or a value"));
                }
                "null" | "none" | "nan" | "missing" => {
                    let message = format!("no cell equals `{name}`");
                    let help = "write `… is missing` or `… is not missing`; a column of that name \
                                stands in backticks";
                    return Err(problem(message, help));
                }
                _ => Side::Column(name),
            },
            _ => return Err(self.unexpected("expected a column or a value")),
        };
        self.next += 1;
        Ok(side)
    }

    /// `['a', 'b']`, or `('a', 'b')`.
    fn list(&mut self) -> Result<Vec<CellLiteral>, Problem> {
        let close = match self.take() {
            Word::Sign('[') => ']',
            Word::Sign('(') => ')',
            _ => {
                self.next -= 1;
                return Err(self.unexpected("expected a list such as `['DE', 'FR']`"));
            }
        };
        let mut values = Vec::new();
        loop {
            match self.side()? {
                Side::Value(value) => values.push(value),
                Side::Column(name) => {
                    let message = format!("a list holds values, got `{name}`");
                    return Err(problem(message, &format!("a text is in quotes: `'{name}'`")));
                }
            }
            if self.takes_sign(close) {
                return Ok(values);
            }
            if !self.takes_sign(',') {
                return Err(self.unexpected(&format!("expected `,` or `{close}`")));
            }
        }
    }

    /// The problem of what comes next.
    fn unexpected(&self, expected: &str) -> Problem {
        let found = match self.words.get(self.next) {
            Some((_, text, place)) => format!("found `{text}` at character {place}"),
            None => "found its end".to_string(),
        };
        let help = match self.peek() {
            Word::Sign('+' | '-' | '*' | '/' | '%') => {
                "a condition compares columns and values, and computes nothing"
            }
            _ => EXAMPLE,
        };
        problem(format!("{expected}, {found}"), help)
    }
}

fn one_or(mut tests: Vec<RowTest>, all: fn(Vec<RowTest>) -> RowTest) -> RowTest {
    if tests.len() == 1 { tests.remove(0) } else { all(tests) }
}

fn negated(is_not: bool, test: RowTest) -> RowTest {
    if is_not { RowTest::Not(Box::new(test)) } else { test }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(column: &str, comparison: CellComparison, value: f64) -> RowTest {
        RowTest::Compare(column.to_string(), comparison, CellLiteral::Number(value))
    }

    #[test]
    fn conditions_are_read_as_python_reads_them() {
        let text = |text: &str| CellLiteral::Text(text.to_string());
        for (written, meant) in [
            ("a > 0", is("a", CellComparison::Greater, 0.0)),
            ("-1.5e3<=a", is("a", CellComparison::GreaterOrEqual, -1500.0)),
            (
                "0 < a <= 9",
                RowTest::And(vec![
                    is("a", CellComparison::Greater, 0.0),
                    is("a", CellComparison::LessOrEqual, 9.0),
                ]),
            ),
            (
                "a == 1 or b == 2 AND NOT c == 3",
                RowTest::Or(vec![
                    is("a", CellComparison::Equal, 1.0),
                    RowTest::And(vec![
                        is("b", CellComparison::Equal, 2.0),
                        RowTest::Not(Box::new(is("c", CellComparison::Equal, 3.0))),
                    ]),
                ]),
            ),
            (
                "`fixed acidity` not in ['it''s', \"b\"]",
                RowTest::Not(Box::new(RowTest::In(
                    "fixed acidity".to_string(),
                    vec![text("it's"), text("b")],
                ))),
            ),
            (
                "(user.age is not missing)",
                RowTest::Not(Box::new(RowTest::IsMissing("user.age".to_string()))),
            ),
            (
                "day >= '2026-01-31'",
                RowTest::Compare(
                    "day".to_string(),
                    CellComparison::GreaterOrEqual,
                    text("2026-01-31"),
                ),
            ),
            (
                "größe < länge",
                RowTest::CompareColumns(
                    "größe".to_string(),
                    CellComparison::Less,
                    "länge".to_string(),
                ),
            ),
        ] {
            assert_eq!(parse(written), Ok(meant), "{written}");
        }
    }
}
