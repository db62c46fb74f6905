//! Rules: what the rule of a column says, checked by itself.

use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::Problem;
use crate::sections::{ColumnConfig, Encode, MissingRule, Unknown};
use crate::transforms::Boolean;

impl ColumnConfig {
    /// How a category that training did not see is handled.
    pub(super) fn unknown(&self) -> Unknown {
        let rules = self.encode.as_ref().map(Encode::unknown).unwrap_or_default();
        self.unknown.or(rules.first().copied()).unwrap_or_default()
    }
}

/// Checks the arguments of a rule, and whether its parts go together.
pub(super) fn check(rule: &ColumnConfig, path: &str) -> Result<(), ConfigError> {
    let inside = |key: &str, name: &str, problem: Problem| {
        let place = [path, key, name, problem.key.as_str()];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        ConfigError::at(place.join("."), problem.message)
            .with_code(problem.code)
            .with_help(problem.help)
    };
    let steps = rule.scale.steps();
    for (place, scale) in steps.iter().enumerate() {
        let key = if steps.len() == 1 { "scale" } else { &format!("scale[{place}]") };
        scale.check().map_err(|problem| inside(key, scale.name(), problem))?;
    }
    if let Some(encode) = &rule.encode {
        let key =
            if matches!(encode, Encode::Date(_) | Encode::VectorText(_) | Encode::ImageConfig(_)) {
                ""
            } else {
                "encode"
            };
        encode.check().map_err(|problem| inside(key, encode.name(), problem))?;
        if !rule.scale.is_none() && !encode.may_be_scaled() {
            let message = format!("`{}` columns can't be scaled", encode.name());
            return Err(ConfigError::at(format!("{path}.scale"), message)
                .with_help("remove `scale`: they are 0 and 1"));
        }
    }
    check_missing(rule, path)?;
    check_unknown(rule, path)
}

fn check_missing(rule: &ColumnConfig, path: &str) -> Result<(), ConfigError> {
    if rule.indicator && !rule.missing.fills() {
        let message = "`indicator` goes with `missing`: it says for which cells something stands";
        return Err(ConfigError::at(format!("{path}.indicator"), message)
            .with_code(Code::Conflict)
            .with_help(
                "add `missing: median`, `missing: most_frequent` or `missing: {constant: …}`",
            ));
    }
    let holds_texts = rule.encode.as_ref().filter(|encode| !encode.takes_numbers());
    let wrong = |message: String, help: &str| {
        let error = ConfigError::at(format!("{path}.missing"), message);
        Err(error.with_code(Code::Conflict).with_help(help))
    };
    match (&rule.missing, holds_texts) {
        (missing, Some(Encode::ImageConfig(_))) if missing.fills() => wrong(
            format!("a picture that is missing can't be `{}`", missing.name()),
            "write `missing: drop_row`, which leaves out pictures that are missing or broken",
        ),
        (missing, Some(encode)) if missing.is_of_numbers() => wrong(
            format!(
                "`missing: {}` goes with numbers, not with `{}`",
                missing.name(),
                encode.name()
            ),
            "write `missing: most_frequent` or `missing: {constant: …}`",
        ),
        (MissingRule::Constant(value), None) if value.number().is_none() => wrong(
            format!("`constant` must be a number, got `{}`", value.text()),
            "the column holds numbers: write `missing: {constant: 0}`",
        ),
        _ => Ok(()),
    }
}

fn check_unknown(rule: &ColumnConfig, path: &str) -> Result<(), ConfigError> {
    let Some(unknown) = rule.unknown else { return Ok(()) };
    let wrong = |message: String, help: String| {
        let error = ConfigError::at(format!("{path}.unknown"), message);
        Err(error.with_code(Code::Conflict).with_help(help))
    };
    let Some(encode) = &rule.encode else {
        let help = "add `encode` where the column holds categories";
        return wrong("`unknown` goes with categories".to_string(), help.to_string());
    };
    let known = encode.unknown();
    if known.contains(&unknown) {
        return Ok(());
    }
    let names: Vec<String> = known.iter().map(|known| format!("`{}`", known.name())).collect();
    let help = format!("`{}` takes {}", encode.name(), names.join(" or "));
    wrong(format!("`unknown: {}` doesn't go with `{}`", unknown.name(), encode.name()), help)
}

/// Checks what only a target must be.
pub(super) fn check_target(rule: &ColumnConfig, columns: usize) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String, help: &str| {
        let key = if key.is_empty() { String::new() } else { format!(".{key}") };
        Err(ConfigError::at(format!("data.target{key}"), message).with_help(help))
    };
    let holds_labels = matches!(rule.encode, Some(Encode::MultiHot(_)));
    let is_without_labels = holds_labels && matches!(rule.missing, MissingRule::Constant(_));
    if rule.missing.fills() && !is_without_labels {
        let message = format!("a target that is missing can't be `{}`", rule.missing.name());
        return wrong("missing", message, "write `missing: drop_row`, which leaves such rows out");
    }
    if let Some(scale) = rule.scale.steps().iter().find(|scale| !scale.has_inverse()) {
        let message =
            format!("a target can't be scaled by `{}`: there is no way back", scale.name());
        let help = "take `standard`, `min_max` without `clip`, or `log1p`";
        return wrong("scale", message, help);
    }
    let Some(encode) = &rule.encode else { return Ok(()) };
    if !encode.may_be_target() {
        let message = format!("a target can't be encoded by `{}`", encode.name());
        let help = "use `encode: label` or `encode: one_hot`; for several labels in a cell, \
                    `encode: multi_hot`";
        return wrong("encode", message, help);
    }
    if rule.unknown() != Unknown::Error {
        let message = "a target has no category for what training didn't see".to_string();
        return wrong("unknown", message, "remove `unknown`");
    }
    if columns > 1 && *encode != Encode::from(Boolean {}) {
        let name = encode.name();
        let message = format!("a target that is encoded by `{name}` is one column, got {columns}");
        return wrong(
            "",
            message,
            "name one column; several columns are a target of numbers, without `encode`, or \
             of labels, with `encode: boolean`",
        );
    }
    if !rule.scale.is_none() && !matches!(encode, Encode::VectorText(_)) {
        let message = "a target of classes can't be scaled".to_string();
        return wrong("scale", message, "remove `scale`, or `encode` where the target is a number");
    }
    Ok(())
}

/// A name as it can stand in a rule.
pub(super) fn written_name(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || "_ .-".contains(c))
        && name.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    if is_plain { name.to_string() } else { format!("{name:?}") }
}

/// What fills missing cells of the array of a column, whose name ends with its place there.
pub(super) fn filling_of_array(column: &str) -> String {
    let array = column.rsplit_once('_').map_or(column, |(array, _)| array);
    format!(
        "`features: [{{columns: \"{array}_*\", missing: median}}]` in place of `x` fills such cells"
    )
}
