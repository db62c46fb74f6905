//! What a kernel is: [`Kernel`], what it knows of a pass, and the buffers that it keeps.

use std::sync::Arc;

use super::pool_windows::PoolWindows;
use crate::activations::Activation;
use crate::error::Result;
use crate::random::Random;
use crate::weights::LayerWeight;
use crate::weights::gradients::TouchedRows;

/// A layer over slices. A batch is row-major: (batch, …). It reads its weights in the slices that it is
/// given and never in their Vars, which are locked while steps run.
pub trait Kernel: Send + Sync {
    /// An error where the input holds numbers that the layer can't take: an id outside of a table.
    /// Called before [`Kernel::forward`], which itself can't fail (and gives NaN for such numbers).
    fn check(&self, _pass: &Pass<'_>, _x: &[f32]) -> Result<()> {
        Ok(())
    }

    /// The output of a batch. `saved` keeps what [`Kernel::backward`] will need. In inference mode the
    /// output of a sample is the same to the last bit whatever other samples there are.
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    );

    /// The gradients of a batch, after [`Kernel::forward`] with the same `saved` in a pass that was not
    /// `forward_only`.
    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>);

    /// The mask of the output. By default that of the input.
    fn mask(&self, _pass: &Pass<'_>, _x: &[f32], _made: &mut Vec<f32>) -> OutputMask {
        OutputMask::Same
    }

    /// True where the output is the input, number for number: nothing is run.
    fn is_identity(&self, _training: bool) -> bool {
        false
    }

    /// How many samples it works on together, from which on more don't make it faster.
    fn samples_together(&self) -> usize {
        1
    }

    /// The activation that this kernel is, where it is nothing else.
    fn as_activation(&self) -> Option<&Activation> {
        None
    }

    /// The same kernel with an activation of each number by itself after it, which then costs no pass
    /// of its own; None where it can't have one.
    fn with_activation(&self, _activation: &Activation) -> Option<Arc<dyn Kernel>> {
        None
    }

    /// The windows of which this kernel gives the largest numbers, where it does nothing else.
    fn as_max_pooling(&self) -> Option<&PoolWindows> {
        None
    }

    /// The same kernel with a max pooling after it, so that what is pooled never leaves the cache; None
    /// where it can't have one.
    fn with_max_pooling(&self, _windows: &PoolWindows) -> Option<Arc<dyn Kernel>> {
        None
    }

    /// The place of the weight, with the output's features as its last axis, in which the output is linear;
    /// the next one is the bias, where there is one, and may be given to a layer that has none.
    fn linear_weight(&self) -> Option<usize> {
        None
    }

    /// What this kernel does in use with these weights, where it does nothing else.
    fn as_feature_scale(&self, _weights: &[&[f32]]) -> Option<FeatureScale> {
        None
    }

    /// For use, the same with the normalizations within it folded into the kernels before them; None where
    /// there is nothing within it.
    fn folded(&self, _weights: &[LayerWeight]) -> Result<Option<BoundKernel>> {
        Ok(None)
    }

    /// The new values of a weight that training updates by itself (a moving statistic), after
    /// [`Kernel::forward`] in training mode; None for other weights.
    fn updated<'s>(&self, _weight: usize, _saved: &'s Saved) -> Option<&'s [f32]> {
        None
    }
}

/// What a kernel knows of the pass.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// How many samples.
    pub batch: usize,
    /// True in `fit`.
    pub training: bool,
    /// True where no backward pass follows, so that nothing need be kept for one.
    pub forward_only: bool,
    /// The number of the training step; keys the random streams.
    pub step: u64,
    /// The source of random draws.
    pub random: &'a Random,
    /// The input's mask: (batch, time), 1 or 0. None: every step counts.
    pub mask: Option<&'a [f32]>,
    /// The input as whole numbers, where it is the model's own and came as ids.
    pub ids: Option<&'a [u32]>,
}

impl<'a> Pass<'a> {
    /// The first step of training: without a mask, and not over ids.
    pub fn of_training(batch: usize, random: &'a Random) -> Pass<'a> {
        let (training, forward_only) = (true, false);
        Pass { batch, training, forward_only, step: 0, random, mask: None, ids: None }
    }

    /// A pass in use, the same otherwise.
    pub fn of_use(batch: usize, random: &'a Random) -> Pass<'a> {
        Pass { training: false, forward_only: true, ..Pass::of_training(batch, random) }
    }
}

/// What a backward pass reads and fills.
pub struct Backward<'a> {
    /// The input of the forward pass.
    pub x: &'a [f32],
    /// The weights of the forward pass.
    pub weights: &'a [&'a [f32]],
    /// The output of the forward pass.
    pub y: &'a [f32],
    /// The gradient of the output; the kernel may overwrite it.
    pub dy: &'a mut [f32],
    /// What the forward pass kept.
    pub saved: &'a mut Saved,
    /// The gradient of the input, to be overwritten; None where nobody needs it.
    pub dx: Option<&'a mut [f32]>,
    /// The gradients of the weights, to be overwritten; None where nobody needs one.
    pub dweights: &'a mut [Option<&'a mut [f32]>],
    /// The rows of the first weight's gradient that are other than 0, for a kernel that touches only
    /// some; None: it may hold anything.
    pub touched: Option<&'a mut TouchedRows>,
}

/// The mask of a kernel's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputMask {
    /// The input's.
    Same,
    /// None: the layer consumes it.
    Dropped,
    /// The one that was put into `made`.
    Made,
}

/// What a kernel multiplies each feature of the last axis by, what it then adds to it, and what it applies
/// to that.
pub struct FeatureScale {
    /// One for each feature.
    pub factors: Vec<f32>,
    /// One for each feature.
    pub offsets: Vec<f32>,
    /// Applied number by number.
    pub activation: Activation,
}

/// Buffers of one layer that last from step to step, so that a step allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Saved {
    floats: Vec<Vec<f32>>,
    indices: Vec<u32>,
    bytes: Vec<u8>,
    /// The buffers of kernels inside this one.
    pub inner: Vec<Saved>,
}

impl Saved {
    /// The first `N` buffers, made as long as asked. What they held stays.
    pub fn buffers<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [f32]; N] {
        self.buffers_and_bytes(lengths, 0).0
    }

    /// The same, and the buffer of bytes, made as long as asked.
    pub fn buffers_and_bytes<const N: usize>(
        &mut self,
        lengths: [usize; N],
        bytes: usize,
    ) -> ([&mut [f32]; N], &mut [u8]) {
        if self.floats.len() < N {
            self.floats.resize(N, Vec::new());
        }
        for (buffer, length) in self.floats.iter_mut().zip(lengths) {
            if buffer.len() < length {
                buffer.resize(length, 0.0);
            }
        }
        if self.bytes.len() < bytes {
            self.bytes.resize(bytes, 0);
        }
        let mut buffers = self.floats.iter_mut();
        let buffers = lengths.map(|length| match buffers.next() {
            Some(buffer) => &mut buffer[..length],
            None => &mut [],
        });
        (buffers, &mut self.bytes[..bytes])
    }

    /// A buffer that [`Saved::buffers`] has filled.
    pub fn buffer(&self, index: usize) -> &[f32] {
        self.floats.get(index).map_or(&[], Vec::as_slice)
    }

    /// The buffer of indices, made as long as asked.
    pub fn indices(&mut self, length: usize) -> &mut [u32] {
        if self.indices.len() < length {
            self.indices.resize(length, 0);
        }
        &mut self.indices[..length]
    }

    /// The buffer of bytes, made as long as asked.
    pub fn bytes(&mut self, length: usize) -> &mut [u8] {
        self.buffers_and_bytes([], length).1
    }

    /// For a chain of `n` kernels: a buffer for each one's output and two for the gradients that
    /// flow between them, and an inner place for each.
    pub fn chain(&mut self, n: usize) -> (&mut [Vec<f32>], &mut [Saved]) {
        if self.floats.len() < n + 2 {
            self.floats.resize(n + 2, Vec::new());
        }
        if self.inner.len() < n {
            self.inner.resize(n, Saved::default());
        }
        (&mut self.floats[..n + 2], &mut self.inner[..n])
    }

    /// The first `n` inner places.
    pub fn places(&mut self, n: usize) -> &mut [Saved] {
        if self.inner.len() < n {
            self.inner.resize(n, Saved::default());
        }
        &mut self.inner[..n]
    }
}

/// A layer's kernel with the weights that it takes, in its own order.
#[derive(Clone)]
pub struct BoundKernel {
    /// The kernel.
    pub kernel: Arc<dyn Kernel>,
    /// Its weights.
    pub weights: Vec<LayerWeight>,
}

impl BoundKernel {
    /// A kernel over weights.
    pub fn new(kernel: impl Kernel + 'static, weights: Vec<LayerWeight>) -> Self {
        BoundKernel { kernel: Arc::new(kernel), weights }
    }
}
