//! `RowTest`: what a condition asks of a row.

use crate::error::Problem;

/// What a condition asks of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RowTest {
    /// All of these.
    And(Vec<RowTest>),
    /// One of these at least.
    Or(Vec<RowTest>),
    Not(Box<RowTest>),
    /// How a column is to a value.
    Compare(String, CellComparison, CellLiteral),
    /// How two columns of numbers are to each other.
    CompareColumns(String, CellComparison, String),
    /// Whether a column is one of these values.
    In(String, Vec<CellLiteral>),
    IsMissing(String),
}

/// How one value is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellComparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value that stands in a condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CellLiteral {
    Number(f64),
    /// In quotes.
    Text(String),
    /// `true` or `false`, which a cell may spell in any way.
    Boolean(bool),
}

/// What the cells of a column are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Number,
    Text,
    Boolean,
}

impl CellComparison {
    /// As it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            CellComparison::Equal => "==",
            CellComparison::NotEqual => "!=",
            CellComparison::Less => "<",
            CellComparison::LessOrEqual => "<=",
            CellComparison::Greater => ">",
            CellComparison::GreaterOrEqual => ">=",
        }
    }

    /// The same seen from the other side.
    pub(super) fn turned(self) -> CellComparison {
        match self {
            CellComparison::Less => CellComparison::Greater,
            CellComparison::LessOrEqual => CellComparison::GreaterOrEqual,
            CellComparison::Greater => CellComparison::Less,
            CellComparison::GreaterOrEqual => CellComparison::LessOrEqual,
            same => same,
        }
    }

    /// Whether it asks which of the two is larger.
    pub(crate) fn is_of_order(self) -> bool {
        !matches!(self, CellComparison::Equal | CellComparison::NotEqual)
    }

    /// Whether it holds.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            CellComparison::Equal => left == right,
            CellComparison::NotEqual => left != right,
            CellComparison::Less => left < right,
            CellComparison::LessOrEqual => left <= right,
            CellComparison::Greater => left > right,
            CellComparison::GreaterOrEqual => left >= right,
        }
    }
}

impl CellLiteral {
    pub(crate) fn kind(&self) -> CellKind {
        match self {
            CellLiteral::Number(_) => CellKind::Number,
            CellLiteral::Text(_) => CellKind::Text,
            CellLiteral::Boolean(_) => CellKind::Boolean,
        }
    }
}

impl RowTest {
    pub(super) fn add_columns<'t>(
        &'t self,
        columns: &mut Vec<(&'t str, Option<CellKind>)>,
    ) -> Result<(), Problem> {
        match self {
            RowTest::And(tests) | RowTest::Or(tests) => {
                tests.iter().try_for_each(|test| test.add_columns(columns))
            }
            RowTest::Not(test) => test.add_columns(columns),
            RowTest::Compare(column, _, value) => add_column(columns, column, Some(value.kind())),
            RowTest::CompareColumns(left, _, right) => {
                add_column(columns, left, Some(CellKind::Number))?;
                add_column(columns, right, Some(CellKind::Number))
            }
            RowTest::In(column, values) => {
                let mut kinds = values.iter().map(|value| Some(value.kind()));
                kinds.try_for_each(|kind| add_column(columns, column, kind))
            }
            RowTest::IsMissing(column) => add_column(columns, column, None),
        }
    }
}

fn add_column<'t>(
    columns: &mut Vec<(&'t str, Option<CellKind>)>,
    name: &'t str,
    kind: Option<CellKind>,
) -> Result<(), Problem> {
    let Some((_, known)) = columns.iter_mut().find(|(column, _)| *column == name) else {
        columns.push((name, kind));
        return Ok(());
    };
    match (*known, kind) {
        (Some(one), Some(other)) if one != other => {
            let message =
                format!("`{name}` is taken for {} and for {}", one.words(), other.words());
            Err(Problem::at("", message)
                .help("a column is compared with values of one kind; two columns are numbers"))
        }
        (None, kind) => {
            *known = kind;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl CellKind {
    fn words(self) -> &'static str {
        match self {
            CellKind::Number => "a number",
            CellKind::Text => "a text",
            CellKind::Boolean => "true or false",
        }
    }
}
