//! `Stored`: how a weight stands in model.safetensors, whose names and layouts are PyTorch's and
//! candle's. Only the writer and the reader of that file, and the exchange formats, permute.

use candle_core::{DType, Device, Tensor};

use crate::error::{Error, Result};

/// How one weight stands in the file. Names are those of PyTorch's modules; the layer's name comes
/// before them: `dense` + `weight` → `dense.weight`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// As it is, under this name.
    Plain(String),
    /// With its axes permuted: file axis `i` is memory axis `axes[i]`.
    Permuted(String, Vec<usize>),
    /// A depthwise kernel: (k…, c, m) → (c·m, 1, k…).
    Depthwise(String),
    /// A recurrent kernel: (f, g·u) → (g·u, f), its blocks of gates in the order `gates` (file
    /// block `i` is memory block `gates[i]`).
    Gates {
        /// `weight_ih_l0`.
        name: String,
        /// The order of the blocks.
        gates: Vec<usize>,
    },
    /// A recurrent bias (g·u,) → `input`, and zeros under `recurrent` in the file only; or (2, g·u)
    /// → its first row under `input`, its second under `recurrent`.
    GateBias {
        /// `bias_ih_l0`.
        input: String,
        /// `bias_hh_l0`.
        recurrent: String,
        /// The order of the blocks.
        gates: Vec<usize>,
    },
}

impl Stored {
    /// A kernel whose last two axes are (in, out): (in, out) → (out, in), (k…, in, out) →
    /// (out, in, k…).
    pub fn kernel(name: &str, rank: usize) -> Stored {
        let mut axes = vec![rank - 1, rank - 2];
        axes.extend(0..rank - 2);
        Stored::Permuted(name.to_string(), axes)
    }

    /// As it is, under `name`.
    pub fn plain(name: &str) -> Stored {
        Stored::Plain(name.to_string())
    }

    /// The same with `prefix` before, or `suffix` after, each of its names.
    pub fn renamed(&self, rename: impl Fn(&str) -> String) -> Stored {
        match self.clone() {
            Stored::Plain(name) => Stored::Plain(rename(&name)),
            Stored::Permuted(name, axes) => Stored::Permuted(rename(&name), axes),
            Stored::Depthwise(name) => Stored::Depthwise(rename(&name)),
            Stored::Gates { name, gates } => Stored::Gates { name: rename(&name), gates },
            Stored::GateBias { input, recurrent, gates } => {
                Stored::GateBias { input: rename(&input), recurrent: rename(&recurrent), gates }
            }
        }
    }

    /// The names under which it stands in the file, the layer's name left out.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Stored::Plain(name)
            | Stored::Permuted(name, _)
            | Stored::Depthwise(name)
            | Stored::Gates { name, .. } => vec![name],
            Stored::GateBias { input, recurrent, .. } => vec![input, recurrent],
        }
    }

    /// The tensors of the file, from the weight in memory; in the order of [`Stored::names`].
    pub fn to_file(&self, weight: &Tensor) -> Result<Vec<Tensor>> {
        Ok(match self {
            Stored::Plain(_) => vec![weight.clone()],
            Stored::Permuted(_, axes) => vec![weight.permute(axes.as_slice())?.contiguous()?],
            Stored::Depthwise(_) => {
                let rank = weight.rank();
                let mut axes = vec![rank - 2, rank - 1];
                axes.extend(0..rank - 2);
                let moved = weight.permute(axes)?.contiguous()?;
                let mut dims = vec![moved.dims()[0] * moved.dims()[1], 1];
                dims.extend_from_slice(&moved.dims()[2..]);
                vec![moved.reshape(dims)?]
            }
            Stored::Gates { gates, .. } => {
                vec![blocks(&weight.t()?.contiguous()?, gates)?]
            }
            Stored::GateBias { gates, .. } if weight.rank() == 1 => {
                let bias = blocks(weight, gates)?;
                vec![bias.clone(), bias.zeros_like()?]
            }
            Stored::GateBias { gates, .. } => {
                vec![blocks(&weight.get(0)?, gates)?, blocks(&weight.get(1)?, gates)?]
            }
        })
    }

    /// The shapes of the file's tensors for a weight of this shape in memory.
    pub fn file_shapes(&self, shape: &[usize]) -> Result<Vec<Vec<usize>>> {
        let zeros = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
        Ok(self.to_file(&zeros)?.iter().map(|tensor| tensor.dims().to_vec()).collect())
    }

    /// The weight in memory, of shape `shape`, from the file's tensors in the order of
    /// [`Stored::names`], each of the shape that [`Stored::file_shapes`] says.
    pub fn from_file(&self, tensors: &[Tensor], shape: &[usize]) -> Result<Tensor> {
        let first = tensors.first().ok_or_else(|| Error::Internal("no tensor given".into()))?;
        Ok(match self {
            Stored::Plain(_) => first.clone(),
            Stored::Permuted(_, axes) => first.permute(inverse(axes))?.contiguous()?,
            Stored::Depthwise(_) => {
                let rank = shape.len();
                let mut dims = vec![shape[rank - 2], shape[rank - 1]];
                dims.extend_from_slice(&shape[..rank - 2]);
                let mut axes: Vec<usize> = (2..rank).collect();
                axes.extend([0, 1]);
                first.reshape(dims)?.permute(axes)?.contiguous()?
            }
            Stored::Gates { gates, .. } => blocks(first, &inverse(gates))?.t()?.contiguous()?,
            Stored::GateBias { gates, .. } => {
                let input = blocks(first, &inverse(gates))?;
                let recurrent = blocks(&tensors[1], &inverse(gates))?;
                if shape.len() == 1 {
                    (input + recurrent)? // a PyTorch file may split the bias between the two
                } else {
                    Tensor::stack(&[input, recurrent], 0)?
                }
            }
        })
    }
}

/// The blocks of axis 0 in another order.
fn blocks(tensor: &Tensor, order: &[usize]) -> Result<Tensor> {
    let size = tensor.dim(0)? / order.len();
    let parts: Vec<Tensor> = order
        .iter()
        .map(|block| tensor.narrow(0, block * size, size))
        .collect::<candle_core::Result<_>>()?;
    Ok(Tensor::cat(&parts, 0)?)
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        inverse[from] = to;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(shape: &[usize]) -> Tensor {
        let n: usize = shape.iter().product();
        let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn every_layout_comes_back_from_the_file() {
        let gates = vec![1, 0, 2];
        let bias =
            Stored::GateBias { input: "i".into(), recurrent: "h".into(), gates: gates.clone() };
        for (stored, shape) in [
            (Stored::plain("bias"), vec![3]),
            (Stored::kernel("weight", 2), vec![2, 3]),
            (Stored::kernel("weight", 4), vec![3, 5, 2, 4]),
            (Stored::Depthwise("weight".into()), vec![3, 5, 2, 4]),
            (Stored::Gates { name: "w".into(), gates }, vec![2, 12]),
            (bias.clone(), vec![12]),
            (bias, vec![2, 12]),
        ] {
            let weight = ramp(&shape);
            let file = stored.to_file(&weight).unwrap();
            let shapes: Vec<_> = file.iter().map(|tensor| tensor.dims().to_vec()).collect();
            assert_eq!(shapes, stored.file_shapes(&shape).unwrap());
            let back = stored.from_file(&file, &shape).unwrap();
            assert_eq!(back.dims(), shape);
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(flat(&back), flat(&weight), "{stored:?}");
        }
    }

    #[test]
    fn a_conv_kernel_is_stored_out_in_height_width() {
        let file = Stored::kernel("weight", 4).to_file(&ramp(&[3, 5, 2, 4])).unwrap();
        assert_eq!(file[0].dims(), [4, 2, 3, 5]);
    }
}
