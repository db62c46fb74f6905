//! Several numbers in a cell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use crate::error::Problem;

/// The numbers of a cell that holds several, a column each: `0.1 0.2 0.3`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "vector", deny_unknown_fields)]
pub struct VectorText {
    /// How many numbers a cell holds.
    pub length: usize,
    /// Text between two numbers; a blank stands for any number of blanks. Brackets around the cell
    /// are left out. Default: a blank.
    #[serde(default = "blank", skip_serializing_if = "is_blank")]
    pub separator: String,
}

/// The most numbers of a cell.
const MOST: usize = 1 << 16;

fn blank() -> String {
    " ".to_string()
}

fn is_blank(separator: &str) -> bool {
    separator == " "
}

impl Encoder for VectorText {
    type Fitted = VectorText;

    fn check(&self) -> Result<(), Problem> {
        if !(1..=MOST).contains(&self.length) {
            let message = format!("`length` must be between 1 and {MOST}, got {}", self.length);
            return Err(Problem::at("length", message));
        }
        if self.separator.is_empty() {
            let problem = Problem::at("separator", "`separator` is empty");
            return Err(problem.help("it is the text between two numbers: `\" \"`, `\";\"`"));
        }
        Ok(())
    }

    fn separator(&self) -> Option<&str> {
        Some(&self.separator)
    }

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn fit(&self, _: &Met<'_>) -> VectorText {
        self.clone()
    }
}

impl VectorText {
    fn cells<'a>(&'a self, text: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let text = inner.unwrap_or(text);
        match self.separator.trim() {
            "" => Box::new(text.split_whitespace()),
            separator => Box::new(text.split(separator).map(str::trim)),
        }
    }
}

impl Encoded for VectorText {
    fn count(&self) -> usize {
        self.length
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn separator(&self) -> Option<&str> {
        Some(&self.separator)
    }

    fn width(&self) -> usize {
        self.length
    }

    fn parts(&self) -> Vec<String> {
        (0..self.length).map(|place| place.to_string()).collect()
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
        let mut cells = self.cells(text);
        let is_right = out.iter_mut().all(|out| {
            let number = cells.next().and_then(super::classes::number);
            number.map(|number| *out = number).is_some_and(|()| out.abs() <= f64::from(f32::MAX))
        });
        is_right && cells.next().is_none()
    }

    fn refusal(&self, text: &str) -> Problem {
        let found = self.cells(text).count();
        let wrong = self.cells(text).find(|cell| super::classes::number(cell).is_none());
        let (length, separator) = (self.length, &self.separator);
        let message = match wrong {
            Some(cell) if found == length => format!("expected a number, found `{cell}`"),
            _ => format!("expected {length} numbers, found {found}"),
        };
        let help = format!(
            "a cell holds {length} numbers, with `{separator}` between them; `vector: {{length: \
             …, separator: …}}` says which"
        );
        Problem::at("", message).help(help)
    }

    fn export(&self) -> Primitive<'_> {
        let how = format!("the {} numbers of the cell", self.length);
        Primitive::Prepared { width: self.length, how }
    }
}
