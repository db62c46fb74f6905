//! How the numbers of a table are written, told from its cells: `1.234,5`, `$1,000`, `5 %`.

use super::dialect::Dialect;
use crate::sections::CsvConfig;

/// Marks that may stand beside a number.
const MARKS: [&str; 10] = ["$", "€", "£", "¥", "₹", "₽", "₩", "¢", "%", "‰"];
/// The decimal mark, and what stands between thousands, the usual first.
const WAYS: [(Option<char>, Option<char>); 6] = [
    (None, None),
    (None, Some(',')),
    (Some(','), None),
    (Some(','), Some('.')),
    (None, Some('\'')),
    (None, Some(' ')),
];

/// Adds to a format how numbers are written, where that makes more of the columns numbers and none
/// of them fewer; each column is some of its cells, without missing ones.
pub(super) fn with_numbers(format: &CsvConfig, columns: &[Vec<String>]) -> CsvConfig {
    let marks = MARKS.iter().filter(|mark| {
        let is_marked = |cell: &String| cell.starts_with(**mark) || cell.ends_with(**mark);
        columns
            .iter()
            .flatten()
            .any(|cell| is_marked(cell) && cell.chars().any(|c| c.is_ascii_digit()))
    });
    let strip: Vec<String> = marks.map(ToString::to_string).collect();
    let way = |(decimal, thousands): (Option<char>, Option<char>)| CsvConfig {
        decimal,
        thousands,
        strip: strip.clone(),
        ..format.clone()
    };
    let before = numeric(format, columns);
    let mut best = (format.clone(), before.clone());
    for format in WAYS.map(way) {
        let now = numeric(&format, columns);
        let loses_one = before.iter().zip(&now).any(|(before, now)| *before && !now);
        let gain = |columns: &[bool]| columns.iter().filter(|is_numeric| **is_numeric).count();
        if !loses_one && gain(&now) > gain(&best.1) {
            best = (format, now);
        }
    }
    best.0
}

/// Which columns are numbers throughout in a format.
fn numeric(format: &CsvConfig, columns: &[Vec<String>]) -> Vec<bool> {
    let numerals = Dialect::of(format).numerals;
    let is_numeric = |cells: &Vec<String>| {
        !cells.is_empty() && cells.iter().all(|cell| numerals.number(cell).is_some())
    };
    columns.iter().map(is_numeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(columns: &[&[&str]]) -> (Option<char>, Option<char>, Vec<String>) {
        let columns = columns.iter().map(|cells| cells.iter().map(ToString::to_string).collect());
        let columns: Vec<Vec<String>> = columns.collect();
        let CsvConfig { decimal, thousands, strip, .. } =
            with_numbers(&CsvConfig::default(), &columns);
        (decimal, thousands, strip)
    }

    #[test]
    fn numbers_are_told_from_their_cells() {
        assert_eq!(told(&[&["1.5", "2"], &["a", "b"]]), (None, None, vec![]));
        assert_eq!(told(&[&["5553,63", "3,1"], &["a", "b"]]), (Some(','), None, vec![]));
        assert_eq!(told(&[&["1.234,5", "20,25"]]), (Some(','), Some('.'), vec![]));
        let money = (None, Some(','), vec!["$".to_string(), "%".to_string()]);
        assert_eq!(told(&[&["$1,234.50", "$20.00"], &["5%", "10%"]]), money);
        // one column with points and one with commas: neither is changed
        assert_eq!(told(&[&["1.5", "2.5"], &["1,5", "2,5"]]), (None, None, vec![]));
        assert_eq!(told(&[&["100%", "some"]]), (None, None, vec![]));
    }
}
