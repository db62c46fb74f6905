//! Looks: what a text that isn't a number looks like, and what to do about it.

use crate::transforms::MONTHS;
use crate::transforms::classes::boolean;

/// Fewer rows say little of a column.
pub(crate) const FEW_ROWS: usize = 20;
/// A class of a smaller share is rare.
pub(crate) const RARE: f64 = 0.05;

/// Whether a column's name is that of an id.
pub(crate) fn names_rows(column: &str) -> bool {
    let name = column.to_lowercase();
    matches!(name.as_str(), "id" | "index" | "unnamed: 0" | "row" | "row_id" | "uuid")
        || column.ends_with("Id")
        || column.ends_with("ID")
        || ["_id", "_no", "_nr", "_number", "_key"].iter().any(|end| name.ends_with(end))
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// `3,14`, or `1.234,5`.
    DecimalComma,
    /// `1,000`, which may be either.
    CommaAndThreeDigits,
    /// `1,000,000`, `1'000`, `1 000`.
    Thousands,
    /// `$20`, `20 €`.
    Money,
    /// `20%`.
    Percent,
    /// `2.0D+01`.
    FortranExponent,
    /// `0x3e8`, `1_000`.
    Code,
    /// `−20`, with a minus sign of Unicode.
    UnicodeMinus,
    /// `2026-01-31`, `31.1.2026 10:00`.
    Date,
    /// `10:30`.
    Time,
    /// `TRUE`, `yes`.
    Boolean,
    /// `20 kg`.
    Unit,
    /// `'20'`.
    SingleQuotes,
    /// `unknown`, `na`.
    Missing,
    /// Any other text.
    Text,
}

/// What a text that is no number looks like.
pub(super) fn look(cell: &str) -> Look {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if boolean(cell).is_some() && !is_number(cell) {
        return Look::Boolean;
    }
    if cell.starts_with(['\u{2212}', '\u{2012}', '\u{2013}', '\u{2014}'])
        && is_number(cell.trim_start_matches(|c: char| !c.is_ascii()))
    {
        return Look::UnicodeMinus;
    }
    if is_date(cell) {
        return Look::Date;
    }
    if is_time(cell) {
        return Look::Time;
    }
    let is_sign = |c: char| "$€£¥₹₽₩¢".contains(c);
    let money = cell.trim_start_matches(['+', '-', '(']).trim_end_matches(')');
    if money.starts_with(is_sign) || money.ends_with(is_sign) {
        return Look::Money;
    }
    if cell.strip_suffix('%').is_some_and(|share| is_number(&share.replace(',', "."))) {
        return Look::Percent;
    }
    let unsigned = cell.trim_start_matches(['+', '-']);
    if let Some((whole, part)) = unsigned.rsplit_once(',') {
        let whole_is_grouped = whole.split('.').all(is_digits) && !whole.is_empty();
        if is_digits(whole)
            && whole.len() <= 3
            && part.len() == 3
            && is_digits(part)
            && whole != "0"
        {
            return Look::CommaAndThreeDigits;
        }
        let exponent = part.split(['e', 'E']).next().unwrap_or(part);
        if (whole_is_grouped || whole.is_empty()) && is_digits(exponent) {
            return Look::DecimalComma;
        }
    }
    let groups = |separator: char| {
        let whole = unsigned.split('.').next().unwrap_or_default();
        let mut parts = whole.split(separator);
        let first = parts.next().is_some_and(|part| is_digits(part) && part.len() <= 3);
        let count = parts.clone().count();
        let rest = parts.all(|part| is_digits(part) && part.len() == 3);
        let plain: String = unsigned.chars().filter(|c| *c != separator).collect();
        first && rest && count > 0 && is_number(&plain)
    };
    let dots = unsigned.split('.');
    let are_groups_of_dots = dots.clone().count() > 2
        && dots.clone().all(is_digits)
        && dots.skip(1).all(|part| part.len() == 3);
    if [',', '\'', ' ', '\u{a0}', '\u{202f}', '\u{2019}'].into_iter().any(groups)
        || are_groups_of_dots
    {
        return Look::Thousands;
    }
    if cell.contains(['d', 'D']) && is_number(&cell.replace(['d', 'D'], "e")) {
        return Look::FortranExponent;
    }
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    if hexadecimal.is_some_and(|hex| u128::from_str_radix(hex, 16).is_ok())
        || (cell.contains('_') && is_number(&cell.replace('_', "")))
    {
        return Look::Code;
    }
    if cell.len() > 2
        && let Some(inner) = cell.strip_prefix('\'').and_then(|cell| cell.strip_suffix('\''))
        && is_number(inner)
    {
        return Look::SingleQuotes;
    }
    if is_missing_word(cell) {
        return Look::Missing;
    }
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(0);
    let (value, unit) = unsigned.split_at(end);
    let unit = unit.trim_start();
    let is_unit =
        unit.chars().count() <= 6 && unit.chars().all(|c| c.is_alphabetic() || "°/µ²³".contains(c));
    if is_number(value) && is_unit && !unit.is_empty() {
        return Look::Unit;
    }
    Look::Text
}

/// Words that may stand for a missing value.
pub(super) fn is_missing_word(cell: &str) -> bool {
    let words = [
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "<na>",
        "nan",
        "-nan",
        "null",
        "none",
        "nil",
        "?",
        "-",
        "--",
        ".",
        "missing",
        "unknown",
        "unk",
        "undefined",
        "inf",
        "-inf",
        "infinity",
        "nat",
        "(null)",
        "\\n",
    ];
    words.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// `2026-01-31`, `31/1/26`, `2026-01-31T10:00:00Z`, `1 Jan 2026`, …
fn is_date(cell: &str) -> bool {
    let day = cell.split(['T', ' ']).next().unwrap_or_default();
    let rest = cell.get(day.len() + 1..).unwrap_or_default();
    let zone = rest.trim_end_matches(|c: char| c == 'Z' || c.is_ascii_alphabetic() || c == ' ');
    let is_rest = rest.is_empty()
        || zone.is_empty()
        || is_time(zone)
        || zone.starts_with(|c: char| c.is_ascii_digit());
    for separator in ['-', '/', '.'] {
        let parts: Vec<&str> = day.split(separator).collect();
        if let [a, b, c] = parts.as_slice()
            && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty())
            && is_rest
        {
            let number = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
            let (x, y, z) = (number(a), number(b), number(c));
            let year_first = a.len() == 4 && (1..=12).contains(&y) && (1..=31).contains(&z);
            let year_last = matches!(c.len(), 2 | 4)
                && a.len() <= 2
                && b.len() <= 2
                && (1..=31).contains(&x)
                && (1..=31).contains(&y);
            return year_first || year_last;
        }
    }
    let lower = cell.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split([' ', '-', '/', ',', '.']).filter(|word| !word.is_empty()).collect();
    let is_month =
        |word: &&str| MONTHS.iter().any(|month| month == word || month.get(..3) == Some(word));
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    (2..=4).contains(&words.len())
        && words.iter().filter(|word| is_month(word)).count() == 1
        && words.iter().filter(|word| is_number(word)).count() >= 1
        && words.iter().all(|word| is_month(word) || word.starts_with(|c: char| c.is_ascii_digit()))
}

/// `10:30`, `10:30:59.5`.
fn is_time(cell: &str) -> bool {
    let cell = cell.split(['+', '.']).next().unwrap_or_default().trim_end_matches('Z');
    let parts: Vec<&str> = cell.split(':').collect();
    matches!(parts.len(), 2 | 3)
        && parts
            .iter()
            .all(|part| matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit()))
}

impl Look {
    /// Whether it is a number that is written in another way than numbers are read.
    pub(super) fn is_a_number(self) -> bool {
        !matches!(
            self,
            Look::Date
                | Look::Time
                | Look::Boolean
                | Look::Missing
                | Look::Text
                | Look::SingleQuotes
        )
    }

    /// What to do about such cells of a column of numbers, of which one is shown; None where they
    /// are just texts. `boolean` is what to write for booleans.
    pub(super) fn remedy(self, cell: &str, boolean: &str) -> Option<String> {
        Some(match self {
            Look::DecimalComma if cell.contains('.') => format!("these look like numbers with a decimal comma and points between thousands, as `{cell}`: set `csv: {{decimal: \",\", thousands: \".\"}}`"),
            Look::DecimalComma => format!("these look like numbers with a decimal comma, as `{cell}`: set `csv: {{decimal: \",\"}}`"),
            Look::CommaAndThreeDigits | Look::Thousands => {
                let mark = cell.chars().find(|c| !c.is_ascii_digit() && !"+-".contains(*c)).unwrap_or(',');
                format!("these look like numbers with separators of thousands, as `{cell}`: set `csv: {{thousands: \"{mark}\"}}`")
            }
            Look::Money => {
                let sign = cell.chars().find(|c| "$€£¥₹₽₩¢".contains(*c)).unwrap_or('$');
                let thousands = if cell.contains(',') { ", thousands: \",\"" } else { "" };
                format!("these look like amounts of money, as `{cell}`: set `csv: {{strip: [\"{sign}\"]{thousands}}}`")
            }
            Look::Percent => format!("these look like percentages, as `{cell}`: set `csv: {{strip: [\"%\"]}}`"),
            Look::FortranExponent => format!("the exponent is written with a D: write `{}` for `{cell}`", cell.replace(['d', 'D'], "e")),
            Look::Code => "hexadecimal numbers and digits grouped by `_` are not read: write plain decimal digits".to_string(),
            Look::UnicodeMinus => format!("the minus sign is not the ASCII one: write `-{}`", cell.trim_start_matches(|c: char| !c.is_ascii())),
            Look::Date => "these look like dates: write `date: {parts: [month, weekday]}` or `date: {since: 2020-01-01}`, with a `format` where they are not written as 2026-01-31".to_string(),
            Look::Time => "these look like times of day: write `date: {format: \"%H:%M:%S\", parts: [hour, minute]}`".to_string(),
            Look::Boolean => format!("these look like booleans: {boolean}"),
            Look::Unit => "these look like numbers with a unit: write the number alone, and the unit into the column's name".to_string(),
            Look::SingleQuotes => "the cells are in single quotes: set `csv: {quote: \"'\"}`".to_string(),
            Look::Missing => format!("this seems to stand for a missing value: fill it, or remove the row; or add `{cell}` to `data.missing_values`, and `missing: median` to the column's rule"),
            Look::Text => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_look_like_what_they_are() {
        for (look_, cells) in [
            (
                Look::DecimalComma,
                &["20,0", "-0,5", "0,500", "1.234,5", "1.234.567,89", ",5", "3,14e2"][..],
            ),
            (Look::CommaAndThreeDigits, &["1,000", "-20,500"]),
            (
                Look::Thousands,
                &["1,000,000", "1,234.5", "1'000", "1 000", "12\u{a0}000", "1.000.000"],
            ),
            (Look::Money, &["$1000", "1000 €", "-$5", "($20)", "£1,000"]),
            (Look::Percent, &["10.0%", "5 %", "0,5%"]),
            (Look::FortranExponent, &["2.0D+01", "1d3"]),
            (Look::Code, &["0x3e8", "1_000"]),
            (Look::UnicodeMinus, &["\u{2212}20.0"]),
            (
                Look::Date,
                &[
                    "2026-01-01",
                    "16/12/2006",
                    "1.2.2020",
                    "2026-01-01T10:00:00Z",
                    "2026-01-01 10:00",
                    "1 Jan 2026",
                    "Jan 1, 2026",
                    "05-Mar-21",
                    "2020/1/5",
                ],
            ),
            (Look::Time, &["17:00:00", "9:30"]),
            (Look::Boolean, &["TRUE", "False", "yes", "n"]),
            (Look::Unit, &["20kg", "3.5 °C", "12 m/s"]),
            (Look::SingleQuotes, &["'20'"]),
            (Look::Missing, &["unknown", "na", "N/A", "--", "null"]),
            (Look::Text, &["red", "u12", "a,b", "1.2.3", "10-20", "may", "sum", "maybe 3", "x:y"]),
        ] {
            for cell in cells {
                assert_eq!(look(cell), look_, "{cell}");
            }
        }
    }
}
