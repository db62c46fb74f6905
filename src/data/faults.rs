//! Faults: the cells that can't be used, told at once: where, what, how many and what to do.

use super::cells::{Why, shortened};
use super::chosen_rows::ChosenRows;
use super::layout::{Layout, Wanted};
use super::looks::{Look, look};
use super::ragged;
use super::records::Record;
use super::row_places::RowPlaces;
use crate::diagnostics::{Code, Diagnostic};
use crate::error::Error;

/// How many cells are told by their place.
const TOLD: usize = 20;

const FILL: &str = "fill it, or remove the row";

/// The faults of a table, as they are met.
pub(super) struct Faults<'a> {
    places: &'a dyn RowPlaces,
    layout: &'a Layout<'a>,
    /// By column and kind, in the order in which they are met.
    groups: Vec<Group>,
    rows: usize,
    /// The place of the row at hand.
    start: usize,
    /// Added to each place.
    base: usize,
    /// Whether rows with faults are left out, and the others read.
    skips: bool,
    /// The rows that are used, where not all are; what is wrong with others is not asked.
    chosen: Option<&'a ChosenRows>,
    is_chosen: bool,
    /// The first and the last row with a fault, and how many have one.
    first_row: usize,
    last_row: usize,
    bad_rows: usize,
}

/// Cells of one column that are wrong in one way.
struct Group {
    cause: Cause,
    count: usize,
    /// The first of them: the byte of the row, and the cell.
    told: Vec<(usize, String)>,
    /// How many look like what, each with one of them.
    looks: Vec<(Look, usize, String)>,
    /// What to do about rows of another length.
    help: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A cell of the how-manieth wanted column.
    Cell(usize, Why),
    /// A row of another length than the header.
    Ragged,
}

impl<'a> Faults<'a> {
    /// None yet.
    pub(super) fn new(places: &'a dyn RowPlaces, layout: &'a Layout<'a>) -> Self {
        let (groups, rows, start, base, skips) = (Vec::new(), 0, 0, 0, false);
        let (first_row, last_row, bad_rows) = (0, 0, 0);
        let (chosen, is_chosen) = (None, true);
        Faults {
            places,
            layout,
            groups,
            rows,
            start,
            base,
            skips,
            chosen,
            is_chosen,
            first_row,
            last_row,
            bad_rows,
        }
    }

    /// The same where rows with faults are left out, and the others read.
    pub(super) fn skipping(self) -> Self {
        Faults { skips: true, ..self }
    }

    /// The same of these rows alone.
    pub(super) fn of_chosen(self, chosen: Option<&'a ChosenRows>) -> Self {
        Faults { chosen, ..self }
    }

    /// Places from here on are counted from this one.
    pub(super) fn of_file(&mut self, base: usize) {
        self.base = base;
    }

    /// So many rows that are right.
    pub(super) fn rows(&mut self, count: usize) {
        self.rows += count;
    }

    /// The next row, at its place.
    pub(super) fn row(&mut self, place: usize) {
        self.rows += 1;
        self.start = self.base + place;
        self.is_chosen = self.chosen.is_none_or(|chosen| chosen.has(self.start));
    }

    /// Whether rows can still be used.
    pub(super) fn may_go_on(&self) -> bool {
        self.skips || self.bad_rows == 0
    }

    /// How many rows have a fault.
    pub(super) fn bad_rows(&self) -> usize {
        self.bad_rows
    }

    /// A cell of that row that can't be used.
    pub(super) fn cell(&mut self, step: usize, why: Why, cell: &str) {
        if !self.is_chosen {
            return;
        }
        let group = self.group(Cause::Cell(step, why), cell);
        if why != Why::Text {
            return;
        }
        let look = look(cell);
        match group.looks.iter_mut().find(|(other, ..)| *other == look) {
            Some((_, count, _)) => *count += 1,
            None => group.looks.push((look, 1, shortened(cell))),
        }
    }

    /// That row has another length; `after_cr` where a CR stands before the text.
    pub(super) fn ragged(&mut self, record: &Record<'_>, text: &str, after_cr: bool) {
        if !self.is_chosen {
            return;
        }
        let header = self.layout.header;
        let group = self.group(Cause::Ragged, &cells(record.len()));
        if group.count == 1 {
            group.help = ragged::remedy(record, text, header, after_cr);
        }
    }

    fn group(&mut self, cause: Cause, cell: &str) -> &mut Group {
        if self.bad_rows == 0 {
            self.first_row = self.rows;
        }
        self.bad_rows += usize::from(self.last_row != self.rows);
        self.last_row = self.rows;
        let place = self.groups.iter().position(|group| group.cause == cause);
        let place = place.unwrap_or(self.groups.len());
        if place == self.groups.len() {
            let (told, looks) = (Vec::new(), Vec::new());
            self.groups.push(Group { cause, count: 0, told, looks, help: String::new() });
        }
        let group = &mut self.groups[place];
        group.count += 1;
        if group.told.len() < TOLD {
            group.told.push((self.start, shortened(cell)));
        }
        group
    }

    /// The error, where something is wrong: one for each column and kind, at its first cell.
    pub(super) fn error(&self) -> Option<Error> {
        let mut left = TOLD;
        let mut errors: Vec<Diagnostic> =
            self.groups.iter().filter_map(|group| self.diagnostic(group, &mut left)).collect();
        if let Some(help) = self.of_one_row() {
            errors.truncate(1);
            errors.iter_mut().for_each(|error| error.help.clone_from(&help));
        }
        Error::all(errors)
    }

    /// What is wrong with the cells of a group, of which `left` more are told by their place.
    fn diagnostic(&self, group: &Group, left: &mut usize) -> Option<Diagnostic> {
        let (start, cell) = group.told.first()?;
        let place = self.places.at(*start);
        let mut error = match group.cause {
            Cause::Cell(step, why) => {
                let column = self.layout.steps[step];
                Diagnostic::error(Code::Cell, wrong(column, cell, why))
                    .at(place.in_column(&column.name))
            }
            Cause::Ragged => {
                let wanted = cells(self.layout.columns);
                let what =
                    if self.layout.header.is_first_line { "in the header" } else { "in `header`" };
                let found = if cell == "1 cell" { cell } else { cell.trim_end_matches(" cells") };
                let message = format!("expected {wanted}, as {what}, found {found}");
                Diagnostic::error(Code::Row, message).at(place)
            }
        };
        if group.count > 1 {
            error.message += &self.list(group, left);
        } else {
            *left = left.saturating_sub(1);
        }
        Some(error.with_help(self.remedy(group)))
    }

    /// How many cells of a group there are, and where the first of them are.
    fn list(&self, group: &Group, left: &mut usize) -> String {
        let unit = self.places.unit();
        let told: Vec<String> = group
            .told
            .iter()
            .take(*left)
            .map(|(start, cell)| match group.cause {
                Cause::Cell(_, Why::Empty) => format!("{unit} {}", self.places.line(*start)),
                Cause::Cell(..) => format!("{unit} {} `{cell}`", self.places.line(*start)),
                Cause::Ragged => format!("{unit} {} has {cell}", self.places.line(*start)),
            })
            .collect();
        *left -= told.len();
        let n = group.count;
        let what = match group.cause {
            Cause::Cell(step, why) => {
                let what = match why {
                    Why::Empty => "empty",
                    Why::Missing => "missing",
                    Why::Text => "not numbers",
                    Why::NotFinite => "not finite",
                    Why::TooLarge => "too large for 32 bits",
                };
                format!("{n} cells of `{}` are {what}", self.layout.steps[step].name)
            }
            Cause::Ragged => format!("{n} rows have another length"),
        };
        match n - told.len() {
            _ if told.is_empty() => format!("\n  {what}"),
            0 => format!("\n  {what}: {}", told.join(", ")),
            more => format!("\n  {what}: {} and {more} more", told.join(", ")),
        }
    }

    /// Where all faults are in the first row or the last, or a row repeats the header.
    fn of_one_row(&self) -> Option<String> {
        let texts = self.groups.iter().filter_map(|group| match group.cause {
            Cause::Cell(step, Why::Text) => Some((self.layout.steps[step], group)),
            _ => None,
        });
        let is_name = |(step, group): (&Wanted, &Group)| {
            group.told.iter().all(|(_, cell)| *cell == step.name)
        };
        if texts.clone().next().is_some() && texts.clone().all(is_name) {
            return Some("the line repeats the header: remove it".to_string());
        }
        if self.bad_rows != 1 || self.rows < 3 {
            return None;
        }
        let is_plain = |(_, group): (&Wanted, &Group)| {
            group.looks.iter().all(|(look, ..)| matches!(look, Look::Text))
        };
        let are_plain = texts.clone().next().is_some() && texts.clone().all(is_plain);
        if self.first_row == 1 && are_plain && self.layout.header.is_first_line {
            return Some(
                "all other rows are right: is this a second line of headings? remove it"
                    .to_string(),
            );
        }
        let words = ["sum", "total", "totals", "summe", "average", "mean", "count", "gesamt"];
        let is_total = texts.clone().any(|(_, group)| {
            group
                .told
                .iter()
                .any(|(_, cell)| words.iter().any(|word| cell.to_lowercase().starts_with(word)))
        });
        if self.first_row == self.rows && (is_total || self.groups.len() > 1) {
            return Some(
                "all other rows are right: is the last one a total? remove it".to_string(),
            );
        }
        None
    }

    fn remedy(&self, group: &Group) -> String {
        let (step, why) = match group.cause {
            Cause::Ragged => return group.help.clone(),
            Cause::Cell(step, why) => (self.layout.steps[step], why),
        };
        if why != Why::Text {
            return remedy(step, why);
        }
        let mut looks = group.looks.clone();
        let decimal = looks.iter().any(|(look, ..)| *look == Look::DecimalComma)
            || self.layout.header.dialect.delimiter != b',';
        for (look, ..) in &mut looks {
            if *look == Look::CommaAndThreeDigits {
                *look = if decimal { Look::DecimalComma } else { Look::Thousands };
            }
        }
        let most = looks.iter().rev().max_by_key(|(_, count, _)| *count);
        let Some((look, _, cell)) = most else { return step.advice.clone() };
        if let Some(help) = look.remedy(cell, &step.booleans) {
            return help;
        }
        let numbers = self.rows - group.count.min(self.rows);
        if numbers > group.count {
            let (name, rows) = (&step.name, self.rows);
            return format!(
                "{numbers} of the {rows} cells of `{name}` are numbers: correct the others, or remove their rows"
            );
        }
        step.advice.clone()
    }
}

/// What is wrong with one cell.
fn wrong(column: &Wanted, cell: &str, why: Why) -> String {
    let name = &column.name;
    match why {
        Why::Empty => format!("column `{name}`: the cell is empty"),
        Why::Missing => format!("column `{name}`: the value is missing, the cell is `{cell}`"),
        Why::Text => format!("column `{name}`: expected a number, found `{cell}`"),
        Why::NotFinite => format!("column `{name}`: expected a finite number, found `{cell}`"),
        Why::TooLarge => {
            format!("column `{name}`: expected a number that fits in 32 bits, found `{cell}`")
        }
    }
}

fn remedy(column: &Wanted, why: Why) -> String {
    let mut help = match why {
        Why::TooLarge => {
            return "numbers may be up to 3.4e38, and larger where the column is scaled"
                .to_string();
        }
        Why::Empty | Why::Missing if !column.filling.is_empty() => {
            format!("{FILL}; {}", column.filling)
        }
        _ => FILL.to_string(),
    };
    if why == Why::Missing {
        let key =
            if column.missing.is_nothing() { "data.missing_values" } else { "missing_values" };
        help += &format!("; if it is a value like others, take it out of `{key}`");
    }
    help
}

/// The error for one cell of a row that stands alone.
pub(super) fn of_cell(column: &Wanted, cell: &str, why: Why) -> Error {
    let shown = shortened(cell);
    let help = match why {
        Why::Text => look(cell).remedy(&shown, &column.booleans).unwrap_or(column.advice.clone()),
        why => remedy(column, why),
    };
    Error::data("", wrong(column, &shown, why)).with_code(Code::Cell).with_help(help)
}

fn cells(n: usize) -> String {
    if n == 1 { "1 cell".to_string() } else { format!("{n} cells") }
}
