//! Tail: whether the rows to validate on are like the rest, above all those that a split has taken
//! from the end.

use super::class_weight::class_counts;
use super::dataset::{Dataset, Targets};
use super::looks::FEW_ROWS;
use super::preprocessing::Preprocessing;
use crate::diagnostics::{Code, Diagnostic};
use crate::splits::Division;

/// How many standard errors are beyond chance: at random, one table in ten thousand or fewer.
const BEYOND_CHANCE: f64 = 4.0;

/// The warning about rows to validate on that aren't like those to train on; without a division they
/// are a table of their own.
pub(super) fn warnings(
    division: Option<Division<'_>>,
    preprocessing: &Preprocessing,
    train: &Dataset,
    validation: &Dataset,
) -> Option<Diagnostic> {
    let tail = || of_tail(division?, preprocessing, train, validation);
    tail().or_else(|| absent(division, preprocessing.classes()?, train, validation))
}

/// Classes that no row to validate on has.
fn absent(
    division: Option<Division<'_>>,
    classes: &[String],
    train: &Dataset,
    validation: &Dataset,
) -> Option<Diagnostic> {
    if validation.len() < FEW_ROWS {
        return None;
    }
    let counts = [&train.y, &validation.y].map(|y| class_counts(y, classes.len()));
    let counts = counts[0].iter().zip(&counts[1]);
    let absent: Vec<&String> = classes
        .iter()
        .zip(counts)
        .filter(|(_, (train, held))| **train > 1 && **held == 0)
        .map(|(class, _)| class)
        .collect();
    let class = absent.first()?;
    let message = match absent.len() {
        1 => format!("the class `{class}` is in no validation row"),
        count => format!("{count} classes are in no validation row, `{class}` among them"),
    };
    let remedy = match division.map(|division| division.tail()) {
        Some(Some(part)) => {
            format!("`validation_split: {{stratified: {part}}}` gives each class its share")
        }
        Some(None) => "hold a larger part back, or find more rows of it".to_string(),
        None => "add rows of it to `data.validation`".to_string(),
    };
    let help = format!("the validation metrics say nothing about it: {remedy}");
    Some(Diagnostic::warning(Code::AbsentClass, message).with_help(help))
}

/// Rows at the end that aren't like the rest; none for rows that were drawn.
fn of_tail(
    division: Division<'_>,
    preprocessing: &Preprocessing,
    train: &Dataset,
    validation: &Dataset,
) -> Option<Diagnostic> {
    let part = division.tail()?;
    let target = preprocessing.target_names();
    let (what, kind) = match preprocessing.classes() {
        Some(classes) => {
            (classes_differ(&target[0], classes, &train.y, &validation.y), "stratified")
        }
        None => (
            mean_differs(
                &preprocessing.target_output_names(),
                preprocessing,
                &train.y,
                &validation.y,
            ),
            "random",
        ),
    };
    let what = what?;
    let message = format!(
        "the last {} rows, held back by `validation_split: {part}`, are not like the others: {what}",
        validation.len()
    );
    let help = format!("draw them instead: `validation_split: {{{kind}: {part}}}`");
    Some(Diagnostic::warning(Code::SplitTail, message).with_help(help))
}

/// The class whose share differs most, in words.
fn classes_differ(
    target: &str,
    classes: &[String],
    train: &Targets,
    held: &Targets,
) -> Option<String> {
    let train = class_counts(train, classes.len());
    let held = class_counts(held, classes.len());
    let (n_train, n_held) = (train.iter().sum::<usize>() as f64, held.iter().sum::<usize>() as f64);
    let n = n_train + n_held;
    let mut most: Option<(f64, String)> = None;
    for ((name, train), held) in classes.iter().zip(train).zip(held) {
        let share = (train + held) as f64 / n;
        let expected = share * n_held;
        if held == 0 && expected >= 1.0 {
            return Some(format!("`{target}` is never `{name}` in them"));
        }
        // the spread of a draw without replacement
        let spread = (expected * (1.0 - share) * n_train / (n - 1.0).max(1.0)).sqrt();
        let errors = (held as f64 - expected).abs() / spread;
        let (share_train, share_held) = (train as f64 / n_train, held as f64 / n_held);
        let is_far = share_held > 1.25 * share_train || share_held < 0.8 * share_train;
        if is_far && errors > BEYOND_CHANCE && most.as_ref().is_none_or(|(max, _)| errors > *max) {
            let (held, train) = (percent(share_held), percent(share_train));
            most = Some((
                errors,
                format!("`{target}` is `{name}` in {held} of them, in {train} of the others"),
            ));
        }
    }
    most.map(|(_, words)| words)
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 10.0 { format!("{percent:.0}%") } else { format!("{percent:.1}%") }
}

/// The first column whose mean differs, in words and in its own unit.
fn mean_differs(
    target: &[String],
    preprocessing: &Preprocessing,
    train: &Targets,
    held: &Targets,
) -> Option<String> {
    let width = train.width().max(1);
    let units = preprocessing.target_units();
    target.iter().enumerate().find_map(|(column, target)| {
        let (n_train, mean_train, squares_train) = moments(&train.values, column, width);
        let (n_held, mean_held, squares_held) = moments(&held.values, column, width);
        let spread = ((squares_train + squares_held) / (n_train + n_held - 2.0).max(1.0)).sqrt();
        let difference = (mean_held - mean_train).abs();
        let error = spread * (1.0 / n_train + 1.0 / n_held).sqrt();
        let is_far = difference > BEYOND_CHANCE * error && difference > 0.25 * spread;
        let in_unit = |mean: f64| units.get(column).map_or(mean, |unit| unit.original(mean));
        is_far.then(|| {
            let (held, train) = (short(in_unit(mean_held)), short(in_unit(mean_train)));
            format!("the mean of `{target}` is {held} in them, {train} in the others")
        })
    })
}

/// How many, their mean, and the sum of squares around it.
fn moments(values: &[f32], column: usize, width: usize) -> (f64, f64, f64) {
    let values = || values.iter().skip(column).step_by(width).map(|value| f64::from(*value));
    let n = values().count() as f64;
    let mean = values().sum::<f64>() / n;
    (n, mean, values().map(|value| (value - mean).powi(2)).sum())
}

/// Four significant digits.
fn short(value: f64) -> String {
    let digits = 3 - value.abs().log10().floor().clamp(-6.0, 3.0) as i32;
    format!("{value:.*}", digits.max(0) as usize)
}
