//! Temperature scaling: one number that divides the logits, so that probabilities mean what they say
//! (Guo et al. 2017, "On calibration of modern neural networks").

/// The temperature lies between 1 / `MOST` and `MOST`: where every row is predicted right, none
/// would be low enough.
const MOST: f64 = 100.0;

/// What the logits are to be held to.
pub(crate) enum Truth {
    /// A class a row; as many logits a row as there are classes, through a softmax.
    Classes { width: usize, of_rows: Vec<usize> },
    /// 0 or 1 a logit, through a sigmoid.
    Bits(Vec<f64>),
}

/// The temperature at which the targets are likeliest. In β = 1 / T the mean of -log p is convex, so
/// that its slope is searched for its zero.
pub(crate) fn fit_temperature(logits: &[f32], targets: &Truth, weights: Option<&[f32]>) -> f64 {
    let (mut low, mut high) = ((1.0 / MOST).ln(), MOST.ln());
    while high - low > 1e-12 {
        let middle = f64::midpoint(low, high);
        if slope(middle.exp(), logits, targets, weights) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    (-f64::midpoint(low, high)).exp()
}

/// The derivative of Σ w · -log p by β: for a softmax `Σ w (Σ p z - z of the class)`, for a sigmoid
/// `Σ w (p - y) z`.
fn slope(beta: f64, logits: &[f32], targets: &Truth, weights: Option<&[f32]>) -> f64 {
    let (width, rows) = match targets {
        Truth::Classes { width, of_rows } => (*width, of_rows.len()),
        Truth::Bits(bits) => {
            let rows = weights.map_or(bits.len(), <[f32]>::len);
            (bits.len() / rows.max(1), rows)
        }
    };
    let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
    let of_row = |(row, z): (usize, &[f32])| match targets {
        Truth::Classes { of_rows, .. } => weight(row) * softmax_slope(beta, z, of_rows[row]),
        Truth::Bits(bits) => {
            let bits = &bits[row * width..(row + 1) * width];
            let of_bit = |(z, y): (&f32, &f64)| {
                let z = f64::from(*z);
                (1.0 / (1.0 + (-beta * z).exp()) - y) * z
            };
            weight(row) * z.iter().zip(bits).map(of_bit).sum::<f64>()
        }
    };
    logits.chunks_exact(width.max(1)).take(rows).enumerate().map(of_row).sum()
}

fn softmax_slope(beta: f64, z: &[f32], class: usize) -> f64 {
    let largest = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut total, mut mean) = (0.0, 0.0);
    for z in z {
        let power = (beta * f64::from(z - largest)).exp();
        total += power;
        mean += power * f64::from(*z);
    }
    mean / total - f64::from(z.get(class).copied().unwrap_or(largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::numbers;

    #[test]
    fn scikit_learn_finds_the_same_temperature() {
        let logits = numbers(600, 1);
        let of_rows: Vec<usize> = numbers(200, 2)
            .iter()
            .zip(logits.chunks(3))
            .map(|(draw, z)| match *draw {
                d if d < -1.0 => 0,
                d if d > 2.5 => 2,
                _ => crate::metrics::argmax(z),
            })
            .collect();
        let weights: Vec<f32> = numbers(200, 3).iter().map(|w| w + 4.5).collect();
        let classes = Truth::Classes { width: 3, of_rows };
        let bits = Truth::Bits(
            numbers(200, 4)
                .iter()
                .zip(&logits)
                .map(|(d, z)| f64::from(u8::from(d + z > 0.0)))
                .collect(),
        );
        let expected = [SOFTMAX, SOFTMAX_WEIGHTED, SIGMOID];
        let found = [
            fit_temperature(&logits, &classes, None),
            fit_temperature(&logits, &classes, Some(&weights)),
            fit_temperature(&logits[..200], &bits, None),
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
        }
    }

    /// Recorded from scikit-learn 1.9.1 by tests/files/decisions/make.py.
    const SOFTMAX: f64 = 3.626_421_489_451_209_5;
    const SOFTMAX_WEIGHTED: f64 = 3.359_116_958_502_404_3;
    const SIGMOID: f64 = 1.640_352_959_894_684;

    #[test]
    fn rows_that_are_all_right_end_at_the_bound() {
        let targets = Truth::Classes { width: 2, of_rows: vec![0, 1] };
        let found = fit_temperature(&[2.0, 1.0, 1.0, 2.0], &targets, None);
        assert!((found - 1.0 / MOST).abs() < 1e-9, "{found}");
    }
}
