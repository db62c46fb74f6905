//! Dates and times of day.

use std::f64::consts::TAU;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::{DIRECTIVES, Moment, days_of_month, days_of_year};
use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use crate::error::Problem;

/// A date as numbers: its parts, or the number of days since another date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Date {
    /// How dates are written: `iso` (`2026-01-31`, `2026-01-31T18:30:00`), or a strftime pattern,
    /// such as `%d.%m.%Y`. Default: iso.
    pub format: String,
    /// Parts to make a column of each. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DatePart>,
    /// Whether to encode a periodic part as two columns, its sine and cosine, so that December is
    /// next to January. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cyclic: bool,
    /// Day, such as `2020-01-01`: adds a column with the number of days since then, the time of day
    /// being a fraction. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "part of a date", rename_all = "snake_case")]
pub enum DatePart {
    /// The year.
    Year,
    /// The quarter, from 1.
    Quarter,
    /// The month, from 1.
    Month,
    /// The day of the month, from 1.
    Day,
    /// The day of the week, from Monday, which is 0.
    Weekday,
    /// The day of the year, from 1.
    DayOfYear,
    /// The hour, from 0.
    Hour,
    /// The minute, from 0.
    Minute,
    /// The second, from 0, with its fraction.
    Second,
}

impl Default for Date {
    fn default() -> Self {
        Date { format: "iso".to_string(), parts: Vec::new(), cyclic: false, since: None }
    }
}

impl DatePart {
    fn name(self) -> &'static str {
        match self {
            DatePart::Year => "year",
            DatePart::Quarter => "quarter",
            DatePart::Month => "month",
            DatePart::Day => "day",
            DatePart::Weekday => "weekday",
            DatePart::DayOfYear => "day_of_year",
            DatePart::Hour => "hour",
            DatePart::Minute => "minute",
            DatePart::Second => "second",
        }
    }

    /// The part, its first value, and after how many it comes again.
    fn of(self, moment: &Moment) -> (f64, f64, Option<f64>) {
        let whole =
            |value: i64, first: i64, count: i64| (value as f64, first as f64, Some(count as f64));
        let Moment { year, month, day, hour, minute, second, .. } = *moment;
        match self {
            DatePart::Year => (year as f64, 0.0, None),
            DatePart::Quarter => whole((month + 2) / 3, 1, 4),
            DatePart::Month => whole(month, 1, 12),
            DatePart::Day => whole(day, 1, days_of_month(year, month)),
            DatePart::Weekday => whole(moment.weekday(), 0, 7),
            DatePart::DayOfYear => whole(moment.day_of_year(), 1, days_of_year(year)),
            DatePart::Hour => whole(hour, 0, 24),
            DatePart::Minute => whole(minute, 0, 60),
            DatePart::Second => (second, 0.0, Some(60.0)),
        }
    }
}

impl Encoder for Date {
    type Fitted = Date;

    fn check(&self) -> Result<(), Problem> {
        if self.parts.is_empty() && self.since.is_none() {
            let help = "write `date: {parts: [year, month, weekday]}` for columns of these, or \
                        `date: {since: 2020-01-01}` for the days since then";
            return Err(Problem::at("", "`parts` or `since` is missing").help(help));
        }
        if let Some(since) = &self.since
            && Moment::iso(since).is_none()
        {
            let message = format!("`since` must be a date such as 2020-01-31, got `{since}`");
            return Err(Problem::at("since", message));
        }
        for (place, part) in self.parts.iter().enumerate() {
            if self.parts[..place].contains(part) {
                let message = format!("`{}` is listed twice", part.name());
                return Err(Problem::at(&format!("parts[{place}]"), message));
            }
        }
        let mut after = self.format.split('%').skip(1);
        let is_known = |rest: &str| rest.chars().next().is_none_or(|c| DIRECTIVES.contains(c));
        if self.format != "iso" && (!self.format.contains('%') || !after.all(is_known)) {
            let message = format!(
                "`format` must be `iso` or a pattern such as `%d.%m.%Y`, got `{}`",
                self.format
            );
            let help = "%Y is the year, %m the month, %d the day, %H the hour, %M the minute and \
                        %S the second; %y, %b, %B, %a, %A, %j, %I, %p, %T, %F, %z and %% are known, too";
            return Err(Problem::at("format", message).help(help));
        }
        Ok(())
    }

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn fit(&self, _: &Met<'_>) -> Date {
        self.clone()
    }
}

impl Date {
    fn read(&self, text: &str) -> Option<Moment> {
        match self.format.as_str() {
            "iso" => Moment::iso(text),
            pattern => Moment::by_pattern(text, pattern),
        }
    }

    /// The moment from which days are counted. A damaged file may hold one that is none.
    fn origin(&self) -> Option<Moment> {
        self.since.as_deref().and_then(Moment::iso)
    }

    fn is_pair(&self, part: DatePart) -> bool {
        self.cyclic && part != DatePart::Year
    }
}

impl Encoded for Date {
    fn count(&self) -> usize {
        self.width()
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn width(&self) -> usize {
        let parts = self.parts.iter().map(|part| if self.is_pair(*part) { 2 } else { 1 });
        parts.sum::<usize>() + usize::from(self.origin().is_some())
    }

    fn parts(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width());
        for part in &self.parts {
            match (part.name(), self.is_pair(*part)) {
                (name, true) => names.extend([format!("{name}_sin"), format!("{name}_cos")]),
                (name, false) => names.push(name.to_string()),
            }
        }
        names.extend(self.origin().map(|_| "days".to_string()));
        names
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
        let Some(moment) = self.read(text) else { return false };
        let mut numbers = Vec::with_capacity(out.len());
        for part in &self.parts {
            match part.of(&moment) {
                (value, first, Some(count)) if self.cyclic => {
                    let angle = TAU * (value - first) / count;
                    numbers.extend([angle.sin(), angle.cos()]);
                }
                (value, ..) => numbers.push(value),
            }
        }
        numbers.extend(self.origin().map(|since| moment.days() - since.days()));
        out.copy_from_slice(&numbers);
        true
    }

    fn refusal(&self, text: &str) -> Problem {
        let (expected, help) = match self.format.as_str() {
            "iso" => (
                "a date such as 2026-01-31".to_string(),
                "dates of another form have a pattern: `date: {format: \"%d.%m.%Y\", …}`",
            ),
            pattern => {
                (format!("a date by `{pattern}`"), "`date: {format: …}` says how dates are written")
            }
        };
        Problem::at("", format!("expected {expected}, found `{text}`")).help(help)
    }

    fn export(&self) -> Primitive<'_> {
        let how = format!("of the date: {}", self.parts().join(", "));
        Primitive::Prepared { width: self.width(), how }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(date: &Date, text: &str) -> Vec<f64> {
        let mut numbers = vec![0.0; date.width()];
        assert!(date.numbers(text, &mut numbers), "{text}");
        numbers
    }

    #[test]
    fn a_date_becomes_its_parts() {
        use DatePart::{Day, Hour, Month, Quarter, Weekday, Year};
        let parts = vec![Year, Quarter, Month, Day, Weekday, Hour];
        let since = Some("2026-01-01".to_string());
        let date = Date { parts, since, ..Date::default() };
        let expected = [2026.0, 2.0, 5.0, 9.0, 5.0, 18.0, 128.75];
        assert_eq!(numbers(&date, "2026-05-09T18:00"), expected);
        let names = ["year", "quarter", "month", "day", "weekday", "hour", "days"];
        assert_eq!(date.parts(), names);
    }

    #[test]
    fn december_is_next_to_january_where_it_is_cyclic() {
        let date = Date { parts: vec![DatePart::Month], cyclic: true, ..Date::default() };
        let [december, january, july] = ["2026-12-01", "2026-01-01", "2026-07-01"]
            .map(|text| <[f64; 2]>::try_from(numbers(&date, text)).unwrap());
        let apart = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        assert!(apart(december, january) < 0.6 && apart(january, july) > 1.9);
        assert_eq!(date.parts(), ["month_sin", "month_cos"]);
    }

    #[test]
    fn a_damaged_file_gives_as_many_numbers_as_it_says() {
        let since = Some("2020-13-01".to_string());
        let date = Date { parts: vec![DatePart::Month], since, ..Date::default() };
        assert_eq!(numbers(&date, "2026-05-09"), [5.0]);
        assert_eq!((date.width(), date.parts().len()), (1, 1));
    }
}
