//! Mixed precision: every layer, given what it computes in, comes near its own values and gradients
//! in f32; the gradients reach the f32 weights.

use super::*;

/// How far numbers may be apart, as a part of all of them together.
const MOST: f64 = 0.03;

/// Output and gradients of a layer, in order.
fn values(row: &Row, compute: DType) -> Result<Vec<(String, Vec<f64>)>, String> {
    let built = Built::of(row, DType::F32)?;
    let random = Random::new(7);
    let mut context = Context::training(3, &random);
    context.compute = compute;
    let wants = if built.layer.computes_in_bf16() { compute } else { DType::F32 };
    let x = built.x.as_tensor().to_dtype(wants).map_err(text)?;
    let signal = Signal { tensor: x, mask: built.mask.clone() };
    let output = built.layer.forward(signal, &mut context).map_err(text)?.tensor;
    if compute == DType::F32 && output.dtype() != DType::F32 {
        return Err(format!("the output is {:?}", output.dtype()));
    }
    let output = output.to_dtype(DType::F32).map_err(text)?;
    let cotangent = numbers("cotangent", output.elem_count(), |normal| normal);
    let cotangent = tensor(cotangent, output.dims(), DType::F32)?;
    let mut total = (&output * cotangent).and_then(|y| y.sum_all()).map_err(text)?;
    for loss in &context.losses {
        total = (total + loss).map_err(text)?;
    }
    let gradients = total.backward().map_err(text)?;
    let output = output.to_dtype(DType::F64).and_then(|output| output.flatten_all()?.to_vec1());
    let mut all = vec![("output".to_string(), output.map_err(text)?)];
    for (name, var) in built.vars() {
        if let Some(gradient) = gradients.get(&var)
            && gradient.dtype() != DType::F32
        {
            return Err(format!("the gradient of {name} is {:?}", gradient.dtype()));
        }
        all.push((name, flat(&gradients, &var)?));
    }
    Ok(all)
}

fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

fn check(row: &Row) -> Result<(), String> {
    let (single, mixed) = (values(row, DType::F32)?, values(row, DType::BF16)?);
    for ((name, single), (_, mixed)) in single.iter().zip(&mixed) {
        let apart = length(single.iter().zip(mixed).map(|(single, mixed)| single - mixed));
        let all = length(single.iter().copied());
        if apart > MOST * all + 1e-2 {
            return Err(format!("{name} is {apart} apart of {all}"));
        }
    }
    Ok(())
}

#[test]
fn layers_in_mixed_precision_come_near_their_values_and_gradients_in_f32() {
    let rows = rows();
    let failed: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{} on {:?}: {}", row.config, row.input, check(row).err()?)))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// The layers with matrix products do compute in it: their outputs are other than in f32.
#[test]
fn layers_with_matrix_products_compute_in_bfloat16() {
    let products = ["dense", "einsum_dense", "conv2d", "conv2d_transpose", "lstm", "gru"];
    for row in rows() {
        let name = entry(&row.config).kind.name;
        if products.contains(&name) {
            let (single, mixed) = (values(&row, DType::F32), values(&row, DType::BF16));
            assert_ne!(single.unwrap()[0], mixed.unwrap()[0], "{}", row.config);
        }
    }
}
