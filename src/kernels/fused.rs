//! A kernel that takes in the one after it, which then costs no pass through memory of its own.

use std::sync::Arc;

use super::kernel::Kernel;

/// Both kernels as one, where the second is an activation or a max pooling that the first can take.
pub fn fused(first: &dyn Kernel, second: &dyn Kernel) -> Option<Arc<dyn Kernel>> {
    if let Some(windows) = second.as_max_pooling() {
        return first.with_max_pooling(windows);
    }
    // those over rows stay apart: a kernel's rows need not be those of the last axis
    let activation = second.as_activation().filter(|activation| !activation.is_over_several())?;
    first.with_activation(activation)
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::super::activation::ActivationKernel;
    use super::super::batch_norm::{BatchNormKernel, FeatureAxis};
    use super::super::conv::ConvKernel;
    use super::super::conv_transpose::ConvTransposeKernel;
    use super::super::dense::DenseKernel;
    use super::super::depthwise::DepthwiseKernel;
    use super::super::kernel::{Backward, BoundKernel, Pass, Saved};
    use super::super::pool::{PoolKernel, Pooling};
    use super::super::pool_windows::PoolWindows;
    use super::super::residual::{Chain, ResidualKernel};
    use super::super::separable::SeparableKernel;
    use super::super::time_distributed::TimeDistributedKernel;
    use super::super::window::{SlidingWindow, WindowAxis};
    use super::*;
    use crate::activations::Activation;
    use crate::random::Random;
    use crate::weights::LayerWeight;

    const SAMPLES: usize = 700;
    const NONE: Activation = Activation::Linear;

    fn numbers(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i * 7919 % 1013) as f32 / 500.0 - 1.0).collect()
    }

    /// A kernel, the sizes of its weights, and the numbers of a sample that come in and go out.
    struct Case {
        kernel: Box<dyn Kernel>,
        weights: Vec<usize>,
        sizes: (usize, usize),
    }

    fn case<const W: usize>(
        kernel: impl Kernel + 'static,
        weights: [usize; W],
        sizes: (usize, usize),
    ) -> Case {
        Case { kernel: Box::new(kernel), weights: weights.to_vec(), sizes }
    }

    fn dense(input: usize, units: usize) -> DenseKernel {
        DenseKernel { input, units, activation: NONE, drops_mask: false }
    }

    fn norm(inner: usize) -> BatchNormKernel {
        BatchNormKernel {
            axis: FeatureAxis { features: 6, inner },
            epsilon: 1e-3,
            momentum: 0.9,
            scale: true,
            center: true,
            frozen: false,
            activation: NONE,
        }
    }

    /// A chain of one dense layer of 24 units, whose two weights are bound elsewhere.
    fn chain() -> Chain {
        let weight = |dims: &[usize]| {
            let zeros =
                candle_core::Var::zeros(dims, candle_core::DType::F32, &candle_core::Device::Cpu);
            LayerWeight::constant(zeros.unwrap())
        };
        let mut chain = Chain::default();
        let weights = vec![weight(&[24, 24]), weight(&[24])];
        chain.push(BoundKernel::new(dense(24, 24), weights), (24, 24), true);
        chain
    }

    fn cases() -> Vec<Case> {
        let axis = WindowAxis { input: 5, output: 3, size: 3, stride: 2, dilation: 1, before: 1 };
        let window = SlidingWindow { axes: [WindowAxis::NONE, WindowAxis::NONE, axis] };
        let depthwise = |multiplier| DepthwiseKernel::new(window, 4, multiplier, NONE);
        let point = WindowAxis { input: 3, output: 3, size: 1, stride: 1, dilation: 1, before: 0 };
        let point = SlidingWindow { axes: [WindowAxis::NONE, WindowAxis::NONE, point] };
        let residual = |shortcut| ResidualKernel { layers: chain(), shortcut, activation: NONE };
        vec![
            case(norm(1), [6; 4], (24, 24)),
            case(norm(4), [6; 4], (24, 24)),
            case(dense(40, 1), [40, 1], (40, 1)),
            case(dense(8, 6), [48, 6], (8, 6)),
            case(dense(60, 20), [1200, 20], (60, 20)),
            case(
                TimeDistributedKernel { inner: std::sync::Arc::new(dense(6, 5)), steps: 4 },
                [30, 5],
                (24, 20),
            ),
            case(ConvKernel::new(window, 4, 8, 2, NONE), [3 * 2 * 8, 8], (20, 24)),
            case(ConvTransposeKernel::new(window, 4, 8, NONE), [3 * 4 * 8, 8], (12, 40)),
            case(depthwise(2), [24, 8], (20, 24)),
            case(
                SeparableKernel {
                    depthwise: depthwise(1),
                    pointwise: ConvKernel::new(point, 4, 8, 1, NONE),
                },
                [12, 32, 8],
                (20, 24),
            ),
            case(residual(Chain::default()), [576, 24], (24, 24)),
            case(residual(chain()), [576, 24, 576, 24], (24, 24)),
        ]
    }

    fn pass(batch: usize, training: bool, random: &Random) -> Pass<'_> {
        let of = if training { Pass::of_training } else { Pass::of_use };
        of(batch, random)
    }

    /// Output, and in training gradients, of a case's kernel or one in its place, and of the others
    /// after it, each with the numbers of a sample that go out.
    fn step(case: &Case, kernels: &[(&dyn Kernel, usize)], pass: &Pass<'_>) -> Vec<Vec<f32>> {
        // above 0, as a variance must be
        let weights =
            case.weights.iter().map(|n| numbers(*n).iter().map(|w| w.abs() + 0.1).collect());
        let weights: Vec<Vec<f32>> = weights.collect();
        let slices: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
        let of = |place: usize| if place == 0 { &slices[..] } else { &[] };
        let mut saved = vec![Saved::default(); kernels.len()];
        let mut outputs = vec![numbers(pass.batch * case.sizes.0)];
        for (place, ((kernel, size), saved)) in kernels.iter().zip(&mut saved).enumerate() {
            let mut y = vec![0.0; pass.batch * size];
            kernel.forward(pass, &outputs[place], of(place), &mut y, saved);
            outputs.push(y);
        }
        if !pass.training {
            return outputs;
        }
        let mut dy = numbers(outputs[kernels.len()].len());
        let mut dweights: Vec<Vec<f32>> = case.weights.iter().map(|n| vec![0.0; *n]).collect();
        for (place, ((kernel, _), saved)) in kernels.iter().zip(&mut saved).enumerate().rev() {
            let mut dx = vec![0.0; outputs[place].len()];
            let mut to: Vec<Option<&mut [f32]>> =
                dweights.iter_mut().map(|all| Some(&mut all[..])).collect();
            let io = Backward {
                x: &outputs[place],
                weights: of(place),
                y: &outputs[place + 1],
                dy: &mut dy,
                saved,
                dx: Some(&mut dx),
                dweights: if place == 0 { &mut to } else { &mut [] },
                touched: None,
            };
            kernel.backward(pass, io);
            dy = dx;
        }
        dweights.extend([outputs.pop().unwrap_or_default(), dy]);
        dweights
    }

    #[test]
    fn an_activation_within_another_kernel_is_the_same() {
        let random = Random::new(1);
        let all = [Activation::relu(), Activation::Silu, NONE];
        for (index, case) in cases().iter().enumerate() {
            let mask: Vec<f32> =
                (0..SAMPLES * case.sizes.0 / 6).map(|i| f32::from(u8::from(i % 3 > 0))).collect();
            let is_norm = case.weights == [6; 4];
            // those that work by pieces get two of them
            let batch = if case.sizes == (24, 24) { SAMPLES } else { 40 };
            for activation in &all {
                let alone =
                    ActivationKernel { activation: activation.clone(), width: case.sizes.1 };
                let both = fused(&*case.kernel, &alone).unwrap();
                assert!(fused(&*both, &alone).is_none() || *activation == NONE, "{index}");
                for (training, is_masked) in [(true, false), (false, false), (true, is_norm)] {
                    let mask = is_masked.then_some(&mask[..]);
                    let pass = Pass { mask, ..pass(batch, training, &random) };
                    let size = case.sizes.1;
                    let apart = step(case, &[(&*case.kernel, size), (&alone, size)], &pass);
                    let joined = step(case, &[(&*both, size)], &pass);
                    assert!(apart.last() == joined.last(), "{index} {activation:?}");
                    assert!(!training || apart == joined, "{index} {activation:?}: gradients");
                    assert!(apart.iter().flatten().all(|number| number.is_finite()));
                }
            }
            let softmax = ActivationKernel { activation: Activation::softmax(), width: 1 };
            assert!(fused(&*case.kernel, &softmax).is_none());
        }
    }

    /// Windows of `size` over 6 × 5 places, `stride` apart.
    fn pooling(channels: usize, size: usize, stride: usize) -> PoolKernel {
        let ranges = |length: usize| {
            (0..=(length - size) / stride).map(|i| i * stride..i * stride + size).collect()
        };
        let windows =
            PoolWindows { input: [1, 6, 5], ranges: [vec![0..1], ranges(6), ranges(5)], channels };
        PoolKernel { windows, pooling: Pooling::Max }
    }

    #[test]
    fn a_max_pooling_within_a_convolution_is_the_same() {
        let axis = |output: usize| WindowAxis {
            input: output + 2,
            output,
            size: 3,
            stride: 1,
            dilation: 1,
            before: 0,
        };
        let window = SlidingWindow { axes: [WindowAxis::NONE, axis(6), axis(5)] };
        let point = |length| WindowAxis { input: length, output: length, size: 1, ..axis(length) };
        let point = SlidingWindow { axes: [WindowAxis::NONE, point(6), point(5)] };
        let depthwise = DepthwiseKernel::new(window, 4, 1, NONE);
        let random = Random::new(1);
        for filters in [1, 40] {
            let conv = ConvKernel::new(window, 4, filters, 1, NONE);
            let depthwise = depthwise.clone();
            let pointwise = ConvKernel::new(point, 4, filters, 1, NONE);
            let sizes = (8 * 7 * 4, 6 * 5 * filters);
            for case in [
                case(conv, [9 * 4 * filters, filters], sizes),
                case(
                    SeparableKernel { depthwise, pointwise },
                    [9 * 4, 4 * filters, filters],
                    sizes,
                ),
            ] {
                let pool = pooling(filters, 2, 2);
                let pooled = pool.windows.positions() * filters;
                for activation in [Activation::relu(), Activation::tanh()] {
                    let alone = ActivationKernel { activation, width: filters };
                    let active = fused(&*case.kernel, &alone).unwrap();
                    let both = fused(&*active, &pool).unwrap();
                    assert!(fused(&*both, &alone).is_none() && fused(&*both, &pool).is_none());
                    assert!(fused(&*active, &pooling(filters, 3, 2)).is_none(), "it sees twice");
                    for training in [true, false] {
                        let pass = pass(19, training, &random);
                        let apart = step(&case, &[(&*active, sizes.1), (&pool, pooled)], &pass);
                        let joined = step(&case, &[(&*both, pooled)], &pass);
                        assert!(apart.last() == joined.last(), "{filters}");
                        assert!(!training || apart == joined, "{filters}: gradients");
                    }
                }
                let silu = ActivationKernel { activation: Activation::Silu, width: filters };
                let active = fused(&*case.kernel, &silu).unwrap();
                assert!(fused(&*active, &pool).is_none(), "its gradient needs what is pooled");
            }
        }
    }
}
