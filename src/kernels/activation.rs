//! An activation by itself, over slices.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::parallel;
use crate::activations::Activation;

/// `y = activation(x)`, rows of the last axis.
pub struct ActivationKernel {
    /// The function; must have slice functions.
    pub activation: Activation,
    /// The size of the last axis.
    pub width: usize,
}

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 14;
/// What an activation costs, in multiplications.
const WORK: usize = 8;

impl ActivationKernel {
    /// Numbers of whole rows.
    fn piece(&self) -> usize {
        (PIECE / self.width.max(1)).max(1) * self.width.max(1)
    }
}

impl Kernel for ActivationKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        let piece = self.piece();
        parallel::chunks(y, piece, WORK * x.len(), |index, y| {
            y.copy_from_slice(&x[index * piece..][..y.len()]);
            self.activation.apply(y, self.width);
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        let (piece, work, dy) = (self.piece(), WORK * dx.len(), &*io.dy);
        parallel::chunks(dx, piece, work, |index, dx| {
            let part = index * piece..index * piece + dx.len();
            dx.copy_from_slice(&dy[part.clone()]);
            self.activation.gradient(&io.x[part.clone()], &io.y[part], dx, self.width);
        });
    }

    fn is_identity(&self, _: bool) -> bool {
        self.activation == Activation::Linear
    }

    fn as_activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch_norm::{BatchNormKernel, FeatureAxis};
    use super::*;
    use crate::random::Random;

    const SAMPLES: usize = 700;
    const FEATURES: usize = 6;

    fn numbers(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i * 7919 % 1013) as f32 / 500.0 - 1.0).collect()
    }

    /// Output and gradients of kernels in a row, the first of which has weights.
    fn step(kernels: &[&dyn Kernel], pass: &Pass<'_>) -> Vec<Vec<f32>> {
        let mut weights = numbers(4 * FEATURES);
        weights[3 * FEATURES..].iter_mut().for_each(|variance| *variance = variance.abs() + 0.1);
        let weights: Vec<&[f32]> = weights.chunks(FEATURES).collect();
        let of = |place: usize| if place == 0 { &weights[..] } else { &[] };
        let x = numbers(SAMPLES * 4 * FEATURES);
        let mut saved = vec![Saved::default(); kernels.len()];
        let mut outputs = vec![x.clone()];
        for (place, (kernel, saved)) in kernels.iter().zip(&mut saved).enumerate() {
            let mut y = vec![0.0; x.len()];
            kernel.forward(pass, &outputs[place], of(place), &mut y, saved);
            outputs.push(y);
        }
        let (mut dy, mut dweights) = (numbers(x.len()), vec![vec![0.0; FEATURES]; 4]);
        for (place, (kernel, saved)) in kernels.iter().zip(&mut saved).enumerate().rev() {
            let mut dx = vec![0.0; x.len()];
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
    fn after_batch_normalization_it_is_the_same_without_a_pass_of_its_own() {
        let random = Random::new(1);
        let mask: Vec<f32> = (0..SAMPLES * 4).map(|i| f32::from(u8::from(i % 3 > 0))).collect();
        let all = [Activation::relu(), Activation::Silu, Activation::tanh(), Activation::Linear];
        for (activation, inner, mask) in all.iter().flat_map(|activation| {
            let mask = Some(&mask[..]);
            [(1, None), (1, mask), (4, None), (4, mask)]
                .map(|(inner, mask)| (activation, inner, mask))
        }) {
            let norm = BatchNormKernel {
                axis: FeatureAxis { features: FEATURES, inner },
                epsilon: 1e-3,
                momentum: 0.9,
                scale: true,
                center: true,
                frozen: false,
                activation: Activation::Linear,
            };
            for training in [true, false] {
                let pass =
                    Pass { batch: SAMPLES, training, step: 0, random: &random, mask, ids: None };
                let alone = ActivationKernel { activation: activation.clone(), width: FEATURES };
                let both = norm.with_activation(activation).unwrap();
                let apart = step(&[&norm, &alone], &pass);
                assert_eq!(apart, step(&[&*both], &pass), "{activation:?} {inner}");
                assert!(apart.iter().flatten().all(|number| number.is_finite()));
                assert!(
                    both.with_activation(activation).is_none() || *activation == Activation::Linear
                );
            }
            assert!(norm.with_activation(&Activation::softmax()).is_none());
        }
    }
}
