//! Kernels in use, where weights no longer change: a batch normalization after a layer that is linear in
//! its weights becomes part of these, and costs nothing.

use candle_core::{Device, Var};

use super::activation::ActivationKernel;
use super::kernel::{BoundKernel, FeatureScale};
use crate::activations::Activation;
use crate::error::Result;
use crate::weights::LayerWeight;

/// The same layers, of which each normalization is folded into the layer before it where it can be:
/// `(x · w + b) · factor + offset = x · (w · factor) + (b · factor + offset)`. Numbers differ in their last
/// digits. The layers' own weights stay as they are; those of the result are copies, which later
/// changes don't reach.
pub fn folded(kernels: &[Option<BoundKernel>]) -> Result<Vec<Option<BoundKernel>>> {
    let mut all = kernels.to_vec();
    for bound in all.iter_mut().flatten() {
        if let Some(inside) = bound.kernel.folded(&bound.weights)? {
            *bound = inside;
        }
    }
    for index in 1..all.len() {
        let [Some(layer), Some(norm)] = &all[index - 1..=index] else { continue };
        if let Some(both) = joined(layer, norm)? {
            all[index - 1] = Some(both);
            let nothing = ActivationKernel { activation: Activation::Linear, width: 1 };
            all[index] = Some(BoundKernel::new(nothing, Vec::new()));
        }
    }
    Ok(all)
}

/// A layer with the normalization after it, and the activation within that; None where they can't be
/// one.
pub(super) fn joined(layer: &BoundKernel, norm: &BoundKernel) -> Result<Option<BoundKernel>> {
    let Some(linear) = layer.kernel.linear_weight() else { return Ok(None) };
    let Some(scaling) = scaling(norm)? else { return Ok(None) };
    let Some(kernel) = layer.kernel.with_activation(&scaling.activation) else { return Ok(None) };
    Ok(Some(BoundKernel { kernel, weights: scaled(&layer.weights, linear, scaling)? }))
}

fn scaling(norm: &BoundKernel) -> Result<Option<FeatureScale>> {
    if norm.weights.iter().any(|weight| weight.dims().len() > 1) {
        return Ok(None); // not of each feature by itself, and much to copy
    }
    let values: Result<Vec<Vec<f32>>> = norm.weights.iter().map(values).collect();
    let values = values?;
    let values: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
    Ok(norm.kernel.as_feature_scale(&values))
}

/// The weights of a layer with its output scaled: the one at `linear`, and the bias after it.
fn scaled(
    weights: &[LayerWeight],
    linear: usize,
    scaling: FeatureScale,
) -> Result<Vec<LayerWeight>> {
    let FeatureScale { factors, mut offsets, .. } = scaling;
    let kernel = &weights[linear];
    let mut scaled = values(kernel)?;
    for row in scaled.chunks_mut(factors.len()) {
        row.iter_mut().zip(&factors).for_each(|(weight, factor)| *weight *= factor);
    }
    if let Some(bias) = weights.get(linear + 1) {
        let sums = offsets.iter_mut().zip(&factors).zip(values(bias)?);
        sums.for_each(|((offset, factor), bias)| *offset += bias * factor);
    }
    let mut all = weights[..linear].to_vec();
    let (dims, width) = (kernel.dims(), offsets.len());
    all.push(LayerWeight::constant(Var::from_vec(scaled, dims, &Device::Cpu)?));
    all.push(LayerWeight::constant(Var::from_vec(offsets, width, &Device::Cpu)?));
    Ok(all)
}

fn values(weight: &LayerWeight) -> Result<Vec<f32>> {
    Ok(weight.as_tensor().flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::super::batch_norm::{BatchNormKernel, FeatureAxis};
    use super::super::conv::ConvKernel;
    use super::super::dense::DenseKernel;
    use super::super::depthwise::DepthwiseKernel;
    use super::super::kernel::{Pass, Saved};
    use super::super::residual::{Chain, ResidualKernel};
    use super::super::separable::SeparableKernel;
    use super::super::window::{SlidingWindow, WindowAxis};
    use super::*;
    use crate::random::Random;

    const BATCH: usize = 3;
    const WIDTH: usize = 8;

    fn bound(kernel: impl super::super::Kernel + 'static, sizes: &[usize]) -> Option<BoundKernel> {
        let weight = |n: &usize| {
            let values: Vec<f32> = (0..*n).map(|i| (i * 7919 % 101) as f32 / 50.0 + 0.1).collect();
            LayerWeight::constant(Var::from_vec(values, *n, &Device::Cpu).unwrap())
        };
        Some(BoundKernel::new(kernel, sizes.iter().map(weight).collect()))
    }

    fn norm(inner: usize) -> Option<BoundKernel> {
        activated_norm(inner, Activation::Linear)
    }

    fn activated_norm(inner: usize, activation: Activation) -> Option<BoundKernel> {
        let norm = BatchNormKernel {
            axis: FeatureAxis { features: WIDTH, inner },
            epsilon: 1e-3,
            momentum: 0.9,
            scale: true,
            center: true,
            frozen: false,
            activation,
        };
        bound(norm, &[WIDTH; 4])
    }

    /// The output of kernels in order, each with so many numbers a sample.
    fn run(kernels: &[Option<BoundKernel>], inputs: usize, outputs: usize) -> Vec<f32> {
        let random = Random::new(1);
        let pass = Pass::of_use(BATCH, &random);
        let mut x: Vec<f32> = (0..BATCH * inputs).map(|i| (i * 31 % 17) as f32 / 9.0).collect();
        for BoundKernel { kernel, weights } in kernels.iter().flatten() {
            let weights: Vec<Vec<f32>> = weights.iter().map(|w| values(w).unwrap()).collect();
            let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
            let mut y = vec![f32::NAN; BATCH * outputs];
            kernel.forward(&pass, &x, &weights, &mut y, &mut Saved::default());
            x = y;
        }
        x
    }

    fn assert_near(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-5 * (1.0 + a.abs()), "{a} {b}");
        }
    }

    #[test]
    fn normalizations_within_a_residual_are_folded_too() {
        let sizes = (WIDTH, WIDTH);
        let dense = || {
            let kernel = DenseKernel {
                input: WIDTH,
                units: WIDTH,
                activation: Activation::Linear,
                drops_mask: false,
            };
            bound(kernel, &[WIDTH * WIDTH]).unwrap()
        };
        let norm = || norm(1).unwrap();
        let relu = || {
            BoundKernel::new(
                ActivationKernel { activation: Activation::relu(), width: WIDTH },
                Vec::new(),
            )
        };
        let residual = |layers: Vec<BoundKernel>, shortcut: Vec<BoundKernel>| {
            let mut weights = Vec::new();
            let mut chain = |links: Vec<BoundKernel>| {
                let mut chain = Chain::default();
                links.into_iter().for_each(|link| weights.extend(chain.push(link, sizes, true)));
                chain
            };
            let (layers, shortcut) = (chain(layers), chain(shortcut));
            let kernel = ResidualKernel { layers, shortcut, activation: Activation::relu() };
            BoundKernel::new(kernel, weights)
        };
        let inner = residual(vec![dense(), norm()], Vec::new());
        let outer = residual(vec![dense(), norm(), relu(), inner, dense()], vec![dense(), norm()]);
        let apart = [Some(outer)];
        let joined = folded(&apart).unwrap();
        let weights = |kernels: &[Option<BoundKernel>]| kernels[0].as_ref().unwrap().weights.len();
        // a kernel and four of a normalization become a kernel and a bias
        assert_eq!((weights(&apart), weights(&joined)), (3 * 5 + 1, 3 * 2 + 1));
        assert_near(&run(&apart, WIDTH, WIDTH), &run(&joined, WIDTH, WIDTH));
    }

    #[test]
    fn a_normalization_becomes_part_of_the_layer_before_it() {
        let axis = WindowAxis { input: 5, output: 3, size: 3, stride: 1, dilation: 1, before: 0 };
        let window = SlidingWindow { axes: [WindowAxis::NONE, WindowAxis::NONE, axis] };
        let point = WindowAxis { input: 3, output: 3, size: 1, ..axis };
        let point = SlidingWindow { axes: [WindowAxis::NONE, WindowAxis::NONE, point] };
        let activation = Activation::Linear;
        let conv = |groups| ConvKernel::new(window, 4, WIDTH, groups, activation.clone());
        let depthwise =
            |multiplier| DepthwiseKernel::new(window, 4, multiplier, activation.clone());
        let dense = |activation| DenseKernel { input: 20, units: 8, activation, drops_mask: false };
        let separable = SeparableKernel {
            depthwise: depthwise(1),
            pointwise: ConvKernel::new(point, 4, WIDTH, 1, activation.clone()),
        };
        for (layer, outputs) in [
            (bound(conv(1), &[3 * 4 * WIDTH, WIDTH]), 24),
            (bound(conv(2), &[3 * 2 * WIDTH]), 24),
            (bound(depthwise(2), &[3 * 4 * 2, WIDTH]), 24),
            (bound(dense(activation.clone()), &[20 * WIDTH]), WIDTH),
            (bound(separable, &[12, 4 * WIDTH, WIDTH]), 24),
        ] {
            let apart = [layer, norm(1)];
            let joined = folded(&apart).unwrap();
            assert!(joined[1].as_ref().is_some_and(|kernel| kernel.kernel.is_identity(false)));
            let (apart, joined) = (run(&apart, 20, outputs), run(&joined, 20, outputs));
            assert_near(&apart, &joined);
        }
        // with the activation within it
        let apart = [bound(conv(1), &[96, WIDTH]), activated_norm(1, Activation::relu())];
        let joined = folded(&apart).unwrap();
        assert!(joined[1].as_ref().is_some_and(|kernel| kernel.kernel.is_identity(false)));
        assert_near(&run(&apart, 20, 24), &run(&joined, 20, 24));
        // not after an activation, and not along another axis
        let relu = || bound(dense(Activation::relu()), &[20 * WIDTH, WIDTH]);
        let linear = || bound(dense(Activation::Linear), &[20 * WIDTH, WIDTH]);
        for kernels in [[relu(), norm(1)], [linear(), norm(3)], [norm(1), linear()]] {
            let same = folded(&kernels).unwrap();
            let weights = |kernels: &[Option<BoundKernel>]| {
                let each = kernels.iter().flatten().flat_map(|kernel| &kernel.weights);
                each.map(|weight| values(weight).unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(weights(&kernels), weights(&same));
        }
    }
}
