//! A residual over slices: the sum of two chains of kernels over one input.

use std::ops::Range;
use std::sync::Arc;

use super::folded::joined;
use super::fused::fused;
use super::kernel::{Backward, BoundKernel, Kernel, Pass, Saved};
use super::parallel;
use super::simd::vectorize;
use crate::activations::Activation;
use crate::error::Result;
use crate::weights::LayerWeight;

/// `y = activation(layers(x) + shortcut(x))`. Weights: those of the layers, then those of the
/// shortcut.
#[derive(Clone)]
pub struct ResidualKernel {
    /// The layers.
    pub layers: Chain,
    /// The shortcut; without kernels it is the identity.
    pub shortcut: Chain,
    /// What is applied to the sum, number by number; must have slice functions. Done while a part is in
    /// the cache, so that an activation layer that follows costs no pass of its own.
    pub activation: Activation,
}

/// Kernels, one after the other.
#[derive(Clone, Default)]
pub struct Chain {
    links: Vec<Link>,
}

#[derive(Clone)]
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
        if let Some(last) = self.links.last_mut()
            && let Some(both) = fused(&*last.kernel, &*bound.kernel)
        {
            (last.kernel, last.sizes.1) = (both, sizes.1);
            last.passes_mask &= passes_mask;
            return bound.weights;
        }
        let is_masked = self.links.last().is_none_or(|link| link.is_masked && link.passes_mask);
        let start = self.weights();
        let weights = start..start + bound.weights.len();
        self.links.push(Link { kernel: bound.kernel, weights, sizes, is_masked, passes_mask });
        bound.weights
    }

    /// The chain with its normalizations folded, and the weights of that.
    fn folded(&self, weights: &[LayerWeight]) -> Result<(Chain, Vec<LayerWeight>)> {
        let mut all: Vec<(BoundKernel, (usize, usize), bool)> = Vec::new();
        for link in &self.links {
            let weights = weights[link.weights.clone()].to_vec();
            let inside = link.kernel.folded(&weights)?;
            let bound =
                inside.unwrap_or_else(|| BoundKernel { kernel: link.kernel.clone(), weights });
            if let Some((last, sizes, passes_mask)) = all.last_mut()
                && let Some(both) = joined(last, &bound)?
            {
                (*last, sizes.1) = (both, link.sizes.1);
                *passes_mask &= link.passes_mask;
            } else {
                all.push((bound, link.sizes, link.passes_mask));
            }
        }
        let mut chain = Chain::default();
        let mut push = |(bound, sizes, passes_mask)| chain.push(bound, sizes, passes_mask);
        let weights = all.into_iter().flat_map(&mut push).collect();
        Ok((chain, weights))
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

    /// The place for the gradient of its output.
    fn incoming<'s>(&self, saved: &'s mut Saved, length: usize) -> &'s mut [f32] {
        let count = self.links.len();
        grown(&mut saved.chain(count).0[count], length)
    }

    /// The gradients of its weights, from what was put into [`Chain::incoming`], and with `wants_dx`
    /// that of its input, which is then [`Chain::gradient`].
    fn backward(&self, pass: &Pass<'_>, io: ChainBackward<'_, '_>, wants_dx: bool) {
        let ChainBackward { x, weights, saved, dweights } = io;
        let count = self.links.len();
        let (buffers, inner) = saved.chain(count);
        let (outputs, flow) = buffers.split_at_mut(count);
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
        saved.places(2);
        let mut inner = std::mem::take(&mut saved.inner);
        let [first, second] = inner.as_mut_slice() else { return };
        self.layers.forward(pass, x, ours, first);
        self.shortcut.forward(pass, x, theirs, second);
        let (a, _) = first.chain(self.layers.links.len());
        let a = output(&self.layers.links, pass, x, a);
        let (b, _) = second.chain(self.shortcut.links.len());
        let b = output(&self.shortcut.links, pass, x, b);
        let (kept, work) = (self.activation.kept(y.len()), self.activation.work(y.len()));
        let [z] = saved.buffers([kept]);
        if kept == 0 {
            add(y, (a, b), work, |y| self.activation.apply(y, y.len()));
        } else {
            parallel::chunks2((y, PIECE), (z, PIECE), work, |index, y, z| {
                let [a, b] = [a, b].map(|all| &all[index * PIECE..][..z.len()]);
                add(z, (a, b), 0, |_| {});
                y.copy_from_slice(z);
                self.activation.apply(y, y.len());
            });
        }
        saved.inner = inner;
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, y, dy, saved, dx, dweights, .. } = io;
        let (ours, theirs) = weights.split_at(self.layers.weights());
        let (dours, dtheirs) = dweights.split_at_mut(self.layers.weights());
        let mut inner = std::mem::take(&mut saved.inner);
        let [first, second] = inner.as_mut_slice() else { return };
        let [z] = saved.buffers([self.activation.kept(y.len())]);
        let z = if z.is_empty() { y } else { &*z };
        let (wants_dx, is_identity) = (dx.is_some(), self.shortcut.is_identity(pass.training));
        self.share_gradient((z, y), dy, (first, (!is_identity).then_some(&mut *second)));
        let io = ChainBackward { x, weights: ours, saved: first, dweights: dours };
        self.layers.backward(pass, io, wants_dx);
        if !is_identity {
            let io = ChainBackward { x, weights: theirs, saved: second, dweights: dtheirs };
            self.shortcut.backward(pass, io, wants_dx);
        }
        if let Some(dx) = dx {
            let a = self.layers.gradient(first, dx.len());
            let b = if is_identity { &*dy } else { self.shortcut.gradient(second, dx.len()) };
            let work = dx.len();
            add(dx, (a, b), work, |_| {});
        }
        saved.inner = inner;
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        let is_free = self.activation == Activation::Linear;
        is_free.then(|| Arc::new(Self { activation: activation.clone(), ..self.clone() }) as _)
    }

    fn folded(&self, weights: &[LayerWeight]) -> Result<Option<BoundKernel>> {
        let (ours, theirs) = weights.split_at(self.layers.weights());
        let (layers, mut weights) = self.layers.folded(ours)?;
        let (shortcut, theirs) = self.shortcut.folded(theirs)?;
        weights.extend(theirs);
        let kernel = ResidualKernel { layers, shortcut, activation: self.activation.clone() };
        Ok(Some(BoundKernel::new(kernel, weights)))
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

impl ResidualKernel {
    /// `dy` becomes the gradient before the activation, and is put into both chains' places; the second
    /// is missing where it is the identity.
    fn share_gradient(
        &self,
        (z, y): (&[f32], &[f32]),
        dy: &mut [f32],
        (first, second): (&mut Saved, Option<&mut Saved>),
    ) {
        let length = dy.len();
        let first = self.layers.incoming(first, length);
        let second = second.map(|saved| (self.shortcut.incoming(saved, length), PIECE));
        let (dy, first) = ((dy, PIECE), (first, PIECE));
        parallel::chunks3(
            dy,
            first,
            second,
            self.activation.work(length),
            |index, dy, a, mut b| {
                for (place, dy) in dy.chunks_mut(NEAREST).enumerate() {
                    let part = place * NEAREST..place * NEAREST + dy.len();
                    let all = index * PIECE + part.start..index * PIECE + part.end;
                    self.activation.gradient(&z[all.clone()], &y[all], dy, dy.len());
                    a[part.clone()].copy_from_slice(dy);
                    if let Some(b) = &mut b {
                        b[part].copy_from_slice(dy);
                    }
                }
            },
        );
    }
}

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 14;
/// Numbers that stay in the nearest cache while several things are done with them.
const NEAREST: usize = 1 << 11;

/// `y = a + b`; `then` is run over each part of it while that is in the nearest cache.
fn add(y: &mut [f32], (a, b): (&[f32], &[f32]), work: usize, then: impl Fn(&mut [f32]) + Sync) {
    parallel::chunks(y, PIECE, work, |index, y| {
        let [a, b] = [a, b].map(|all| all[index * PIECE..][..y.len()].chunks(NEAREST));
        for ((y, a), b) in y.chunks_mut(NEAREST).zip(a).zip(b) {
            vectorize(
                #[inline(always)]
                || y.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = a + b),
            );
            then(y);
        }
    });
}

fn grown(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
