//! Losses over plain slices: values and gradients without tensors, for steps without autograd. The
//! tensors' way, [`LossEntry::compute`], is the definition; both agree to rounding.

use super::loss::{LossBatch, LossEntry, Reduction};
use crate::numeric::{exp_nonpositive, ln};

impl LossEntry {
    /// [`LossEntry::compute`] over slices: the reduced loss, and in `gradient` its derivative by
    /// each prediction. None where this loss, or one of its arguments, has no such form.
    ///
    /// `mask` and `sample_weight` have an entry a row, or an entry for each run of rows that belong
    /// to one sample. `scratch` is a place that is kept from call to call, so that none allocates.
    #[allow(clippy::too_many_arguments)]
    pub fn compute_slices(
        &self,
        target: &[f32],
        prediction: &[f32],
        width: usize,
        mask: Option<&[f32]>,
        sample_weight: Option<&[f32]>,
        scratch: &mut Vec<f32>,
        gradient: &mut [f32],
    ) -> Option<f32> {
        let rows = prediction.len().checked_div(width)?;
        let fits = rows > 0
            && rows * width == prediction.len()
            && gradient.len() == prediction.len()
            && target.len().is_multiple_of(rows);
        if !fits {
            return None;
        }
        let batch = LossBatch { target, target_width: target.len() / rows, prediction, width };
        scratch.resize(rows, 0.0);
        if !self.item.value_and_gradient(&batch, scratch, gradient) {
            return None;
        }
        let reduction = self.common.reduction.unwrap_or_default();
        if mask.is_none() && sample_weight.is_none() {
            let scale = match reduction {
                Reduction::Sum => return Some(total(scratch)),
                _ => 1.0 / rows as f32,
            };
            for slope in gradient {
                *slope *= scale;
            }
            return Some(total(scratch) * scale);
        }
        let factors = Factors::new(mask, sample_weight, reduction, rows)?;
        let scale = match reduction {
            Reduction::Sum => 1.0,
            Reduction::SumOverBatchSize => 1.0 / rows as f32,
            Reduction::MeanWithSampleWeight => 1.0 / factors.total().max(f32::MIN_POSITIVE),
        };
        for (row, (value, slopes)) in
            scratch.iter_mut().zip(gradient.chunks_exact_mut(width)).enumerate()
        {
            let factor = factors.of(row);
            *value *= factor;
            for slope in slopes {
                *slope *= factor * scale;
            }
        }
        Some(total(scratch) * scale)
    }
}

const LANES: usize = 8;

/// Masks and weights as one factor a row.
struct Factors<'a> {
    mask: &'a [f32],
    weight: &'a [f32],
    /// Rows to an entry of the mask, and of the weights.
    runs: [usize; 2],
    /// Over the batch's size, a mask counts as `mask · total / valid`.
    mask_scale: f32,
}

impl<'a> Factors<'a> {
    fn new(
        mask: Option<&'a [f32]>,
        weight: Option<&'a [f32]>,
        reduction: Reduction,
        rows: usize,
    ) -> Option<Self> {
        let run = |entries: Option<&[f32]>| match entries.map_or(1, <[f32]>::len) {
            0 => None,
            len => rows.is_multiple_of(len).then_some(rows / len),
        };
        let runs = [run(mask)?, run(weight)?];
        let mask_scale = match (mask, reduction) {
            (Some(mask), Reduction::SumOverBatchSize) => {
                mask.len() as f32 / (total(mask) + super::terms::EPSILON as f32)
            }
            _ => 1.0,
        };
        let one: &[f32] = &[1.0];
        Some(Factors { mask: mask.unwrap_or(one), weight: weight.unwrap_or(one), runs, mask_scale })
    }

    fn of(&self, row: usize) -> f32 {
        self.weight[row / self.runs[1]] * (self.mask[row / self.runs[0]] * self.mask_scale)
    }

    /// The sum of the factors as given: one for each run of rows that share it.
    fn total(&self) -> f32 {
        let run = self.runs[0].min(self.runs[1]);
        let entries = self.mask.len().max(self.weight.len());
        (0..entries).map(|entry| self.of(entry * run)).sum()
    }
}

/// The mean of `each(y, p)` over the columns of each row, with its derivative by p; `each` gives
/// both. False where the target has other columns than the prediction.
#[inline]
pub(crate) fn mean_of_columns(
    batch: &LossBatch<'_>,
    values: &mut [f32],
    gradient: &mut [f32],
    each: impl Fn(f32, f32) -> (f32, f32),
) -> bool {
    let LossBatch { target, target_width, prediction, width } = *batch;
    if target_width != width {
        return false;
    }
    let pairs = target.iter().zip(prediction);
    if width == 1 {
        for ((value, slope), (y, p)) in values.iter_mut().zip(gradient).zip(pairs) {
            (*value, *slope) = each(*y, *p);
        }
        return true;
    }
    let share = 1.0 / width as f32;
    let rows = target.chunks_exact(width).zip(prediction.chunks_exact(width));
    for ((value, slopes), (target, prediction)) in
        values.iter_mut().zip(gradient.chunks_exact_mut(width)).zip(rows)
    {
        // eight sums side by side, which a compiler can keep in one register
        let mut lanes = [0.0f32; LANES];
        let (mut targets, mut predictions) =
            (target.chunks_exact(LANES), prediction.chunks_exact(LANES));
        let mut whole = slopes.chunks_exact_mut(LANES);
        for ((slopes, y), p) in whole.by_ref().zip(targets.by_ref()).zip(predictions.by_ref()) {
            for lane in 0..LANES {
                let (value, derivative) = each(y[lane], p[lane]);
                lanes[lane] += value;
                slopes[lane] = derivative * share;
            }
        }
        let mut sum = lanes.iter().sum::<f32>();
        let rest = targets.remainder().iter().zip(predictions.remainder());
        for (slope, (y, p)) in whole.into_remainder().iter_mut().zip(rest) {
            let (value, derivative) = each(*y, *p);
            sum += value;
            *slope = derivative * share;
        }
        *value = sum * share;
    }
    true
}

/// Each row of a batch with its value and its slopes.
#[inline]
pub(crate) fn each_row(
    batch: &LossBatch<'_>,
    values: &mut [f32],
    gradient: &mut [f32],
    row: impl Fn(&[f32], &[f32], &mut [f32]) -> f32,
) {
    let targets = batch.target.chunks_exact(batch.target_width);
    let rows = targets.zip(batch.prediction.chunks_exact(batch.width));
    for ((value, slopes), (target, prediction)) in
        values.iter_mut().zip(gradient.chunks_exact_mut(batch.width)).zip(rows)
    {
        *value = row(target, prediction, slopes);
    }
}

/// A probability kept in [1e-7, 1 - 1e-7], and whether it was there by itself.
#[inline]
pub(crate) fn clip_probability(p: f32) -> (f32, bool) {
    let clipped = p.clamp(1e-7, 1.0 - 1e-7);
    (clipped, clipped == p)
}

/// Each row of a batch of logits with its value. `row` sees the target, the scores, the largest score
/// m, `ln Σ e^(score - m)`, and the softmax, which it turns into the slopes.
#[inline]
pub(crate) fn each_softmax(
    batch: &LossBatch<'_>,
    values: &mut [f32],
    gradient: &mut [f32],
    row: impl Fn(&[f32], &[f32], f32, f32, &mut [f32]) -> f32,
) {
    each_row(batch, values, gradient, |_, scores, shifted| {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (shifted, score) in shifted.iter_mut().zip(scores) {
            *shifted = score - largest;
        }
        largest
    });
    // over all rows at once, so that a row of two classes fills a register, too
    for shifted in gradient.iter_mut() {
        *shifted = exp_nonpositive(*shifted);
    }
    let targets = batch.target.chunks_exact(batch.target_width);
    let rows = targets.zip(batch.prediction.chunks_exact(batch.width));
    for ((value, shares), (target, scores)) in
        values.iter_mut().zip(gradient.chunks_exact_mut(batch.width)).zip(rows)
    {
        let sum = shares.iter().sum::<f32>();
        let inverse = 1.0 / sum;
        for share in shares.iter_mut() {
            *share *= inverse;
        }
        *value = row(target, scores, *value, ln(sum), shares);
    }
}

/// `ln (1 + e^-|x|)` and `1 / (1 + e^-x)`.
#[inline]
pub(crate) fn logistic(x: f32) -> (f32, f32) {
    let small = exp_nonpositive(-x.abs());
    let share = 1.0 / (1.0 + small);
    (ln(1.0 + small), if x >= 0.0 { share } else { small * share })
}

/// The sum, by eight sums side by side.
fn total(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
pub(super) mod tests {
    use candle_core::{Device, Tensor, Var};
    use serde_json::{Value, json};

    use crate::config::{Catalog, Node};
    use crate::losses::{Loss, LossEntry};

    /// The arguments under which each loss that has a form over slices is tried, besides none.
    fn variants(name: &str) -> Vec<Value> {
        let logits = json!({"from_logits": true});
        match name {
            "huber" => vec![json!({"delta": 0.3})],
            "binary_crossentropy" | "categorical_crossentropy" => vec![
                logits,
                json!({"label_smoothing": 0.2}),
                json!({"label_smoothing": 0.2, "from_logits": true}),
            ],
            "sparse_categorical_crossentropy" | "crossentropy" => vec![logits],
            _ => vec![],
        }
    }

    pub(in crate::losses) fn entries() -> Vec<LossEntry> {
        let mut entries = Vec::new();
        for kind in <dyn Loss>::kinds() {
            let mut all = variants(kind.name);
            all.push(json!({}));
            for arguments in all {
                for reduction in ["sum_over_batch_size", "sum", "mean_with_sample_weight"] {
                    let mut arguments = arguments.clone();
                    arguments["reduction"] = json!(reduction);
                    let entry = json!({ kind.name: arguments });
                    entries.push(Node::from_json(&entry).read().unwrap());
                }
            }
        }
        entries
    }

    /// Numbers from 0 to 1, both among them.
    pub(in crate::losses) fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 + seed * 11 + i * i) % 21) as f32 / 20.0).collect()
    }

    pub(in crate::losses) fn tensor(values: &[f32], dims: &[usize]) -> Tensor {
        Tensor::from_slice(values, dims, &Device::Cpu).unwrap()
    }

    pub(in crate::losses) fn assert_close(what: &str, a: &[f32], b: &[f32]) {
        for (a, b) in a.iter().zip(b) {
            let near = (a - b).abs() <= 1e-6 + 1e-6 * b.abs() || (a.is_nan() && b.is_nan());
            assert!(near, "{what}: {a}, by tensors {b}");
        }
    }

    #[test]
    fn slices_give_what_tensors_give() {
        let mut with_slices = std::collections::BTreeSet::new();
        for entry in entries() {
            for dims in
                [vec![5, 1], vec![20, 1], vec![6, 2], vec![7, 5], vec![3, 19], vec![4, 3, 2]]
            {
                let (samples, width) = (dims[0], dims[dims.len() - 1]);
                let count: usize = dims.iter().product();
                let rows = count / width;
                let prediction = numbers(count, 1);
                let classes: Vec<f32> = (0..rows).map(|i| (i * 3 % width) as f32).collect();
                let columns = numbers(count, 2);
                for (target, target_dims) in
                    [(&classes, &dims[..dims.len() - 1]), (&columns, &dims[..])]
                {
                    let weights = numbers(samples, 4);
                    let mask: Vec<f32> =
                        (0..rows).map(|i| f32::from(u8::from(i % 3 != 1))).collect();
                    let mask_dims = &dims[..dims.len() - 1];
                    for (has_mask, has_weight) in
                        [(false, false), (true, false), (false, true), (true, true)]
                    {
                        let what = format!("{entry:?} over {dims:?}, {has_mask} {has_weight}");
                        let mut gradient = vec![f32::NAN; count];
                        let ours = entry.compute_slices(
                            target,
                            &prediction,
                            width,
                            has_mask.then_some(&mask),
                            has_weight.then_some(&weights),
                            &mut Vec::new(),
                            &mut gradient,
                        );
                        let var = Var::from_tensor(&tensor(&prediction, &dims)).unwrap();
                        let theirs = entry.compute(
                            &tensor(target, target_dims),
                            var.as_tensor(),
                            has_mask.then(|| tensor(&mask, mask_dims)).as_ref(),
                            has_weight.then(|| tensor(&weights, &[samples])).as_ref(),
                        );
                        let (Some(ours), Ok(theirs)) = (ours, &theirs) else {
                            assert!(ours.is_none(), "{what}: {}", theirs.unwrap_err());
                            continue;
                        };
                        with_slices.insert(entry.kind.name);
                        assert_close(&what, &[ours], &[theirs.to_scalar().unwrap()]);
                        let slopes = theirs.backward().unwrap().remove(&var).unwrap();
                        let slopes: Vec<f32> = slopes.flatten_all().unwrap().to_vec1().unwrap();
                        assert_close(&what, &gradient, &slopes);
                    }
                }
            }
        }
        let expected = [
            "binary_crossentropy",
            "categorical_crossentropy",
            "crossentropy",
            "huber",
            "log_cosh",
            "mean_absolute_error",
            "mean_squared_error",
            "poisson",
            "sparse_categorical_crossentropy",
        ];
        assert_eq!(with_slices.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_class_that_should_be_ignored_has_no_form_over_slices() {
        let entry = json!({"sparse_categorical_crossentropy": {"ignore_class": 0}});
        let loss: LossEntry = Node::from_json(&entry).read().unwrap();
        let mut gradient = [0.0; 4];
        let (target, prediction) = ([0.0, 1.0], [0.5, 0.5, 0.3, 0.7]);
        let scratch = &mut Vec::new();
        let none = loss.compute_slices(&target, &prediction, 2, None, None, scratch, &mut gradient);
        assert_eq!(none, None);
    }
}
