//! Numbers near f32's smallest, through every layer both ways: none comes out subnormal, of the
//! kernels or of candle's ops.

use candle_core::DType;
use lanthorn::runtime::FlushToZero;
use lanthorn::runtime::threads;

use super::*;

/// A number's size, kept in the range that is just above the subnormal numbers.
fn tiny(normal: f64) -> f64 {
    normal.signum() * (3e-38 * normal.abs()).max(1.2e-38)
}

/// The output and the gradients of a layer over tiny numbers that are subnormal.
fn subnormals(row: &Row, kernels: bool) -> Result<Vec<String>, String> {
    let built = Built::of(row, DType::F32)?;
    if entry(&row.config).kind.name != "embedding" {
        let n = built.x.elem_count();
        built.x.set(&tensor(numbers("x", n, tiny), built.x.dims(), DType::F32)?).map_err(text)?;
    }
    let Some(output) = built.output(kernels)? else { return Ok(Vec::new()) };
    let cotangent = numbers("cotangent", output.elem_count(), tiny);
    let cotangent = tensor(cotangent, output.dims(), DType::F32)?;
    // the gradient of Σ output · cotangent is the cotangent, which is not multiplied for it
    let total = (&output * cotangent).and_then(|y| y.sum_all()).map_err(text)?;
    let gradients = total.backward().map_err(text)?;
    let mut found = Vec::new();
    let mut look = |name: String, tensor: &Tensor| -> Result<(), String> {
        let values = tensor.flatten_all().and_then(|values| values.to_vec1::<f32>());
        let values = values.map_err(text)?;
        if let Some(value) = values.iter().find(|value| value.is_subnormal()) {
            found.push(format!("{} (kernel: {kernels}): {name} {value:e}", row.config));
        }
        Ok(())
    };
    look("output".to_string(), &output)?;
    for (name, var) in built.vars() {
        if let Some(gradient) = gradients.get(&var) {
            look(name, gradient)?;
        }
    }
    Ok(found)
}

fn of_all_layers() -> Vec<String> {
    let rows = rows();
    let both = rows.iter().flat_map(|row| [(row, true), (row, false)]);
    both.flat_map(|(row, kernels)| {
        subnormals(row, kernels).unwrap_or_else(|error| panic!("{}: {error}", row.config))
    })
    .collect()
}

#[test]
fn no_layer_gives_a_subnormal_number_on_the_threads_that_compute() {
    let found = threads::within(of_all_layers);
    assert!(found.is_empty() || !FlushToZero::is_supported(), "\n{}", found.join("\n"));
    // on this thread, whose setting is the usual one, they would come out
    assert!(of_all_layers().len() > 10, "the numbers are not small enough to show anything");
}
