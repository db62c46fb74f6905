//! What can be wrong between a loss, the last layer and the target, in words.

use crate::activations::Activation;
use crate::error::Problem;
use crate::target::{Output, Target};

/// Softmax over one unit is 1 whatever the input, so nothing can be learned.
pub(crate) fn softmax_of_one(output: &Output<'_>) -> Result<(), Problem> {
    if output.activation == Some(&Activation::Softmax) && output.shape.last() == 1 {
        let message = "softmax over 1 unit is always 1, so there is nothing to learn";
        let help = "use `activation: sigmoid` on the last layer, or one unit a class";
        return Err(Problem::at("", message).help(help));
    }
    Ok(())
}

/// Losses of numbers: the last layer has as many units as the target has columns.
pub(crate) fn same_columns(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    let width = output.shape.elements();
    match output.target {
        Target::Classes(classes) if width != 1 => {
            let message = format!(
                "`{name}` compares numbers one by one, but the target is the number of one of {} \
                 and the last layer has {}",
                count(classes, "class", "classes"),
                units(output)
            );
            let help = "use `sparse_categorical_crossentropy`, or `encode: one_hot` on the target";
            Err(Problem::at("", message).help(help))
        }
        Target::OneHot(columns) | Target::Numbers(columns) if width != columns => {
            let message = format!(
                "the target has {}, but the last layer has {}",
                count(columns, "column", "columns"),
                units(output)
            );
            let help = format!("give the last layer {}", count(columns, "unit", "units"));
            Err(Problem::at("", message).help(help))
        }
        _ => Ok(()),
    }
}

/// Binary losses: one unit for two classes, or one a column.
pub(crate) fn binary(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    match output.target {
        Target::Classes(classes) if classes > 2 => {
            let message =
                format!("`{name}` is for 2 classes, but the target has {classes} classes");
            let help = format!(
                "use `sparse_categorical_crossentropy` and {classes} units with `activation: softmax`"
            );
            Err(Problem::at("", message).help(help))
        }
        Target::Classes(_) if output.shape.elements() != 1 => {
            let message = format!(
                "`{name}` over one class number takes 1 unit, but the last layer has {}",
                units(output)
            );
            let help = "give the last layer 1 unit with `activation: sigmoid`, or use \
                        `sparse_categorical_crossentropy` with `activation: softmax`";
            Err(Problem::at("", message).help(help))
        }
        _ => same_columns(name, output),
    }
}

/// Losses over one column a class.
pub(crate) fn categorical(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    if let Target::Classes(_) = output.target {
        let message =
            format!("`{name}` wants one column a class, but the target is a class number");
        let help = "use `encode: one_hot` on the target, or `sparse_categorical_crossentropy`";
        return Err(Problem::at("", message).help(help));
    }
    several_units(name, output)?;
    same_columns(name, output)
}

/// Losses over class numbers.
pub(crate) fn sparse(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    let last = output.shape.last();
    match output.target {
        Target::OneHot(classes) => {
            let message = format!(
                "`{name}` wants a class number, but the target has one column for each of {}",
                count(classes, "class", "classes")
            );
            let help = "use `encode: label` on the target, or `categorical_crossentropy`";
            return Err(Problem::at("", message).help(help));
        }
        Target::Classes(classes) if last < classes => {
            let message = format!(
                "the target has {classes} classes, but the last layer has {}",
                units(output)
            );
            let help = if classes == 2 {
                "give the last layer 2 units with `activation: softmax`, or use \
                 `binary_crossentropy` with 1 unit and `activation: sigmoid`"
                    .to_string()
            } else {
                format!("give the last layer {classes} units with `activation: softmax`")
            };
            return Err(Problem::at("", message).help(help));
        }
        Target::Numbers(numbers) if numbers != output.shape.elements() / last.max(1) => {
            let message = format!(
                "`{name}` wants {} a sample, but the target has {numbers}",
                count(output.shape.elements() / last.max(1), "class number", "class numbers")
            );
            return Err(Problem::at("", message)
                .help("use `categorical_crossentropy` where the target has one column a class"));
        }
        _ => {}
    }
    several_units(name, output)
}

fn several_units(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    if output.shape.last() < 2 {
        let message = format!("`{name}` wants one unit a class, but the last layer has 1 unit");
        let help = "use `binary_crossentropy` with `activation: sigmoid` for 2 classes";
        return Err(Problem::at("", message).help(help));
    }
    Ok(())
}

/// Losses over probabilities or, with `from_logits`, over scores before the softmax or sigmoid.
pub(crate) fn logits(
    name: &str,
    from_logits: bool,
    wanted: &str,
    output: &Output<'_>,
) -> Result<(), Problem> {
    match (output.activation, from_logits) {
        (Some(Activation::Softmax | Activation::Sigmoid), true) => {
            let message =
                "`from_logits: true` wants scores, but the last layer already gives probabilities";
            let help = "leave `from_logits` out, or give the last layer `activation: linear`";
            Err(Problem::at("from_logits", message).help(help))
        }
        (Some(Activation::Linear), false) => {
            let message = format!("`{name}` wants probabilities, but the last layer is linear");
            let help = format!(
                "give the last layer `activation: {wanted}`, or the loss `from_logits: true`"
            );
            Err(Problem::at("", message).help(help))
        }
        _ => Ok(()),
    }
}

/// Losses over probabilities that have no form for scores.
pub(crate) fn probabilities(name: &str, wanted: &str, output: &Output<'_>) -> Result<(), Problem> {
    if output.activation == Some(&Activation::Linear) {
        let message = format!("`{name}` wants probabilities, but the last layer is linear");
        let help = format!("give the last layer `activation: {wanted}`");
        return Err(Problem::at("", message).help(help));
    }
    Ok(())
}

/// A number over 0.
pub(crate) fn positive(key: &str, value: f64) -> Result<(), Problem> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Problem::at(key, format!("`{key}` must be over 0, got {value}")))
}

/// A number between two bounds, both allowed.
pub(crate) fn within(key: &str, value: f64, low: f64, high: f64) -> Result<(), Problem> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let range = if high.is_finite() {
        format!("between {low} and {high}")
    } else {
        format!("at least {low}")
    };
    Err(Problem::at(key, format!("`{key}` must be {range}, got {value}")))
}

/// An axis of the prediction, batch counted as 0 and not allowed.
pub(crate) fn axis(axis: i64, output: &Output<'_>) -> Result<(), Problem> {
    let rank = output.shape.rank() as i64 + 1;
    if (1..rank).contains(&if axis < 0 { axis + rank } else { axis }) {
        return Ok(());
    }
    let message =
        format!("`axis` must be an axis of {} and not the first, got {axis}", output.shape);
    Err(Problem::at("axis", message))
}

fn units(output: &Output<'_>) -> String {
    match output.shape.rank() {
        0 | 1 => count(output.shape.last(), "unit", "units"),
        _ => format!("the output shape {}", output.shape),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
