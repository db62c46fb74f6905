//! Gradients: every layer's and every loss's autograd against finite differences in f64, and every
//! kernel's in f32 against that of its reference; none of them subnormal where numbers are tiny.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

mod mixed;
mod rows;
mod subnormals;

use candle_core::{DType, Device, Tensor, Var, backprop::GradStore};
use lanthorn::config::{Catalog, Node};
use lanthorn::layers::kernels::{OutputMask, Pass};
use lanthorn::layers::{Context, Forward, Layer, LayerEntry, MaskRule, Signal};
use lanthorn::losses::{Loss, LossEntry};
use lanthorn::model::Weights;
use lanthorn::runtime::Random;
use lanthorn::{Shape, layers};
use rows::{Row, rows};
use serde_json::{Value, json};

const BATCH: usize = 2;
/// Numbers of a tensor that are moved.
const PLACES: usize = 6;

fn entry(config: &Value) -> LayerEntry {
    Node::from_json(config).read().unwrap_or_else(|error| panic!("{config}: {error}"))
}

#[test]
fn every_layer_has_a_row() {
    let named: Vec<&str> = rows().iter().map(|row| entry(&row.config).kind.name).collect();
    for kind in <dyn Layer>::kinds() {
        assert!(named.contains(&kind.name), "`{}` has no row", kind.name);
    }
}

#[test]
fn gradients_of_layers_are_finite_differences() {
    let failed: Vec<String> = rows()
        .iter()
        .filter_map(|row| {
            let failure = check_layer(row).err()?;
            Some(format!("{} on {:?}: {failure}", row.config, row.input))
        })
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// What a layer says of its mask, its kernel does.
#[test]
fn a_kernel_does_to_the_mask_what_its_layer_says() {
    for row in rows() {
        let built = Built::of(&row, DType::F32).unwrap();
        let Some(bound) = built.layer.to_kernel() else { continue };
        let random = Random::new(7);
        let pass = Pass::of_training(0, &random);
        let does = bound.kernel.mask(&pass, &[], &mut Vec::new());
        let says = match entry(&row.config).item.mask_rule() {
            MaskRule::Passes => OutputMask::Same,
            MaskRule::Drops => OutputMask::Dropped,
            MaskRule::Makes => OutputMask::Made,
        };
        assert_eq!(does, says, "{}", row.config);
    }
}

/// A layer with its weights in one type of number, and its input.
struct Built {
    layer: Box<dyn Forward>,
    shape: Shape,
    weights: Weights,
    x: Var,
    mask: Option<Tensor>,
}

impl Built {
    fn of(row: &Row, dtype: DType) -> Result<Built, String> {
        let entry = entry(&row.config);
        let shape = Shape(row.input.clone());
        let mut weights = Weights::new(Random::new(1), &Device::Cpu).with_dtype(dtype);
        let output = entry.item.output_shape(&shape).map_err(|problem| problem.message)?;
        let trainable = entry.common.trainable.unwrap_or(true);
        let mut scope = weights.scope("layer", trainable);
        let layer = entry.item.build(&shape, &mut scope).map_err(text)?;
        for weight in weights.trainable() {
            let values = numbers(&weight.path(), weight.elements(), |normal| 0.3 + 0.5 * normal);
            let values = Tensor::from_vec(values, weight.shape(), &Device::Cpu);
            weight.set(&values.map_err(text)?).map_err(text)?;
        }
        let numbers = match entry.kind.name {
            "embedding" => (0..BATCH * shape.elements()).map(|i| (i * 3 % 5) as f64).collect(),
            _ => numbers("x", BATCH * shape.elements(), |normal| normal),
        };
        let x = tensor(numbers, &shape.with_batch(BATCH), dtype)?;
        let mask = vec![1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
        let mask = if row.masked { Some(tensor(mask, &[BATCH, 4], dtype)?) } else { None };
        Ok(Built { layer, shape: output, weights, x: Var::from_tensor(&x).map_err(text)?, mask })
    }

    /// `Σ output · cotangent` and the layer's own losses, in training.
    fn total(&self, kernels: bool) -> Result<Option<Tensor>, String> {
        let random = Random::new(7);
        let mut context = Context::training(3, &random);
        let Some(output) = self.output_within(kernels, &mut context)? else { return Ok(None) };
        let n = output.elem_count();
        let cotangent = numbers("cotangent", n, |normal| normal);
        let cotangent = tensor(cotangent, output.dims(), output.dtype())?;
        let mut total = (output * cotangent).and_then(|y| y.sum_all()).map_err(text)?;
        for loss in &context.losses {
            total = (total + loss).map_err(text)?;
        }
        Ok(Some(total))
    }

    /// The output, in training.
    fn output(&self, kernels: bool) -> Result<Option<Tensor>, String> {
        self.output_within(kernels, &mut Context::training(3, &Random::new(7)))
    }

    fn output_within(
        &self,
        kernels: bool,
        context: &mut Context<'_>,
    ) -> Result<Option<Tensor>, String> {
        let signal = Signal { tensor: self.x.as_tensor().clone(), mask: self.mask.clone() };
        let output = match self.layer.to_kernel() {
            Some(bound) if kernels => layers::apply_kernel(&bound, &self.shape, signal, context),
            _ if kernels => return Ok(None),
            _ => self.layer.forward(signal, context),
        };
        Ok(Some(output.map_err(text)?.tensor))
    }

    fn vars(&self) -> Vec<(String, Var)> {
        let weights = self.weights.trainable().map(|weight| (weight.path(), weight.var.clone()));
        weights.chain([("input".to_string(), self.x.clone())]).collect()
    }
}

fn check_layer(row: &Row) -> Result<(), String> {
    let is_embedding = entry(&row.config).kind.name == "embedding"; // ids have no gradient
    let exact = Built::of(row, DType::F64)?;
    let scalar = || {
        let total = exact.total(false)?.ok_or("no output")?;
        total.to_scalar::<f64>().map_err(text)
    };
    let gradients = exact.total(false)?.ok_or("no output")?.backward().map_err(text)?;
    for (name, var) in exact.vars() {
        if !(is_embedding && name == "input") {
            differences(&name, &var, &gradients, scalar)?;
        }
    }
    let single = Built::of(row, DType::F32)?;
    let Some(total) = single.total(true)? else { return Ok(()) };
    let (value, exact_value) = (total.to_scalar::<f32>().map_err(text)?, scalar()?);
    if (f64::from(value) - exact_value).abs() > 1e-4 * (1.0 + exact_value.abs()) {
        return Err(format!("kernel {value}, candle ops {exact_value}"));
    }
    let theirs = total.backward().map_err(text)?;
    for ((name, exact), (_, single)) in exact.vars().into_iter().zip(single.vars()) {
        let (a, b) = (flat(&gradients, &exact)?, flat(&theirs, &single)?);
        let scale = a.iter().fold(1.0f64, |most, value| most.max(value.abs()));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            if (a - b).abs() > 1e-4 * scale {
                return Err(format!("{name}[{i}]: kernel {b}, candle ops {a}"));
            }
        }
    }
    Ok(())
}

/// Central differences at some places of a variable.
fn differences(
    name: &str,
    var: &Var,
    gradients: &GradStore,
    scalar: impl Fn() -> Result<f64, String>,
) -> Result<(), String> {
    let gradient = flat(gradients, var)?;
    let values = var.flatten_all().and_then(|var| var.to_vec1::<f64>()).map_err(text)?;
    let set = |place: usize, value: f64| -> Result<(), String> {
        let mut moved = values.clone();
        moved[place] = value;
        var.set(&tensor(moved, var.dims(), DType::F64)?).map_err(text)
    };
    let step = (values.len() / PLACES).max(1);
    for place in (0..values.len()).step_by(step) {
        let (value, h) = (values[place], 1e-5);
        set(place, value + h)?;
        let above = scalar()?;
        set(place, value - h)?;
        let below = scalar()?;
        set(place, value)?;
        let difference = (above - below) / (2.0 * h);
        if (difference - gradient[place]).abs() > 1e-4 * (1.0 + difference.abs()) {
            let ours = gradient[place];
            return Err(format!(
                "{name}[{place}]: gradient {ours}, finite difference {difference}"
            ));
        }
    }
    Ok(())
}

/// The gradient of a variable, zeros where there is none.
fn flat(gradients: &GradStore, var: &Var) -> Result<Vec<f64>, String> {
    match gradients.get(var) {
        Some(gradient) => gradient
            .to_dtype(DType::F64)
            .and_then(|gradient| gradient.flatten_all()?.to_vec1())
            .map_err(text),
        None => Ok(vec![0.0; var.elem_count()]),
    }
}

/// A name's own numbers; those that f32 holds, so that both types start from the same.
fn numbers(name: &str, n: usize, of: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut stream = Random::new(5).stream("test", name, 0);
    (0..n).map(|_| f64::from(of(f64::from(stream.normal())) as f32)).collect()
}

fn tensor(values: Vec<f64>, dims: &[usize], dtype: DType) -> Result<Tensor, String> {
    let values = Tensor::from_vec(values, dims, &Device::Cpu);
    values.and_then(|values| values.to_dtype(dtype)).map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A loss, and what its targets and predictions are.
fn loss_rows() -> Vec<(Value, &'static str)> {
    let mut rows: Vec<(Value, &'static str)> = [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "huber",
        "log_cosh",
        "cosine_similarity",
    ]
    .map(|name| (json!(name), "numbers"))
    .to_vec();
    rows.extend(["hinge", "squared_hinge", "categorical_hinge"].map(|name| (json!(name), "signs")));
    rows.extend(
        ["mean_squared_logarithmic_error", "poisson"].map(|name| (json!(name), "positive")),
    );
    rows.extend(
        ["binary_crossentropy", "binary_focal_crossentropy", "dice", "tversky"]
            .map(|name| (json!(name), "flags")),
    );
    rows.extend(
        ["categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence"]
            .map(|name| (json!(name), "distribution")),
    );
    for name in ["binary_crossentropy", "binary_focal_crossentropy"] {
        rows.push((json!({ name: {"from_logits": true, "label_smoothing": 0.1} }), "logits"));
    }
    for name in ["categorical_crossentropy", "categorical_focal_crossentropy"] {
        rows.push((json!({ name: {"from_logits": true, "label_smoothing": 0.1} }), "numbers"));
    }
    rows.push((json!("categorical_generalized_cross_entropy"), "classes"));
    rows.push((json!("sparse_categorical_crossentropy"), "classes"));
    rows.push((json!({"sparse_categorical_crossentropy": {"from_logits": true}}), "class_logits"));
    rows.push((json!("crossentropy"), "classes"));
    rows.push((json!("circle"), "unit_rows"));
    let named: Vec<&str> = rows.iter().map(|(config, _)| loss(config).kind.name).collect();
    let others = <dyn Loss>::kinds().iter().filter(|kind| !named.contains(&kind.name));
    rows.extend(others.map(|kind| (json!(kind.name), "numbers")));
    rows
}

#[test]
fn every_loss_has_a_row() {
    let named: Vec<&str> = loss_rows().iter().map(|(config, _)| loss(config).kind.name).collect();
    for kind in <dyn Loss>::kinds() {
        assert!(named.contains(&kind.name), "`{}` has no row", kind.name);
    }
}

#[test]
fn gradients_of_losses_are_finite_differences() {
    let failed: Vec<String> = loss_rows()
        .iter()
        .filter_map(|(config, kind)| Some(format!("{config}: {}", check_loss(config, kind).err()?)))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

fn loss(config: &Value) -> LossEntry {
    Node::from_json(config).read().unwrap_or_else(|error| panic!("{config}: {error}"))
}

fn check_loss(config: &Value, kind: &str) -> Result<(), String> {
    let (samples, classes) = (4, 3);
    let n = samples * classes;
    let flags = |value: f64| if value > 0.0 { 1.0 } else { 0.0 };
    let normal = |name: &str| numbers(name, n, |normal| normal);
    let shares = |name: &str| -> Vec<f64> {
        let values: Vec<f64> = normal(name).iter().map(|value| value.exp()).collect();
        let rows = values.chunks(classes).flat_map(|row| {
            let sum: f64 = row.iter().sum();
            row.iter().map(move |value| value / sum)
        });
        rows.collect()
    };
    let inner = |values: Vec<f64>| -> Vec<f64> {
        values.iter().map(|value| 1.0 / (1.0 + (-value).exp())).collect()
    };
    let (target, prediction) = match kind {
        "numbers" => (normal("target"), normal("prediction")),
        "signs" => {
            let signs = normal("target").iter().map(|value| 2.0 * flags(*value) - 1.0).collect();
            (signs, normal("prediction"))
        }
        "positive" => (inner(normal("target")), inner(normal("prediction"))),
        "flags" => {
            let target = normal("target").iter().map(|value| flags(*value)).collect();
            (target, inner(normal("prediction")))
        }
        "logits" => {
            let target = normal("target").iter().map(|value| flags(*value)).collect();
            (target, normal("prediction"))
        }
        "distribution" => (shares("target"), shares("prediction")),
        "classes" => (vec![0.0, 2.0, 1.0, 1.0], shares("prediction")),
        "class_logits" => (vec![0.0, 2.0, 1.0, 1.0], normal("prediction")),
        _ => {
            let rows = normal("prediction");
            let unit = rows.chunks(classes).flat_map(|row| {
                let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
                row.iter().map(move |value| value / length)
            });
            (vec![0.0, 1.0, 1.0, 0.0], unit.collect())
        }
    };
    let width = target.len() / samples;
    let target = tensor(target, &[samples, width], DType::F64)?;
    let prediction = tensor(prediction, &[samples, classes], DType::F64)?;
    let (loss, var) = (loss(config), Var::from_tensor(&prediction).map_err(text)?);
    let value = || loss.compute(&target, var.as_tensor(), None, None).map_err(text);
    let gradients = value()?.backward().map_err(text)?;
    differences("prediction", &var, &gradients, || value()?.to_scalar::<f64>().map_err(text))
}
