//! Initializers: mean, deviation and bounds of the draws; orthogonality.

use lanthorn::config::Node;
use lanthorn::exchange::keras_json::translate;
use lanthorn::layers::initializers::Initializer;
use lanthorn::runtime::Random;
use serde_json::Value;

use crate::golden::{Golden, Outcome, close_numbers};

pub fn check(_: &Golden, case: &Value) -> Result<Outcome, String> {
    let initializer: Initializer =
        Node::from_json(&translate(case)).read().map_err(|e| e.to_string())?;
    let dims = |key: &str| -> Vec<usize> {
        let dims = case[key].as_array().into_iter().flatten();
        dims.filter_map(Value::as_u64).map(|dim| dim as usize).collect()
    };
    let shape = dims("shape");
    initializer.check_shape(&shape).map_err(|problem| problem.message)?;
    let values = initializer.values(&shape, &Random::new(5), "dense.kernel");
    if case["class_name"] == "Orthogonal" {
        let matrix = dims("flatten_to");
        return orthogonal(&values, [matrix[0], matrix[1]], case["gram_side"] == "rows");
    }
    let number = |key: &str| case[key].as_f64().unwrap_or(f64::NAN) as f32;
    let n = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
    let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let deviation = number("sample_std");
    // the means of two samples differ by a few standard errors
    let error = 6.0 * deviation / (n as f32).sqrt() + 1e-6;
    close_numbers("mean", &[mean as f32], &[number("sample_mean")], error, 0.0)?;
    close_numbers("deviation", &[variance.sqrt() as f32], &[deviation], 1e-6, 0.05)?;
    // a bounded distribution fills its range; the extremes of a normal one vary
    let is_bounded = !matches!(&initializer, Initializer::RandomNormal { .. })
        && case["config"]["distribution"] != "untruncated_normal";
    let rtol = if is_bounded { 0.03 } else { 0.5 };
    close_numbers("least", &[low], &[number("sample_min")], 1e-6, rtol)?;
    close_numbers("greatest", &[high], &[number("sample_max")], 1e-6, rtol)?;
    Ok(Outcome::Pass)
}

/// The Gram matrix of the rows or columns is the identity.
fn orthogonal(
    values: &[f32],
    [rows, columns]: [usize; 2],
    of_rows: bool,
) -> Result<Outcome, String> {
    let (n, length) = if of_rows { (rows, columns) } else { (columns, rows) };
    let at = |i: usize, k: usize| {
        let (row, column) = if of_rows { (i, k) } else { (k, i) };
        f64::from(values[row * columns + column])
    };
    for i in 0..n {
        for j in 0..n {
            let product: f64 = (0..length).map(|k| at(i, k) * at(j, k)).sum();
            let wanted = if i == j { 1.0 } else { 0.0 };
            close_numbers("Gram matrix", &[product as f32], &[wanted], 1e-6, 0.0)?;
        }
    }
    Ok(Outcome::Pass)
}
