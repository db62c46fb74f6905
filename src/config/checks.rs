//! Checks of arguments that many kinds share. Each says what was expected and what was found.

use crate::error::Problem;
use crate::limits::MOST_NUMBERS;

/// The value must be greater than 0.
pub(crate) fn positive(key: &str, value: f64) -> Result<(), Problem> {
    must(value > 0.0 && value.is_finite(), key, "be greater than 0", value)
}

/// The value must be 0 or greater.
pub(crate) fn not_negative(key: &str, value: f64) -> Result<(), Problem> {
    must(value >= 0.0 && value.is_finite(), key, "be 0 or greater", value)
}

/// The value must be in [0, 1).
pub(crate) fn below_one(key: &str, value: f64) -> Result<(), Problem> {
    let what = "be at least 0 and less than 1";
    must((0.0..1.0).contains(&value), key, what, value).map_err(|problem| percent(problem, value))
}

/// The value must be in [0, 1].
pub(crate) fn fraction(key: &str, value: f64) -> Result<(), Problem> {
    let what = "be between 0 and 1";
    must((0.0..=1.0).contains(&value), key, what, value).map_err(|problem| percent(problem, value))
}

/// The value must be 1 or greater.
pub(crate) fn at_least_one(key: &str, value: f64) -> Result<(), Problem> {
    must(value >= 1.0 && value.is_finite(), key, "be at least 1", value)
}

/// The value must be a number.
pub(crate) fn finite(key: &str, value: f64) -> Result<(), Problem> {
    must(value.is_finite(), key, "be a finite number", value)
}

/// With words for a share that was given in percent.
fn percent(problem: Problem, value: f64) -> Problem {
    if value > 1.0 && value <= 100.0 {
        problem.help(format!("{value} percent is written {}", value / 100.0))
    } else {
        problem
    }
}

fn must(holds: bool, key: &str, what: &str, found: f64) -> Result<(), Problem> {
    if holds {
        return Ok(());
    }
    Err(Problem::at(key, format!("`{key}` must {what}, got {found}")))
}

/// The count must be 1 or greater.
pub(crate) fn positive_count(key: &str, count: usize) -> Result<(), Problem> {
    if count == 0 {
        return Err(Problem::at(key, format!("`{key}` must be at least 1, got 0")));
    }
    Ok(())
}

/// The count must be in a range, whose end bounds the memory that it takes.
pub(crate) fn count_within(
    key: &str,
    count: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<(), Problem> {
    if range.contains(&count) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(Problem::at(key, format!("`{key}` must be between {least} and {most}, got {count}")))
}

/// An array of these sizes must not hold more numbers than the largest that is made.
pub(crate) fn not_too_large(key: &str, sizes: &[usize]) -> Result<(), Problem> {
    let most = MOST_NUMBERS;
    let numbers = sizes.iter().try_fold(1usize, |numbers, size| numbers.checked_mul(*size));
    match numbers {
        Some(numbers) if numbers <= most => Ok(()),
        _ => Err(Problem::at(
            key,
            format!("an array may hold at most {most} numbers, got {sizes:?}"),
        )),
    }
}
