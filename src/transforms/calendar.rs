//! Dates and times as they are written: ISO 8601, and patterns such as `%d.%m.%Y`.

/// A date and a time of day, as they are written, of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: f64,
    /// Minutes by which the clock is ahead of UTC, where that is written.
    pub ahead: i64,
}

/// The characters after `%` that a pattern may have.
pub(super) const DIRECTIVES: &str = "YymdeHIMSpbBaAjTFz%";

/// The months, in the order of the year.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Moment {
    fn start() -> Moment {
        Moment { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0.0, ahead: 0 }
    }

    /// A date such as `2026-01-31`, with or without a time of day: `2026-01-31T18:30:00.5+02:00`.
    pub(super) fn iso(text: &str) -> Option<Moment> {
        let mut rest = Unread(text);
        let mut moment = Moment::start();
        rest.date(&mut moment)?;
        if !rest.0.is_empty() {
            rest.0 = rest.0.strip_prefix(['T', 't', ' '])?;
            moment.hour = rest.digits(2)?;
            rest.skip(":")?;
            moment.minute = rest.digits(2)?;
            if rest.skip(":").is_some() {
                moment.second = rest.seconds()?;
            }
            if !rest.0.is_empty() {
                moment.ahead = rest.zone()?;
            }
        }
        rest.0.is_empty().then_some(moment)?.checked()
    }

    /// A text by a pattern of strftime's directives.
    pub(super) fn by_pattern(text: &str, pattern: &str) -> Option<Moment> {
        let mut rest = Unread(text);
        let mut moment = Moment::start();
        let (mut is_afternoon, mut day_of_year) = (None, None);
        let mut pattern = pattern.chars();
        while let Some(c) = pattern.next() {
            if c.is_whitespace() {
                rest.0 = rest.0.trim_start();
                continue;
            }
            if c != '%' {
                rest.0 = rest.0.strip_prefix(c)?;
                continue;
            }
            match pattern.next()? {
                'Y' => moment.year = rest.digits(4)?,
                'y' => {
                    let year = rest.digits(2)?;
                    moment.year = if year < 69 { 2000 + year } else { 1900 + year }; // as POSIX
                }
                'm' => moment.month = rest.up_to(2)?,
                'd' | 'e' => {
                    rest.0 = rest.0.trim_start();
                    moment.day = rest.up_to(2)?;
                }
                'H' => moment.hour = rest.up_to(2)?,
                'I' => {
                    let hour = rest.up_to(2)?;
                    moment.hour = (1..=12).contains(&hour).then_some(hour % 12)?;
                }
                'M' => moment.minute = rest.up_to(2)?,
                'S' => moment.second = rest.seconds()?,
                'p' => is_afternoon = Some(rest.word(&["am", "pm"])? == 1),
                'b' | 'B' => moment.month = rest.word(&MONTHS)? + 1,
                'a' | 'A' => {
                    rest.word(&WEEKDAYS)?;
                }
                'j' => day_of_year = Some(rest.up_to(3)?),
                'T' => {
                    moment.hour = rest.digits(2)?;
                    rest.skip(":")?;
                    moment.minute = rest.digits(2)?;
                    rest.skip(":")?;
                    moment.second = rest.seconds()?;
                }
                'F' => rest.date(&mut moment)?,
                'z' => moment.ahead = rest.zone()?,
                '%' => rest.skip("%")?,
                _ => return None,
            }
        }
        if is_afternoon == Some(true) && moment.hour < 12 {
            moment.hour += 12;
        }
        if let Some(day) = day_of_year {
            moment = moment.on_day(day)?;
        }
        rest.0.is_empty().then_some(moment)?.checked()
    }

    /// The how-manieth day of its year.
    fn on_day(mut self, day: i64) -> Option<Moment> {
        (1..=days_of_year(self.year)).contains(&day).then_some(())?;
        (self.month, self.day) = (1, day);
        while self.day > days_of_month(self.year, self.month) {
            self.day -= days_of_month(self.year, self.month);
            self.month += 1;
        }
        Some(self)
    }

    fn checked(self) -> Option<Moment> {
        let is_right = (1..=12).contains(&self.month)
            && (1..=days_of_month(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0.0..61.0).contains(&self.second); // 60 in a leap second
        is_right.then_some(self)
    }

    /// Days since 1970-01-01, of UTC, with the time of day.
    pub(super) fn days(&self) -> f64 {
        let minutes = self.hour * 60 + self.minute - self.ahead;
        self.date() as f64 + (minutes as f64 * 60.0 + self.second) / 86_400.0
    }

    /// Whole days since 1970-01-01 as it is written. Hinnant, "chrono-compatible low-level date
    /// algorithms".
    fn date(&self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1; // from March on
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// From Monday, which is 0.
    pub(super) fn weekday(&self) -> i64 {
        (self.date() + 3).rem_euclid(7)
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        (1..self.month).map(|month| days_of_month(self.year, month)).sum::<i64>() + self.day
    }
}

pub(super) fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if days_of_year(year) == 366 => 29,
        2 => 28,
        _ => 31,
    }
}

pub(super) fn days_of_year(year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if is_leap { 366 } else { 365 }
}

/// What is left of a text.
struct Unread<'a>(&'a str);

impl Unread<'_> {
    fn skip(&mut self, text: &str) -> Option<()> {
        self.0.strip_prefix(text).map(|rest| self.0 = rest)
    }

    fn date(&mut self, moment: &mut Moment) -> Option<()> {
        moment.year = self.digits(4)?;
        self.skip("-")?;
        moment.month = self.digits(2)?;
        self.skip("-")?;
        moment.day = self.digits(2)?;
        Some(())
    }

    /// A number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count)?;
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok());
        self.0 = self.0.get(count..)?;
        number?
    }

    /// A number of one to so many digits.
    fn up_to(&mut self, most: usize) -> Option<i64> {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count == 0 { None } else { self.digits(count) }
    }

    /// Seconds of two digits, with or without a fraction.
    fn seconds(&mut self) -> Option<f64> {
        let whole = self.digits(2)?;
        let Some(fraction) = self.0.strip_prefix(['.', ',']) else { return Some(whole as f64) };
        let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let number = format!("{whole}.{}", fraction.get(..count)?).parse().ok()?;
        self.0 = fraction.get(count..)?;
        (count > 0).then_some(number)
    }

    /// `Z`, `+02:00`, `+0200` or `+02`, in minutes.
    fn zone(&mut self) -> Option<i64> {
        if let Some(rest) = self.0.strip_prefix(['Z', 'z']) {
            self.0 = rest;
            return Some(0);
        }
        let sign = if self.0.starts_with('-') { -1 } else { 1 };
        self.0 = self.0.strip_prefix(['+', '-'])?;
        let hours = self.digits(2)?;
        let has_colon = self.skip(":").is_some();
        let minutes = if self.0.is_empty() && !has_colon { 0 } else { self.digits(2)? };
        Some(sign * (hours * 60 + minutes))
    }

    /// The place of a word, or of its first three letters, in any case.
    fn word(&mut self, words: &[&str]) -> Option<i64> {
        let found = words.iter().enumerate().find_map(|(place, word)| {
            let lengths = [word.len(), word.len().min(3)];
            let length = lengths.into_iter().find(|length| {
                let start = self.0.get(..*length);
                start.is_some_and(|start| start.eq_ignore_ascii_case(&word[..*length]))
            })?;
            Some((place, length))
        });
        let (place, length) = found?;
        self.0 = self.0.get(length..)?;
        i64::try_from(place).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> Option<f64> {
        Moment::iso(text).map(|moment| moment.days())
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days("1970-01-01"), Some(0.0));
        assert_eq!(days("2000-03-01"), Some(11_017.0));
        assert_eq!(days("1969-12-31T12:00"), Some(-0.5));
        assert_eq!(days("2026-01-31 06:00:00Z"), Some(20_484.25));
        assert_eq!(days("2026-01-31T06:00:00.000+02:00"), Some(20_484.25 - 2.0 / 24.0));
        for wrong in ["2026-02-29", "2026-13-01", "2026-1-1", "2026-01-01T", "2026-01-01x", ""] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        let moment = Moment::iso("2024-12-31").unwrap();
        assert_eq!((moment.weekday(), moment.day_of_year()), (1, 366));
        assert_eq!(Moment::iso("1970-01-01").unwrap().weekday(), 3);
    }

    #[test]
    fn patterns_are_strftimes() {
        let read = |text, pattern| Moment::by_pattern(text, pattern).map(|moment| moment.days());
        let expected = days("2026-01-31T18:30:05");
        assert_eq!(read("31.1.2026 18:30:05", "%d.%m.%Y %H:%M:%S"), expected);
        assert_eq!(read("Jan 31, 26 06:30:05 PM", "%b %d, %y %I:%M:%S %p"), expected);
        assert_eq!(read("saturday 31 january 2026 18:30:05", "%A %d %B %Y %T"), expected);
        assert_eq!(read("2026-031 18:30:05", "%Y-%j %T"), expected);
        assert_eq!(read("2026-01-31T20:30:05+0200", "%FT%T%z"), expected);
        assert_eq!(read("31.13.2026", "%d.%m.%Y"), None);
        assert_eq!(read("31.1.2026 ", "%d.%m.%Y"), None);
        assert_eq!(read("été", "%d"), None);
    }
}
