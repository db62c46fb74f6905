//! `KernelModel`: a model whose every layer has a kernel, run in order over buffers that are kept
//! from step to step, without a graph. The weights stay candle Vars. Tests compare it with candle's
//! autograd, over the same kernels and over their references.

use std::borrow::Borrow;
use std::sync::Arc;

use candle_core::{CpuStorage, Layout, Storage, Var};

use crate::error::{Error, Result};
use crate::kernels::{Backward, BoundKernel, Kernel, OutputMask, Pass, Saved, fused};
use crate::model::network::Network;
use crate::random::Random;
use crate::weights::LayerWeight;
use crate::weights::gradients::{FEW, Gradients, Places};

/// The kernels of a model and their buffers.
pub(crate) struct KernelModel {
    steps: Vec<KernelStep>,
    random: Random,
    batch: usize,
    training: bool,
    step: u64,
    /// The gradients that flow backward: of a layer's output, and of its input.
    flow: [Vec<f32>; 2],
}

/// One layer, or one and those after it that it takes in.
struct KernelStep {
    kernel: Arc<dyn Kernel>,
    weights: Vec<LayerWeight>,
    /// Where its weights' gradients are.
    places: Places,
    has_state: bool,
    /// True where a layer before this one has a trainable weight.
    needs_dx: bool,
    /// Numbers of one sample that come in, and that go out.
    sizes: (usize, usize),
    y: Vec<f32>,
    saved: Saved,
    mask: (OutputMask, Vec<f32>),
}

impl KernelModel {
    /// The model as these kernels, its own or others in their place; None where a layer has none, as
    /// where the weights are not on the CPU.
    pub(crate) fn of(model: &Network, kernels: &[Option<BoundKernel>]) -> Option<KernelModel> {
        let trainable = model.weights().trainable_places();
        let mut needs_dx = false;
        let mut steps: Vec<KernelStep> = Vec::new();
        for (bound, layer) in kernels.iter().zip(&model.spec().layers) {
            let BoundKernel { kernel, weights } = bound.clone()?;
            if let Some(last) = steps.last_mut()
                && let Some(both) = fused(&*last.kernel, &*kernel)
            {
                (last.kernel, last.sizes.1) = (both, layer.output.elements());
                continue;
            }
            let place = |weight: &LayerWeight| weight.place().and_then(|place| trainable[place]);
            let places = Places::new(weights.iter().map(place).collect());
            let trains = !places.are_none();
            steps.push(KernelStep {
                kernel,
                has_state: !places.are_all(),
                weights,
                places,
                needs_dx,
                sizes: (layer.input.elements(), layer.output.elements()),
                y: Vec::new(),
                saved: Saved::default(),
                mask: (OutputMask::Same, Vec::new()),
            });
            needs_dx |= trains;
        }
        Some(KernelModel {
            steps,
            random: model.random(),
            batch: 0,
            training: false,
            step: 0,
            flow: Default::default(),
        })
    }

    /// A batch of `batch` samples through all layers; see [`KernelModel::output`].
    /// `ids` are the input as whole numbers, where it came so.
    pub(crate) fn forward(
        &mut self,
        values: Values<'_, '_>,
        x: &[f32],
        ids: Option<&[u32]>,
        batch: usize,
        training: Option<u64>,
    ) -> Result<()> {
        (self.batch, self.training, self.step) = (batch, training.is_some(), training.unwrap_or(0));
        for index in 0..self.steps.len() {
            let (before, rest) = self.steps.split_at_mut(index);
            let Some(step) = rest.first_mut() else { break };
            let input = output(before, x, batch, self.training);
            let mask = mask(before, batch);
            let pass = Pass {
                batch,
                training: self.training,
                forward_only: !self.training,
                step: self.step,
                random: &self.random,
                mask,
                ids: ids.filter(|_| is_input(before, self.training)),
            };
            step.kernel.check(&pass, input)?;
            if !step.kernel.is_identity(self.training) {
                let length = batch * step.sizes.1;
                if step.y.len() < length {
                    step.y.resize(length, 0.0);
                }
                let (kernel, y, saved) = (&step.kernel, &mut step.y[..length], &mut step.saved);
                values.with(&step.weights, |weights| {
                    kernel.forward(&pass, input, weights, y, saved);
                })?;
            }
            step.mask.0 = step.kernel.mask(&pass, input, &mut step.mask.1);
        }
        Ok(())
    }

    /// The output of the last [`KernelModel::forward`] over the same `x`: (batch, …output).
    pub(crate) fn output<'a>(&'a self, x: &'a [f32]) -> &'a [f32] {
        output(&self.steps, x, self.batch, self.training)
    }

    /// The mask of the output, where it has one: (batch, time).
    pub(crate) fn mask(&self) -> Option<&[f32]> {
        mask(&self.steps, self.batch)
    }

    /// The output, its mask, and the place for the gradient of the loss with respect to it.
    pub(crate) fn output_mask_and_gradient<'a>(
        &'a mut self,
        x: &'a [f32],
    ) -> (&'a [f32], Option<&'a [f32]>, &'a mut [f32]) {
        let y = output(&self.steps, x, self.batch, self.training);
        let mask = mask(&self.steps, self.batch);
        let dy = &mut self.flow[0];
        if dy.len() < y.len() {
            dy.resize(y.len(), 0.0);
        }
        (y, mask, &mut dy[..y.len()])
    }

    /// The gradients of all trainable weights, from the gradient of the output that was put into
    /// [`KernelModel::output_mask_and_gradient`]'s place.
    pub(crate) fn backward(
        &mut self,
        values: Values<'_, '_>,
        x: &[f32],
        ids: Option<&[u32]>,
        gradients: &mut Gradients,
    ) -> Result<()> {
        gradients.all_present();
        let batch = self.batch;
        for index in (0..self.steps.len()).rev() {
            let (before, rest) = self.steps.split_at_mut(index);
            let Some(step) = rest.first_mut() else { break };
            if step.kernel.is_identity(self.training) {
                continue; // the gradient is the same, number for number
            }
            if !step.needs_dx && step.places.are_none() {
                break; // nothing before it is trained
            }
            let input = output(before, x, batch, self.training);
            let pass = Pass {
                batch,
                training: self.training,
                forward_only: false,
                step: self.step,
                random: &self.random,
                mask: mask(before, batch),
                ids: ids.filter(|_| is_input(before, self.training)),
            };
            let [dy, dx] = &mut self.flow;
            if step.needs_dx && dx.len() < batch * step.sizes.0 {
                dx.resize(batch * step.sizes.0, 0.0);
            }
            let (kernel, saved) = (&step.kernel, &mut step.saved);
            let y = &step.y[..batch * step.sizes.1];
            let dx = step.needs_dx.then(|| &mut dx[..batch * step.sizes.0]);
            let dy = &mut dy[..y.len()];
            values.with(&step.weights, |weights| {
                let mut few: [Option<&mut [f32]>; FEW] = Default::default();
                let mut many: Vec<Option<&mut [f32]>> = Vec::new();
                let (dweights, touched) = gradients.of_layer(&step.places, &mut few, &mut many);
                let x = input;
                kernel
                    .backward(&pass, Backward { x, weights, y, dy, saved, dx, dweights, touched });
            })?;
            self.flow.swap(0, 1);
        }
        Ok(())
    }

    /// Writes the weights that training updates by itself, moving statistics, among the values of all.
    pub(crate) fn update_state(&self, held: &mut [&mut [f32]]) {
        for step in self.steps.iter().filter(|step| step.has_state) {
            for (index, weight) in step.weights.iter().enumerate() {
                if let Some(place) = weight.place()
                    && let Some(values) = step.kernel.updated(index, &step.saved)
                {
                    held[place].copy_from_slice(&values[..held[place].len()]);
                }
            }
        }
    }
}

/// The output of the last layer that is no identity; the model's input where there is none.
fn output<'a>(steps: &'a [KernelStep], x: &'a [f32], batch: usize, training: bool) -> &'a [f32] {
    match steps.iter().rev().find(|step| !step.kernel.is_identity(training)) {
        Some(step) => &step.y[..batch * step.sizes.1],
        None => x,
    }
}

/// True where what these layers give is the model's input itself.
fn is_input(steps: &[KernelStep], training: bool) -> bool {
    steps.iter().all(|step| step.kernel.is_identity(training))
}

fn mask(steps: &[KernelStep], batch: usize) -> Option<&[f32]> {
    let last = steps.iter().rev().find(|step| step.mask.0 != OutputMask::Same)?;
    match last.mask.0 {
        OutputMask::Made if batch > 0 => Some(&last.mask.1),
        _ => None,
    }
}

/// Where the values of the weights are read.
#[derive(Clone, Copy)]
pub(crate) enum Values<'v, 'w> {
    /// Where the weights have them; several threads may read them.
    Shared,
    /// The values of all weights of the model, in their order, which someone holds: nobody can read
    /// them elsewhere meanwhile.
    Held(&'v [&'w mut [f32]]),
}

impl Values<'_, '_> {
    /// Runs with the values of a layer's weights.
    fn with(self, weights: &[LayerWeight], run: impl FnOnce(&[&[f32]])) -> Result<()> {
        let Values::Held(held) = self else { return with_slices(weights, run) };
        let mut few: [&[f32]; FEW] = [&[]; FEW];
        if weights.len() <= FEW && weights.iter().all(|weight| weight.place().is_some()) {
            for (to, place) in few.iter_mut().zip(weights.iter().filter_map(LayerWeight::place)) {
                *to = &*held[place];
            }
            run(&few[..weights.len()]);
            return Ok(());
        }
        let constants: Vec<&Var> =
            weights.iter().filter(|weight| weight.place().is_none()).map(Borrow::borrow).collect();
        with_slices(&constants, |constants| {
            let mut constants = constants.iter().copied();
            let value = |weight: &LayerWeight| match weight.place() {
                Some(place) => &*held[place],
                None => constants.next().unwrap_or_default(),
            };
            run(&weights.iter().map(value).collect::<Vec<_>>());
        })
    }

    /// Runs with the values of one weight, which has this place among all.
    pub(crate) fn of_one(self, place: usize, var: &Var, run: impl FnOnce(&[f32])) -> Result<()> {
        match self {
            Values::Shared => with_array([var], |values| run(values[0])),
            Values::Held(held) => {
                run(&*held[place]);
                Ok(())
            }
        }
    }
}

/// Runs with the values of weights on the CPU as slices.
fn with_slices<V: Borrow<Var>, R>(weights: &[V], run: impl FnOnce(&[&[f32]]) -> R) -> Result<R> {
    match weights {
        [] => Ok(run(&[])),
        [a] => with_array([a.borrow()], run),
        [a, b] => with_array([a, b].map(Borrow::borrow), run),
        [a, b, c] => with_array([a, b, c].map(Borrow::borrow), run),
        [a, b, c, d] => with_array([a, b, c, d].map(Borrow::borrow), run),
        many => {
            let guards: Vec<_> =
                many.iter().map(|var| var.borrow().as_tensor().storage_and_layout()).collect();
            let slices: Result<Vec<&[f32]>> =
                guards.iter().map(|(storage, layout)| slice(storage, layout)).collect();
            Ok(run(&slices?))
        }
    }
}

fn with_array<const N: usize, R>(
    weights: [&Var; N],
    run: impl FnOnce(&[&[f32]]) -> R,
) -> Result<R> {
    let guards = weights.map(|var| var.as_tensor().storage_and_layout());
    let mut slices: [&[f32]; N] = [&[]; N];
    for (to, (storage, layout)) in slices.iter_mut().zip(&guards) {
        *to = slice(storage, layout)?;
    }
    Ok(run(&slices))
}

fn slice<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) =
        (storage, layout.contiguous_offsets())
    else {
        return Err(Error::Internal("a kernel's weight is not f32 on the CPU".into()));
    };
    Ok(&values[start..end])
}
