//! The rows that `data.rows` chooses, found before any other cell is looked at: what is wrong with a
//! row that is left out is not asked.

use super::cells::{Missing, limit};
use super::chosen_rows::ChosenRows;
use super::chunk::{Chunk, MISSING_CODE};
use super::dictionary::Dictionary;
use super::layout::{Slot, Wanted};
use super::rules::written_name;
use super::source::Source;
use super::table::{Table, no_rows};
use crate::config::ConfigError;
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Problem, Result};
use crate::sections::{
    CellComparison, CellKind, CellLiteral, DataConfig, MissingValues, RowCondition, RowTest,
};
use crate::splits::moment;
use crate::transforms::classes::boolean;

/// What a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Used,
    /// The condition doesn't hold.
    LeftOut,
    /// It can't be told whether it holds, for a cell is missing.
    Unknown,
}

const CONDITION: &str = "data.rows.where";

/// The rows of the table to train on; None where all are used.
pub(super) fn to_train_on(section: &DataConfig, source: &dyn Source) -> Result<Option<ChosenRows>> {
    let Some(rows) = &section.rows else { return Ok(None) };
    let wrong = |key: &str, message: &str, help: &str| {
        let error = ConfigError::at(key, message).with_code(Code::InvalidValue);
        Err(error.with_help(help).into())
    };
    match (&rows.condition, rows.limit) {
        (None, None) => wrong(
            "data.rows",
            "`rows` says nothing of which rows to use",
            "give it `where`, such as `where: \"amount > 0\"`, or `limit`; or remove it",
        ),
        (_, Some(0)) => wrong(
            "data.rows.limit",
            "`limit` must be at least 1, got 0",
            "leave it out to use all rows",
        ),
        (condition, limit) => {
            let missing = Missing::new(&section.missing_values);
            let found = find(condition.as_ref(), limit, &missing, source);
            let error = |problem: Problem| {
                let error = ConfigError::at(CONDITION, problem.message);
                error.with_code(problem.code).with_help(problem.help).into()
            };
            found.map_err(|wrong| wrong.told(error)).map(Some)
        }
    }
}

/// The rows that meet the condition that a model was trained with.
pub(super) fn that_meet(
    condition: &RowCondition,
    missing_values: &MissingValues,
    source: &dyn Source,
) -> Result<ChosenRows> {
    let found = find(Some(condition), None, &Missing::new(missing_values), source);
    let error = |problem: Problem| {
        let message = format!("{} (`{CONDITION}` of the model's training)", problem.message);
        let error = Error::data(source.places().at_header(), message).with_code(problem.code);
        error.with_help(problem.help)
    };
    found.map_err(|wrong| wrong.told(error))
}

fn find(
    condition: Option<&RowCondition>,
    limit: Option<usize>,
    missing: &Missing,
    source: &dyn Source,
) -> Result<ChosenRows, Wrong> {
    let columns = condition.map(RowCondition::columns).transpose()?.unwrap_or_default();
    let mut wanted = Vec::with_capacity(columns.len());
    for (name, kind) in &columns {
        wanted.push(wanted_as(name, *kind, source)?);
    }
    let mut used = 0;
    let (mut places, mut rows, mut last) = (Vec::new(), Vec::new(), None);
    let (mut met, mut unknown) = (0, 0);
    let most = limit.unwrap_or(usize::MAX);
    Table::read_parts(source, &wanted, missing, &mut |table| {
        let test = match condition {
            Some(condition) => {
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                Some(BoundTest::new(&condition.test, &names, table, source)?)
            }
            None => None,
        };
        for chunk in &table.chunks {
            for row in 0..chunk.rows {
                match choice(test.as_ref(), chunk, row) {
                    Choice::Used => used += 1,
                    choice => {
                        unknown += usize::from(choice == Choice::Unknown);
                        places.push(chunk.place_of(row));
                        rows.push(met);
                    }
                }
                met += 1;
                if used == most {
                    last = Some(chunk.place_of(row));
                    return Ok(false);
                }
            }
        }
        Ok(true)
    })?;
    if met == 0 {
        return Err(Wrong::Table(no_rows(source.name())));
    }
    if used == 0 {
        let message = format!("no row is left: the condition holds in none of {met} rows");
        let problem = Problem::at("", message).code(Code::Data);
        return Err(problem.help(unknown_help(unknown)).into());
    }
    let told = told(used, rows.len(), unknown, met, last.is_some());
    let told = told.map(|told| Diagnostic::warning(Code::Data, told).at(source.name()));
    Ok(ChosenRows { places, rows, last, told })
}

fn unknown_help(unknown: usize) -> String {
    if unknown == 0 {
        return "look at the condition, and at the table".to_string();
    }
    format!("in {unknown} of them a cell that it asks for is missing: `… is missing` asks for that")
}

/// What is to be told of the rows that are left out, where there are some.
fn told(used: usize, out: usize, unknown: usize, met: usize, is_cut: bool) -> Option<String> {
    let of_unknown = match unknown {
        0 => String::new(),
        unknown => format!(" ({unknown} of them since a cell that it asks for is missing)"),
    };
    let first = if is_cut { "the first " } else { "" };
    let by_where = format!("of {first}{met} rows, `rows.where` leaves {out} out{of_unknown}");
    let by_limit = "any rows after them are not read (`rows.limit`)";
    let plural = if used == 1 { "row is" } else { "rows are" };
    match (out > 0, is_cut) {
        (false, false) => None,
        (true, false) => Some(format!("{used} {plural} used: {by_where}")),
        (false, true) => Some(format!("the first {used} {plural} used: {by_limit}")),
        (true, true) => Some(format!("{used} {plural} used: {by_where}; {by_limit}")),
    }
}

/// What is wrong: the condition, or the table.
enum Wrong {
    Condition(Problem),
    Table(Error),
}

impl Wrong {
    fn told(self, of_condition: impl Fn(Problem) -> Error) -> Error {
        match self {
            Wrong::Condition(problem) => of_condition(problem),
            Wrong::Table(error) => error,
        }
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Wrong {
        Wrong::Condition(problem)
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Wrong {
        Wrong::Table(error)
    }
}

/// How a column of a condition is read.
fn wanted_as(name: &str, kind: Option<CellKind>, source: &dyn Source) -> Result<Wanted, Problem> {
    let index = source.header().place(name)?.ok_or_else(|| {
        let message = format!("column `{name}` is not in {}", source.name());
        let help = format!("{}; a text is in quotes: `'{name}'`", source.missing_help(name));
        Problem::at("", message).code(Code::Column).help(help)
    })?;
    let written = written_name(name);
    let advice =
        format!("to compare `{written}` as text, write the value in quotes in `{CONDITION}`");
    Ok(Wanted {
        name: name.to_string(),
        index,
        text: kind != Some(CellKind::Number),
        advice,
        filling: String::new(),
        booleans: format!("compare it with true or false: `{written} == true`"),
        limit: limit(true),
        takes_missing: true,
        missing: Missing::default(),
        separator: None,
    })
}

fn choice(test: Option<&BoundTest>, chunk: &Chunk, row: usize) -> Choice {
    match test.map_or(Some(true), |test| test.holds(chunk, row)) {
        Some(true) => Choice::Used,
        Some(false) => Choice::LeftOut,
        None => Choice::Unknown,
    }
}

/// A condition over the columns of a table that was read.
enum BoundTest {
    And(Vec<BoundTest>),
    Or(Vec<BoundTest>),
    Not(Box<BoundTest>),
    /// A column of numbers, by its place, and what is asked of them.
    Number(usize, CellComparison, f64),
    Numbers(usize, CellComparison, usize),
    OneOf(usize, Vec<f64>),
    /// A column of texts, and for which of them it holds.
    Text(usize, Vec<bool>),
    IsMissing(Slot),
}

impl BoundTest {
    fn new(
        test: &RowTest,
        names: &[&str],
        table: &Table,
        source: &dyn Source,
    ) -> Result<BoundTest> {
        let each = |tests: &[RowTest]| -> Result<Vec<BoundTest>> {
            tests.iter().map(|test| BoundTest::new(test, names, table, source)).collect()
        };
        let slot = |column: &str| -> Result<Slot> {
            let place = names.iter().position(|name| *name == column);
            let slot = place.and_then(|place| table.slots.get(place).copied());
            slot.ok_or_else(|| Error::Internal(format!("column `{column}` was not read")))
        };
        let number = |column: &str| match slot(column)? {
            Slot::Number(place) => Ok(place),
            Slot::Text(_) => Err(Error::Internal(format!("column `{column}` was read as text"))),
        };
        Ok(match test {
            RowTest::And(tests) => BoundTest::And(each(tests)?),
            RowTest::Or(tests) => BoundTest::Or(each(tests)?),
            RowTest::Not(test) => {
                BoundTest::Not(Box::new(BoundTest::new(test, names, table, source)?))
            }
            RowTest::CompareColumns(left, comparison, right) => {
                BoundTest::Numbers(number(left)?, *comparison, number(right)?)
            }
            RowTest::IsMissing(column) => BoundTest::IsMissing(slot(column)?),
            RowTest::Compare(column, comparison, CellLiteral::Number(value)) => {
                BoundTest::Number(number(column)?, *comparison, *value)
            }
            RowTest::Compare(column, comparison, value) => {
                let of_column = TextColumn { column, slot: slot(column)?, table, source };
                of_column.bound(|text| meets(text, *comparison, value))?
            }
            RowTest::In(column, values) => match slot(column)? {
                Slot::Number(place) => {
                    let number = |value: &CellLiteral| match value {
                        CellLiteral::Number(number) => Some(*number),
                        _ => None,
                    };
                    BoundTest::OneOf(place, values.iter().filter_map(number).collect())
                }
                slot @ Slot::Text(_) => {
                    let of_column = TextColumn { column, slot, table, source };
                    of_column.bound(|text| {
                        values.iter().try_fold(false, |found, value| {
                            Ok(found | meets(text, CellComparison::Equal, value)?)
                        })
                    })?
                }
            },
        })
    }

    /// Whether it holds in a row; None where that can't be told, for a cell is missing.
    fn holds(&self, chunk: &Chunk, row: usize) -> Option<bool> {
        let number = |place: &usize| {
            let number = chunk.numbers[*place].at(row);
            (!number.is_nan()).then_some(number)
        };
        match self {
            BoundTest::And(tests) => {
                decided(tests.iter().map(|test| test.holds(chunk, row)), false)
            }
            BoundTest::Or(tests) => decided(tests.iter().map(|test| test.holds(chunk, row)), true),
            BoundTest::Not(test) => test.holds(chunk, row).map(|holds| !holds),
            BoundTest::Number(place, comparison, value) => {
                number(place).map(|number| comparison.holds(&number, value))
            }
            BoundTest::Numbers(left, comparison, right) => {
                Some(comparison.holds(&number(left)?, &number(right)?))
            }
            BoundTest::OneOf(place, values) => number(place).map(|number| values.contains(&number)),
            BoundTest::Text(place, holds) => {
                holds.get(chunk.codes[*place][row] as usize).copied() // no text is missing
            }
            BoundTest::IsMissing(Slot::Number(place)) => Some(number(place).is_none()),
            BoundTest::IsMissing(Slot::Text(place)) => {
                Some(chunk.codes[*place][row] == MISSING_CODE)
            }
        }
    }
}

/// What several tests come to, of which one that is `decisive` decides.
fn decided(tests: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut all = Some(!decisive);
    for holds in tests {
        match holds {
            Some(holds) if holds == decisive => return Some(decisive),
            None => all = None,
            Some(_) => {}
        }
    }
    all
}

/// What a cell should be, where it isn't.
type Expected = &'static str;

/// Whether a text meets a comparison with a text, a date or a boolean.
fn meets(text: &str, comparison: CellComparison, value: &CellLiteral) -> Result<bool, Expected> {
    match value {
        CellLiteral::Boolean(value) => {
            let found = boolean(text).ok_or("true or false")?;
            Ok(comparison.holds(&found, value))
        }
        CellLiteral::Text(value) if comparison.is_of_order() => {
            let expected = "a date such as 2026-01-31";
            let (found, value) = (moment(text).ok_or(expected)?, moment(value).ok_or(expected)?);
            Ok(comparison.holds(&found, &value))
        }
        CellLiteral::Text(value) => Ok(comparison.holds(&text, &value.trim())),
        CellLiteral::Number(_) => Err("a text"),
    }
}

/// A column that was read as text.
struct TextColumn<'a> {
    column: &'a str,
    slot: Slot,
    table: &'a Table,
    source: &'a dyn Source,
}

impl TextColumn<'_> {
    /// The test of whether its texts meet something; an error at the first cell that can't be asked.
    fn bound(&self, meets: impl Fn(&str) -> Result<bool, Expected>) -> Result<BoundTest> {
        let Slot::Text(place) = self.slot else {
            let message = format!("column `{}` was read as numbers", self.column);
            return Err(Error::Internal(message));
        };
        let texts: &Dictionary = &self.table.texts[place];
        let mut holds = Vec::with_capacity(texts.len());
        for (code, text) in texts.iter().enumerate() {
            holds.push(meets(text).map_err(|expected| self.wrong(place, code, text, expected))?);
        }
        Ok(BoundTest::Text(place, holds))
    }

    fn wrong(&self, place: usize, code: usize, text: &str, expected: &str) -> Error {
        let row = self.table.codes(place).position(|found| found as usize == code);
        let at = self.source.at(self.table.place_of(row.unwrap_or_default()));
        let column = self.column;
        let message = format!(
            "column `{column}`: `{CONDITION}` expects {expected}, found `{}`",
            super::cells::shortened(text)
        );
        let help = "correct the cell; or compare with a text in quotes by `==`, `!=` or `in`";
        Error::data(at.in_column(column), message).with_code(Code::Cell).with_help(help)
    }
}
