//! The products held to sums written out, and the transposed one to the adjoint of the forward one.

use super::{SlidingChannels, SlidingProduct};
use crate::kernels::matmul::SumStart;
use crate::kernels::window::{SlidingWindow, WindowAxis};

fn numbers(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
}

fn windows() -> Vec<SlidingWindow> {
    let axis = |input, output, size, stride, dilation, before| WindowAxis {
        input,
        output,
        size,
        stride,
        dilation,
        before,
    };
    let one = WindowAxis::NONE;
    let same = axis(9, 9, 3, 1, 1, 1);
    let strided = axis(10, 5, 3, 2, 1, 0);
    let wide = axis(7, 3, 5, 3, 1, 1);
    let dilated = axis(11, 11, 3, 1, 4, 4);
    let both = axis(12, 4, 3, 3, 2, 2);
    let causal = axis(8, 8, 4, 1, 1, 3);
    let far = axis(4, 3, 2, 5, 1, 0); // positions beyond the axis, and inputs that nobody sees
    let point = axis(6, 6, 1, 1, 1, 0);
    let skipping = axis(9, 5, 1, 2, 1, 0);
    [
        [one, one, same],
        [one, same, strided],
        [one, wide, dilated],
        [same, strided, point],
        [one, both, causal],
        [one, one, far],
        [one, point, point],
        [one, skipping, skipping],
        [point, one, wide],
    ]
    .map(|axes| SlidingWindow { axes })
    .to_vec()
}

/// Calls `each(position, tap, input)` for what every position sees.
fn each_seen(window: &SlidingWindow, mut each: impl FnMut(usize, usize, usize)) {
    let sources = window.sources();
    for (at, source) in sources.iter().enumerate() {
        if (*source as usize) < window.inputs() {
            each(at / window.taps(), at % window.taps(), *source as usize);
        }
    }
}

fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let far = (f64::from(*found) - expected).abs();
        assert!(far <= 1e-4 * (1.0 + expected.abs()), "{what}, {i}: {found} and not {expected}");
    }
}

/// Sums that begin with 0, with what the result holds, and with a row, each over a result that holds
/// something.
fn each_start(
    expected: &[f64],
    width: usize,
    what: &str,
    mut run: impl FnMut((&mut [f32], SumStart<'_>)),
) {
    let row = numbers(width, 11);
    for start in [SumStart::Zero, SumStart::Held, SumStart::Row(&row)] {
        let mut found = numbers(expected.len(), 13);
        let begin = |i: usize, held: f32| match start {
            SumStart::Zero => 0.0,
            SumStart::Held => held,
            SumStart::Row(row) => row[i % width],
        };
        let sums = expected.iter().zip(&found).enumerate();
        let expected: Vec<f64> =
            sums.map(|(i, (y, held))| y + f64::from(begin(i, *held))).collect();
        run((&mut found, start));
        assert_close(&found, &expected, &format!("{what}, {start:?}"));
    }
}

#[test]
fn products_are_the_sums_over_what_positions_see() {
    let sides =
        [(1, 1, 1), (3, 16, 1), (17, 37, 1), (5, 70, 1), (4, 6, 2), (40, 100, 4), (100, 9, 1)];
    // few columns, in the one product or in the other
    let narrow = [(40, 1, 1), (64, 2, 1), (100, 3, 1), (128, 4, 2), (1, 37, 1), (3, 90, 1)];
    let sizes = [&sides[..], &narrow].concat();
    for (case, window) in windows().iter().enumerate() {
        for (channels, filters, groups) in sizes.clone() {
            if filters % groups != 0 {
                continue;
            }
            let (count, width) = (channels / groups, filters / groups);
            let products = SlidingProduct::new(window, channels, filters, groups);
            let x = numbers(window.inputs() * channels, 3);
            let kernel = numbers(window.taps() * count * filters, 5);
            let dy = numbers(window.positions() * filters, 7);
            let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
            let mut dkernel = vec![0.0; kernel.len()];
            each_seen(window, |position, tap, input| {
                for c in 0..channels {
                    let group = c / count;
                    for f in group * width..(group + 1) * width {
                        let at = (tap * count + c % count) * filters + f;
                        let (of_x, of_y) = (input * channels + c, position * filters + f);
                        y[of_y] += f64::from(x[of_x]) * f64::from(kernel[at]);
                        dx[of_x] += f64::from(dy[of_y]) * f64::from(kernel[at]);
                        dkernel[at] += f64::from(x[of_x]) * f64::from(dy[of_y]);
                    }
                }
            });
            let what = format!("window {case}, {channels} to {filters} in {groups}");
            let mut scratch = vec![9.0; products.scratch()];
            let mut packed = vec![9.0; products.packed()];
            products.pack(&kernel, &mut packed);
            each_start(&y, filters, &what, |y| products.product(&x, &packed, y, &mut scratch));
            let mut packed = vec![9.0; products.packed_transposed()];
            products.pack_transposed(&kernel, &mut packed);
            each_start(&dx, channels, &what, |dx| {
                products.transposed_product(&dy, &packed, dx, &mut scratch);
            });
            let mut found = vec![0.0; kernel.len()];
            products.add_gradient(&x, &dy, &mut found, &mut scratch);
            assert_close(&found, &dkernel, &what);
        }
    }
}

#[test]
fn channels_are_summed_each_by_itself() {
    for (case, window) in windows().iter().enumerate() {
        for channels in [1, 3, 16, 37, 64] {
            let products = SlidingChannels::new(window, channels);
            let x = numbers(window.inputs() * channels, 3);
            let kernel = numbers(window.taps() * channels, 5);
            let dy = numbers(window.positions() * channels, 7);
            let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
            let mut dkernel = vec![0.0; kernel.len()];
            each_seen(window, |position, tap, input| {
                for c in 0..channels {
                    let [of_x, of_y, at] = [input, position, tap].map(|place| place * channels + c);
                    y[of_y] += f64::from(x[of_x]) * f64::from(kernel[at]);
                    dx[of_x] += f64::from(dy[of_y]) * f64::from(kernel[at]);
                    dkernel[at] += f64::from(x[of_x]) * f64::from(dy[of_y]);
                }
            });
            let what = format!("window {case}, {channels} channels");
            let mut scratch = vec![9.0; products.scratch()];
            each_start(&y, channels, &what, |y| products.product(&x, &kernel, y, &mut scratch));
            each_start(&dx, channels, &what, |dx| {
                products.transposed_product(&dy, &kernel, dx, &mut scratch);
            });
            let mut found = vec![0.0; kernel.len()];
            products.add_gradient(&x, &dy, &mut found, &mut scratch);
            assert_close(&found, &dkernel, &what);
        }
    }
}
