//! A residual over slices: the sum of two chains of kernels over one input.

use std::ops::Range;
use std::sync::Arc;

use super::kernel::{Backward, BoundKernel, Kernel, Pass, Saved};
use super::parallel;
use super::simd::vectorize;
use crate::error::Result;
use crate::weights::LayerWeight;

/// `y = layers(x) + shortcut(x)`. Weights: those of the layers, then those of the shortcut.
pub struct ResidualKernel {
    /// The layers.
    pub layers: Chain,
    /// The shortcut; without kernels it is the identity.
    pub shortcut: Chain,
}

/// Kernels, one after the other.
#[derive(Default)]
pub struct Chain {
    links: Vec<Link>,
}

struct Link {
    kernel: Arc<dyn Kernel>,
    /// Its weights among those of the chain.
    weights: Range<usize>,
    /// Numbers of one sample that come in, and that go out.
    sizes: (usize, usize),
    /// True where the chain's mask reaches it.
    is_masked: bool,
    /// True where a mask goes on from it.
    passes_mask: bool,
}

impl Chain {
    /// Adds a kernel at the end, which takes and gives so many numbers a sample. Its weights.
    pub fn push(
        &mut self,
        bound: BoundKernel,
        sizes: (usize, usize),
        passes_mask: bool,
    ) -> Vec<LayerWeight> {
        if let (Some(last), Some(activation)) =
            (self.links.last_mut(), bound.kernel.as_activation())
            && let Some(both) = last.kernel.with_activation(activation)
        {
            last.kernel = both;
            return bound.weights;
        }
        let is_masked = self.links.last().is_none_or(|link| link.is_masked && link.passes_mask);
        let start = self.weights();
        let weights = start..start + bound.weights.len();
        self.links.push(Link { kernel: bound.kernel, weights, sizes, is_masked, passes_mask });
        bound.weights
    }

    /// How many weights it takes.
    fn weights(&self) -> usize {
        self.links.last().map_or(0, |link| link.weights.end)
    }

    fn is_identity(&self, training: bool) -> bool {
        self.links.iter().all(|link| link.kernel.is_identity(training))
    }

    /// What the kernel at this place knows of the pass.
    fn pass<'a>(&self, pass: &Pass<'a>, index: usize) -> Pass<'a> {
        let mut before = self.links[..index].iter();
        let is_first = before.all(|link| link.kernel.is_identity(pass.training));
        Pass {
            mask: pass.mask.filter(|_| self.links[index].is_masked),
            ids: pass.ids.filter(|_| is_first), // they are the chain's input
            ..*pass
        }
    }

    /// Runs it; the output is then [`output`].
    fn forward(&self, pass: &Pass<'_>, x: &[f32], weights: &[&[f32]], saved: &mut Saved) {
        let (outputs, inner) = saved.chain(self.links.len());
        for (index, (link, saved)) in self.links.iter().zip(inner).enumerate() {
            if link.kernel.is_identity(pass.training) {
                continue;
            }
            let (before, rest) = outputs.split_at_mut(index);
            let input = output(&self.links[..index], pass, x, before);
            let y = grown(&mut rest[0], pass.batch * link.sizes.1);
            link.kernel.forward(
                &self.pass(pass, index),
                input,
                &weights[link.weights.clone()],
                y,
                saved,
            );
        }
    }

    /// The gradients of its weights, and with `wants_dx` that of its input, which is then
    /// [`Chain::gradient`].
    fn backward(&self, pass: &Pass<'_>, io: ChainBackward<'_, '_>, wants_dx: bool) {
        let ChainBackward { x, weights, dy, saved, dweights } = io;
        let count = self.links.len();
        let (buffers, inner) = saved.chain(count);
        let (outputs, flow) = buffers.split_at_mut(count);
        grown(&mut flow[0], dy.len()).copy_from_slice(dy);
        for (index, link) in self.links.iter().enumerate().rev() {
            if link.kernel.is_identity(pass.training) {
                continue; // the gradient is the same, number for number
            }
            let (earlier, own) = dweights[..link.weights.end].split_at_mut(link.weights.start);
            let needs_dx = wants_dx || earlier.iter().any(Option::is_some);
            if !needs_dx && own.iter().all(Option::is_none) {
                break; // nothing before it is trained
            }
            let input = output(&self.links[..index], pass, x, outputs);
            let [dy, dx] = flow else { return };
            let mut own: Vec<Option<&mut [f32]>> =
                own.iter_mut().map(|dweight| dweight.as_deref_mut()).collect();
            let io = Backward {
                x: input,
                weights: &weights[link.weights.clone()],
                y: &outputs[index][..pass.batch * link.sizes.1],
                dy: &mut dy[..pass.batch * link.sizes.1],
                saved: &mut inner[index],
                dx: needs_dx.then(|| grown(dx, pass.batch * link.sizes.0)),
                dweights: &mut own,
                touched: None,
            };
            link.kernel.backward(&self.pass(pass, index), io);
            flow.swap(0, 1);
        }
    }

    /// The gradient of the input, after [`Chain::backward`].
    fn gradient<'s>(&self, saved: &'s Saved, length: usize) -> &'s [f32] {
        &saved.buffer(self.links.len())[..length]
    }
}

/// The output of the last of these links that is no identity; `x` where there is none.
fn output<'a>(links: &[Link], pass: &Pass<'_>, x: &'a [f32], outputs: &'a [Vec<f32>]) -> &'a [f32] {
    match links.iter().rposition(|link| !link.kernel.is_identity(pass.training)) {
        Some(last) => &outputs[last][..pass.batch * links[last].sizes.1],
        None => x,
    }
}

/// What a chain's backward pass reads and fills.
struct ChainBackward<'a, 'w> {
    x: &'a [f32],
    weights: &'a [&'a [f32]],
    dy: &'a [f32],
    saved: &'a mut Saved,
    dweights: &'a mut [Option<&'w mut [f32]>],
}

impl Kernel for ResidualKernel {
    fn check(&self, pass: &Pass<'_>, x: &[f32]) -> Result<()> {
        for chain in [&self.layers, &self.shortcut] {
            if let Some(link) = chain.links.iter().find(|link| !link.kernel.is_identity(false)) {
                link.kernel.check(pass, x)?;
            }
        }
        Ok(())
    }

    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let (ours, theirs) = weights.split_at(self.layers.weights());
        let [first, second] = saved.places(2) else { return };
        self.layers.forward(pass, x, ours, first);
        self.shortcut.forward(pass, x, theirs, second);
        let (a, _) = first.chain(self.layers.links.len());
        let a = output(&self.layers.links, pass, x, a);
        let (b, _) = second.chain(self.shortcut.links.len());
        let b = output(&self.shortcut.links, pass, x, b);
        sum(y, a, b);
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, saved, dx, dweights, .. } = io;
        let (ours, theirs) = weights.split_at(self.layers.weights());
        let (dours, dtheirs) = dweights.split_at_mut(self.layers.weights());
        let [first, second] = saved.places(2) else { return };
        let wants_dx = dx.is_some();
        let io = ChainBackward { x, weights: ours, dy, saved: first, dweights: dours };
        self.layers.backward(pass, io, wants_dx);
        let is_identity = self.shortcut.is_identity(pass.training);
        if !is_identity {
            let io = ChainBackward { x, weights: theirs, dy, saved: second, dweights: dtheirs };
            self.shortcut.backward(pass, io, wants_dx);
        }
        let Some(dx) = dx else { return };
        let a = self.layers.gradient(first, dx.len());
        let b = if is_identity { &*dy } else { self.shortcut.gradient(second, dx.len()) };
        sum(dx, a, b);
    }

    fn updated<'s>(&self, weight: usize, saved: &'s Saved) -> Option<&'s [f32]> {
        let ours = self.layers.weights();
        let (chain, place, weight) = match weight.checked_sub(ours) {
            None => (&self.layers, 0, weight),
            Some(weight) => (&self.shortcut, 1, weight),
        };
        let index = chain.links.iter().position(|link| link.weights.contains(&weight))?;
        let link = &chain.links[index];
        let saved = saved.inner.get(place)?.inner.get(index)?;
        link.kernel.updated(weight - link.weights.start, saved)
    }

    fn samples_together(&self) -> usize {
        let links = self.layers.links.iter().chain(&self.shortcut.links);
        links.map(|link| link.kernel.samples_together()).max().unwrap_or(1)
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> super::OutputMask {
        if self.layers.links.iter().all(|link| link.passes_mask) {
            super::OutputMask::Same
        } else {
            super::OutputMask::Dropped
        }
    }
}

/// `y = a + b`
fn sum(y: &mut [f32], a: &[f32], b: &[f32]) {
    const CHUNK: usize = 1 << 14;
    let work = y.len();
    parallel::chunks(y, CHUNK, work, |index, y| {
        let (a, b) = (&a[index * CHUNK..][..y.len()], &b[index * CHUNK..][..y.len()]);
        vectorize(
            #[inline(always)]
            || y.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = a + b),
        );
    });
}

fn grown(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
