//! Dialect: how the text of a table is cut into cells, and how numbers stand in them.

use super::float;
use crate::sections::CsvConfig;

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dialect {
    /// What stands between two cells. Of blanks any number is one delimiter.
    pub delimiter: u8,
    /// What cells are quoted by.
    pub quote: u8,
    /// What begins a line that is no row.
    pub comment: Option<u8>,
    /// Whether a delimiter at the end of a line is none.
    pub drops_trailing: bool,
    /// How numbers are written.
    pub numerals: Numerals,
}

/// How numbers are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Numerals {
    /// The decimal mark is a comma, not a point.
    has_decimal_comma: bool,
    /// What stands between groups of three digits.
    thousands: Option<char>,
    /// What may stand before or after a number.
    strip: Vec<String>,
}

impl Dialect {
    /// That of a configuration.
    pub(super) fn of(format: &CsvConfig) -> Dialect {
        Dialect {
            delimiter: format.delimiter(),
            quote: format.quote.and_then(|quote| u8::try_from(quote).ok()).unwrap_or(b'"'),
            comment: format.comment.and_then(|comment| u8::try_from(comment).ok()),
            drops_trailing: format.drops_trailing(),
            numerals: Numerals {
                has_decimal_comma: format.decimal == Some(','),
                thousands: format.thousands,
                strip: format.strip.clone(),
            },
        }
    }

    /// Cells between commas, as every program writes them.
    pub(super) fn is_standard(&self) -> bool {
        let Dialect { delimiter, quote, drops_trailing, .. } = self;
        *delimiter == b',' && *quote == b'"' && !drops_trailing
    }

    /// Whether several blanks are one delimiter.
    pub(super) fn is_of_blanks(&self) -> bool {
        self.delimiter == b' '
    }

    /// Whether a byte ends a cell that isn't quoted.
    pub(super) fn is_delimiter(&self, byte: u8) -> bool {
        byte == self.delimiter || (self.is_of_blanks() && byte == b'\t')
    }

    /// Whether a line begins as one of comments does.
    pub(super) fn is_comment(&self, line: &[u8]) -> bool {
        self.comment.is_some() && line.trim_ascii_start().first().copied() == self.comment
    }
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect::of(&CsvConfig::default())
    }
}

impl Numerals {
    /// Whether numbers are written as programs do.
    pub(super) fn are_plain(&self) -> bool {
        *self == Numerals::default()
    }

    /// The number in a cell.
    pub(super) fn number(&self, cell: &str) -> Option<f64> {
        if self.are_plain() { float::cell(cell) } else { float::cell(&self.plain(cell)?) }
    }

    /// The number in a cell as programs write it; None where it isn't written in this way.
    pub(super) fn plain(&self, cell: &str) -> Option<String> {
        let mut rest = cell.trim();
        let sign = match rest.strip_prefix('-') {
            Some(without) => {
                rest = without;
                "-"
            }
            None => "",
        };
        while let Some(without) = self.without_a_mark(rest) {
            rest = without;
        }
        let point = if self.has_decimal_comma { ',' } else { '.' };
        let end = rest.find([point, 'e', 'E']).unwrap_or(rest.len());
        let (whole, fraction) = rest.split_at(end);
        let mut number = sign.to_string();
        match self.thousands.filter(|mark| whole.contains(*mark)) {
            None => number += whole,
            Some(mark) => {
                let mut groups = whole.split(mark);
                let first = groups.next().unwrap_or_default();
                let digits = first.trim_start_matches(['-', '+']);
                if !(1..=3).contains(&digits.len()) || groups.clone().any(|group| group.len() != 3)
                {
                    return None;
                }
                number += first;
                groups.for_each(|group| number += group);
            }
        }
        if self.has_decimal_comma && self.thousands != Some('.') && whole.contains('.') {
            return None; // of the thousands, if they were declared
        }
        number += &fraction.replacen(point, ".", 1);
        Some(number)
    }

    /// A text without one of the marks at its beginning or end.
    fn without_a_mark<'t>(&self, text: &'t str) -> Option<&'t str> {
        let marks = self.strip.iter().filter(|mark| !mark.is_empty());
        let mut without = marks
            .filter_map(|mark| text.strip_prefix(&**mark).or_else(|| text.strip_suffix(&**mark)));
        without.next().map(str::trim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numerals(decimal: char, thousands: Option<char>, strip: &[&str]) -> Numerals {
        let strip = strip.iter().map(ToString::to_string).collect();
        Numerals { has_decimal_comma: decimal == ',', thousands, strip }
    }

    #[test]
    fn numbers_are_read_as_they_are_declared() {
        let german = numerals(',', Some('.'), &["€"]);
        for (cell, number) in [
            ("3,25", Some(3.25)),
            ("-1.234,5", Some(-1234.5)),
            ("1.234.567 €", Some(1_234_567.0)),
            ("€ -2,5e-1", Some(-0.25)),
            ("1.23", None),
            ("1,2,3", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(german.number(cell), number, "{cell}");
        }
        let english = numerals('.', Some(','), &["$", "%"]);
        for (cell, number) in [
            ("$1,000", Some(1000.0)),
            ("-$1,234.5", Some(-1234.5)),
            ("10.5%", Some(10.5)),
            ("5 %", Some(5.0)),
            ("1,00", None),
            ("1000", Some(1000.0)),
            ("1,000,00", None),
        ] {
            assert_eq!(english.number(cell), number, "{cell}");
        }
        assert_eq!(numerals(',', None, &[]).number("1.5"), None);
        assert_eq!(numerals('.', Some('\''), &[]).number("12'500.25"), Some(12500.25));
    }
}
