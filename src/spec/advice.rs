//! Advice: what is allowed, and seldom meant. Each is a warning with one line of remedy.

use crate::data::{ColumnFacts, FEW_ROWS, Loaded, RARE, class_counts, names_rows};
use crate::diagnostics::{Code, Diagnostic};
use crate::layers::LayerKind;
use crate::optimizers::OptimizerKind;
use crate::optimizers::schedules::LearningRate;
use crate::sections::Config;
use crate::spec::{Spec, TrainSpec};
use crate::target::{Target, TargetRange};

/// Columns of larger numbers are better scaled.
const LARGE: f64 = 100.0;

/// The warnings about a training and its data.
pub(crate) fn warnings(config: &Config, spec: &Spec, loaded: &Loaded) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let constant = loaded.facts.iter().filter(|column| is_constant(column)).collect::<Vec<_>>();
    if spec.model.input.rank() == 1 {
        warnings.extend(constants(&constant)); // those of a picture belong to its shape
    }
    if reads_numbers(spec) {
        let is_large = |column: &&ColumnFacts| is_large(column) && !is_identifier(column);
        warnings.extend(unscaled(&loaded.facts.iter().filter(is_large).collect::<Vec<_>>()));
    }
    let ids: Vec<&ColumnFacts> =
        loaded.facts.iter().filter(|column| is_identifier(column)).collect();
    warnings.extend(identifiers(&ids));
    warnings.extend(all_different(loaded));
    warnings.extend(loaded.leak());
    if !matches!(
        spec.model.layers.first().map(|l| LayerKind::from(&*l.entry.item)),
        Some(LayerKind::Embedding(_))
    ) {
        warnings.extend(order_of_categories(loaded));
    }
    if let Some(train) = &spec.train {
        warnings.extend(of_target(train, spec, loaded));
        warnings.extend(rare_class(train, loaded));
        warnings.extend(learning_rate(train));
        warnings.extend(no_validation(config, loaded));
    } else if config.compile.is_none() {
        let message = "there is no `compile` section: the configuration can't be trained";
        let help = "say how to train: `compile: {optimizer: adam, loss: mse}`";
        warnings.push(Diagnostic::warning(Code::NoTraining, message).with_help(help));
    }
    warnings
}

/// Whether drawing rows at random may break their order in time.
pub(crate) fn may_be_in_time(config: &Config, loaded: &Loaded) -> bool {
    let is_time =
        |column: &ColumnFacts| column.rises && !column.is_target && column.rows >= FEW_ROWS;
    let is_series = loaded.train.windows.is_some();
    is_series || !config.fit.shuffle || loaded.facts.iter().any(is_time)
}

/// Columns in backticks, the first five of them.
fn list(columns: &[&ColumnFacts]) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> =
        columns.iter().take(SHOWN).map(|column| format!("`{}`", column.name)).collect();
    match columns.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// `column a has` or `columns a, b have`.
fn subject(columns: &[&ColumnFacts], one: &str, many: &str) -> String {
    match columns.len() {
        1 => format!("column {} {one}", list(columns)),
        _ => format!("columns {} {many}", list(columns)),
    }
}

fn is_constant(column: &ColumnFacts) -> bool {
    column.range.0 == column.range.1 && column.rows > 1
}

fn constants(columns: &[&ColumnFacts]) -> Option<Diagnostic> {
    let what = (!columns.is_empty()).then(|| {
        subject(columns, "has the same value in every row", "have the same value in every row")
    })?;
    let help = "a constant tells the model nothing, and may be left out";
    Some(Diagnostic::warning(Code::Constant, what).with_help(help))
}

/// Whether the first layer takes numbers as they are: neither ids nor what it scales itself.
fn reads_numbers(spec: &Spec) -> bool {
    let first = spec.model.layers.first().map(|layer| LayerKind::from(&*layer.entry.item));
    !matches!(
        first,
        None | Some(
            LayerKind::Embedding(_)
                | LayerKind::Normalization(_)
                | LayerKind::BatchNormalization(_)
                | LayerKind::LayerNormalization(_)
                | LayerKind::Rescaling(_)
        )
    )
}

fn is_large(column: &ColumnFacts) -> bool {
    let (low, high) = column.range;
    !column.is_target && !column.is_scaled && low < high && low.abs().max(high.abs()) > LARGE
}

fn unscaled(columns: &[&ColumnFacts]) -> Option<Diagnostic> {
    let (low, high) = columns.first()?.range;
    let example = columns.first()?.name.as_str();
    let what = subject(
        columns,
        "holds large numbers and is not scaled",
        "hold large numbers and are not scaled",
    );
    let message = format!("{what}: `{example}` goes from {low} to {high}");
    let help = "add `scale: standard` (mean 0, deviation 1) or `scale: min_max`: training is slow or fails otherwise";
    Some(Diagnostic::warning(Code::Unscaled, message).with_help(help))
}

/// A whole number that rises from row to row, numbers the rows in another order, or is named as an id
/// and covers many values.
fn is_identifier(column: &ColumnFacts) -> bool {
    let span = column.range.1 - column.range.0 + 1.0;
    !column.is_target
        && column.is_whole
        && column.rows >= FEW_ROWS
        && (column.rises
            || column.is_numbering
            || (names_rows(&column.name) && span >= 0.9 * column.rows as f64))
}

fn identifiers(columns: &[&ColumnFacts]) -> Option<Diagnostic> {
    if columns.is_empty() {
        return None;
    }
    let message = subject(
        columns,
        "has another whole number in every row, as an id or a time has",
        "have another whole number in every row, as ids and times have",
    );
    let help =
        "leave it out where it only numbers the rows: the model would learn their order by heart";
    Some(Diagnostic::warning(Code::Identifier, message).with_help(help))
}

/// Categories that are another in nearly every row.
fn all_different(loaded: &Loaded) -> Option<Diagnostic> {
    let rows = loaded.train.len();
    let columns = loaded.preprocessing.category_counts();
    let (name, count) =
        columns.into_iter().find(|(_, count)| rows >= FEW_ROWS && *count * 10 >= rows * 9)?;
    let message = format!("column `{name}` has {count} categories in {rows} rows, as an id has");
    let help =
        "leave it out: a category that is met once can't be learned, and other tables have others";
    Some(Diagnostic::warning(Code::Identifier, message).with_help(help))
}

/// Categories of a feature that are numbered in the order of their bytes.
fn order_of_categories(loaded: &Loaded) -> Option<Diagnostic> {
    let (name, classes) = loaded.preprocessing.numbered_categories().into_iter().next()?;
    let few: Vec<String> = classes.iter().take(3).map(|class| format!("`{class}`")).collect();
    let message = format!(
        "column `{name}`: `encode: label` numbers its {} categories in the order of their letters, {} first",
        classes.len(),
        few.join(", ")
    );
    let help = "where they have no order, write `encode: one_hot`; where they have another, `encode: {ordinal: {categories: […]}}`";
    Some(Diagnostic::warning(Code::CategoryOrder, message).with_help(help))
}

/// A target that is taken as a number.
fn of_target(train: &TrainSpec, spec: &Spec, loaded: &Loaded) -> Option<Diagnostic> {
    let Target::Numbers(columns) = train.target else { return None };
    let range = train.loss.item.target_range(&spec.model.output_for(train.target));
    let y = &loaded.train.y.values;
    let target: Vec<&ColumnFacts> = loaded.facts.iter().filter(|column| column.is_target).collect();
    let are_bits = y.iter().all(|y| *y == 0.0 || *y == 1.0);
    if columns == 1
        && are_bits
        && y.contains(&0.0)
        && y.contains(&1.0)
        && range != TargetRange::ClassNumbers
    {
        let name = &target.first()?.name;
        let message = format!("the target `{name}` holds 0 and 1, and is taken as a number");
        let help = format!(
            "for two classes write `{{column: {name}, encode: label}}`: they get names, a report and thresholds"
        );
        return Some(Diagnostic::warning(Code::NotEncoded, message).with_help(help));
    }
    let large = target.iter().find(|column| {
        !column.is_scaled && column.range.0.abs().max(column.range.1.abs()) > LARGE
    })?;
    (range == TargetRange::Any).then(|| {
        let (low, high) = large.range;
        let message =
            format!("the target `{}` goes from {low} to {high} and is not scaled", large.name);
        let help = format!(
            "write `{{column: {}, scale: standard}}`: predictions and metrics stay in its own unit",
            large.name
        );
        Diagnostic::warning(Code::Unscaled, message).with_help(help)
    })
}

fn rare_class(train: &TrainSpec, loaded: &Loaded) -> Option<Diagnostic> {
    let classes = loaded.preprocessing.classes()?;
    if train.class_weight.is_some() || loaded.train.weights.is_some() {
        return None;
    }
    let counts = class_counts(&loaded.train.y, classes.len());
    let (class, count) = counts.iter().enumerate().min_by_key(|(_, count)| **count)?;
    let rows = loaded.train.len();
    let share = *count as f64 / rows.max(1) as f64;
    if share >= RARE.min(0.5 / classes.len() as f64) {
        return None;
    }
    let message = format!("the class `{}` has {count} of {rows} rows", classes[class]);
    let help = "rare classes are easily never predicted: look at `evaluate --report`, and try `fit.class_weight: balanced`";
    Some(Diagnostic::warning(Code::RareClass, message).with_help(help))
}

fn learning_rate(train: &TrainSpec) -> Option<Diagnostic> {
    let LearningRate::Constant(rate) = train.optimizer.item.learning_rate() else { return None };
    let high = match OptimizerKind::from(&*train.optimizer.item) {
        OptimizerKind::Sgd(_) => 1.0,
        OptimizerKind::Adadelta(_) | OptimizerKind::Adagrad(_) | OptimizerKind::Ftrl(_) => 10.0,
        _ => 0.1,
    };
    let what = match rate {
        rate if *rate > high => "high",
        rate if *rate > 0.0 && *rate < 1e-7 => "low",
        _ => return None,
    };
    let name = train.optimizer.kind.name;
    let message = format!("a learning rate of {rate:?} is {what} for `{name}`");
    let help = "0.001 is usual for adam and its kin, 0.01 for sgd";
    Some(Diagnostic::warning(Code::LearningRate, message).with_help(help))
}

fn no_validation(config: &Config, loaded: &Loaded) -> Option<Diagnostic> {
    if loaded.validation.is_some() {
        return None;
    }
    let help = match (may_be_in_time(config, loaded), loaded.preprocessing.classes()) {
        (true, _) => {
            "hold the last rows back: `fit.validation_split: 0.1`; or name a table in `data.validation`"
        }
        (false, Some(_)) => {
            "hold rows back: `fit.validation_split: {stratified: 0.1}`; or name a table in `data.validation`"
        }
        (false, None) => {
            "hold rows back: `fit.validation_split: {random: 0.1}`; or name a table in `data.validation`"
        }
    };
    let message =
        "there is nothing to validate on: the metrics are those of the rows that are learned";
    Some(Diagnostic::warning(Code::NoValidation, message).with_help(help))
}
