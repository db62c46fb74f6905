//! Moments: dates and times in ISO 8601, as numbers.

/// The microseconds from 1970 to a date, or to a date with a time: `2026-01-31`, `2026-01-31 10:00`,
/// `2026-01-31T10:00:00.25+01:00`, `2026-01-31T10:00:00Z`. A time without an offset counts as UTC.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim_start()),
        None => (text, ""),
    };
    let days = days(date)?;
    let of_day = if time.is_empty() { 0 } else { time_of_day(time)? };
    days.checked_mul(24 * 3600 * 1_000_000)?.checked_add(of_day)
}

/// The days from 1970-01-01 to a date of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // years from March on, so that the leap day is the last
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The microseconds from midnight, UTC.
fn time_of_day(time: &str) -> Option<i64> {
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at)?, offset(time.get(at..)?)?),
        None => (time, 0),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let (second, part) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "")),
        None => ("0", ""),
    };
    let second = digits(second)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + digits(&part)? - offset)
}

/// The microseconds that a local time is ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'-' => -1,
        _ => 1,
    };
    let plain: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match plain.len() {
        2 => (digits(&plain)?, 0),
        4 => (digits(plain.get(..2)?)?, digits(plain.get(2..)?)?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes) * 60 * 1_000_000)
}

fn digits(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_microseconds_from_1970() {
        const DAY: i64 = 86_400_000_000;
        for (text, expected) in [
            ("1970-01-01", 0),
            ("1970-01-02", DAY),
            ("2000-03-01", 11_017 * DAY),
            ("1969-12-31", -DAY),
            ("1970-01-01 00:01", 60_000_000),
            ("1970-01-01T00:00:01.5Z", 1_500_000),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01T00:00:00-0130", 5_400_000_000),
        ] {
            assert_eq!(moment(text), Some(expected), "{text}");
        }
        for text in
            ["2026-02-29", "2026-13-01", "31.1.2026", "2026-1-1", "2026-01-01 25:00", "x", ""]
        {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
