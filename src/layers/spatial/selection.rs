//! `Selection`: positions that a layer selects at every step. They are sent to its device once.

use std::sync::OnceLock;

use candle_core::Tensor;

use crate::error::Result;
use crate::gpu::{self, RowLists};

/// The positions of an input of one size that a layer selects.
#[derive(Default)]
pub(crate) struct Selection(OnceLock<Selected>);

struct Selected {
    sources: Tensor,
    /// For the device's program.
    lists: Option<RowLists>,
    /// Whether some are beyond the last position.
    has_outside: bool,
}

impl Selected {
    /// The lists, where x is one that the device's program takes.
    fn lists_for(&self, x: &Tensor) -> Option<&RowLists> {
        self.lists.as_ref().filter(|_| gpu::rows_takes(x))
    }
}

impl Selection {
    /// The positions of x (batch, positions, channels) that `sources` lists, the same at every call;
    /// one beyond the last is a row of zeros.
    pub(crate) fn select(&self, x: &Tensor, sources: impl FnOnce() -> Vec<u32>) -> Result<Tensor> {
        let (batch, positions, channels) = x.dims3()?;
        let selected = self.selected(x, positions, sources)?;
        if let Some(lists) = selected.lists_for(x) {
            return Ok(gpu::add_rows(lists, x)?);
        }
        let x = if selected.has_outside {
            let zeros = Tensor::zeros((batch, 1, channels), x.dtype(), x.device())?;
            Tensor::cat(&[x, &zeros], 1)?
        } else {
            x.contiguous()?
        };
        Ok(x.index_select(&selected.sources, 1)?)
    }

    /// The lists of what [`Selection::select`] selects, for a GPU's programs; None where there are none
    /// for x.
    pub(crate) fn lists(
        &self,
        x: &Tensor,
        sources: impl FnOnce() -> Vec<u32>,
    ) -> Result<Option<&RowLists>> {
        Ok(self.selected(x, x.dim(1)?, sources)?.lists_for(x))
    }

    /// The opposite: so many positions, each the sum of the rows of x (batch, rows, channels) that
    /// `targets` lists for it; what is for one beyond the last is left out.
    pub(crate) fn add_up(
        &self,
        x: &Tensor,
        positions: usize,
        targets: impl FnOnce() -> Vec<u32>,
    ) -> Result<Tensor> {
        let (batch, _, channels) = x.dims3()?;
        let selected = self.selected(x, positions, targets)?;
        if let Some(lists) = selected.lists_for(x) {
            return Ok(gpu::add_rows_back(lists, x)?);
        }
        let zeros = Tensor::zeros((batch, positions + 1, channels), x.dtype(), x.device())?;
        let all = zeros.index_add(&selected.sources, x, 1)?;
        Ok(all.narrow(1, 0, positions)?.contiguous()?)
    }

    fn selected(
        &self,
        x: &Tensor,
        positions: usize,
        sources: impl FnOnce() -> Vec<u32>,
    ) -> Result<&Selected> {
        if let Some(selected) = self.0.get() {
            return Ok(selected);
        }
        let sources = sources();
        let has_outside = sources.iter().any(|&source| source as usize >= positions);
        let count = sources.len();
        let lists = || RowLists::selecting(&sources, positions, x.device());
        let lists = gpu::rows_takes(x).then(lists).transpose()?;
        let sources = Tensor::from_vec(sources, count, x.device())?;
        Ok(self.0.get_or_init(|| Selected { sources, lists, has_outside }))
    }
}

/// The same once.
pub(crate) fn select(x: &Tensor, sources: Vec<u32>) -> Result<Tensor> {
    Selection::default().select(x, || sources)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn positions_are_listed_once_and_those_outside_are_zeros() {
        let x = Tensor::new(&[[[1f32], [2.0], [3.0]]], &Device::Cpu).unwrap();
        let selection = Selection::default();
        for _ in 0..2 {
            let mut times = 0;
            let selected = selection.select(&x, || {
                times += 1;
                vec![2, 0, 3] // there are 3
            });
            let values = selected.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(values, [3.0, 1.0, 0.0]);
            assert!(times == 0 || selection.0.get().is_some());
        }
        let again = selection.select(&x, || panic!("they are known")).unwrap();
        assert_eq!(again.dims(), [1, 3, 1]);
        let sums = Selection::default().add_up(&x, 2, || vec![1, 2, 1]).unwrap();
        assert_eq!(sums.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [0.0, 4.0]);
    }
}
