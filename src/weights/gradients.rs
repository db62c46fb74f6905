//! `Gradients`: those of all trainable weights in one buffer, kept from step to step. The one place
//! where they are gathered: several processes are reduced here.

use std::ops::Range;

use candle_core::Tensor;

use crate::error::Result;
use crate::numeric::simd::LINE;
use crate::weights::{Weight, Weights};

/// The gradients of one step, in the order of [`Weights::trainable`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients {
    /// All of them; what lies between two is 0.
    values: Vec<f32>,
    ranges: Vec<Range<usize>>,
    /// False where the loss doesn't depend on the weight: the optimizer leaves it alone.
    present: Vec<bool>,
    touched: Vec<TouchedRows>,
}

/// The rows of one gradient that may be other than 0, where only some are: those of an embedding,
/// which needs not fill its whole table with zeros at each step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TouchedRows {
    rows: Vec<usize>,
    /// False where any other number may be other than 0 too.
    is_known: bool,
}

impl TouchedRows {
    /// Makes the gradient 0, whose rows have `width` numbers: no row is touched now.
    pub fn zero(&mut self, gradient: &mut [f32], width: usize) {
        if self.is_known && self.rows.len() < gradient.len() / width.max(1) {
            self.rows.iter().for_each(|row| gradient[row * width..][..width].fill(0.0));
        } else {
            gradient.fill(0.0);
        }
        self.rows.clear();
        self.is_known = true;
    }

    /// Notes that a row may be other than 0 now.
    pub fn add(&mut self, row: usize) {
        self.rows.push(row);
    }

    /// Notes that any number may be.
    fn forget(&mut self) {
        self.is_known = false;
    }
}

/// Layers with at most this many weights need no allocation for the list of them.
pub(crate) const FEW: usize = 4;

impl Gradients {
    /// Zeros for every trainable weight.
    pub fn new(weights: &Weights) -> Self {
        Gradients::zeros(weights.trainable().map(Weight::elements))
    }

    /// Zeros for weights of so many numbers.
    pub fn zeros(sizes: impl IntoIterator<Item = usize>) -> Self {
        let (mut ranges, mut start) = (Vec::new(), 0usize);
        for size in sizes {
            ranges.push(start..start + size);
            start = (start + size).next_multiple_of(LINE); // each begins with a line of the cache
        }
        let count = ranges.len();
        Gradients {
            values: vec![0.0; start],
            ranges,
            present: vec![true; count],
            touched: vec![TouchedRows::default(); count],
        }
    }

    /// How many weights have one.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// True where there is no trainable weight.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The gradient of one weight, row-major; None where the loss doesn't depend on it.
    pub fn get(&self, index: usize) -> Option<&[f32]> {
        let range = self.ranges.get(index)?;
        self.present[index].then(|| &self.values[range.clone()])
    }

    /// The place of one weight's gradient, which becomes present.
    pub fn place(&mut self, index: usize) -> &mut [f32] {
        self.present[index] = true;
        self.touched[index].forget();
        &mut self.values[self.ranges[index].clone()]
    }

    /// Says that the loss depends on every weight.
    pub fn all_present(&mut self) {
        self.present.fill(true);
    }

    /// Says that the loss doesn't depend on a weight.
    pub fn clear(&mut self, index: usize) {
        self.present[index] = false;
    }

    /// All of them in one run, as processes add them up.
    pub fn flat(&mut self) -> &mut [f32] {
        self.touched.iter_mut().for_each(TouchedRows::forget);
        &mut self.values
    }

    /// Runs over every gradient that is present.
    pub fn each(&mut self, mut change: impl FnMut(usize, &mut [f32])) {
        for (index, range) in self.ranges.iter().enumerate().filter(|(i, _)| self.present[*i]) {
            self.touched[index].forget();
            change(index, &mut self.values[range.clone()]);
        }
    }

    /// Multiplies all of them.
    pub fn scale(&mut self, factor: f32) {
        if factor != 1.0 {
            self.flat().iter_mut().for_each(|value| *value *= factor);
        }
    }

    /// Takes over the tensors that autograd gave, in the same order, in one transfer.
    pub fn gather(&mut self, tensors: &[Option<Tensor>]) -> Result<()> {
        let mut flat = Vec::new();
        for (present, tensor) in self.present.iter_mut().zip(tensors) {
            *present = tensor.is_some();
            if let Some(tensor) = tensor {
                flat.push(tensor.flatten_all()?);
            }
        }
        if flat.is_empty() {
            return Ok(());
        }
        let flat: Vec<f32> = Tensor::cat(&flat, 0)?.to_vec1()?;
        let mut rest = flat.as_slice();
        self.each(|_, gradient| {
            let (values, after) = rest.split_at(gradient.len());
            gradient.copy_from_slice(values);
            rest = after;
        });
        Ok(())
    }

    /// The gradients of one layer's weights, listed in `few`, or in `many` where there are more, and
    /// the rows that are touched of the first.
    pub(crate) fn of_layer<'g>(
        &'g mut self,
        places: &Places,
        few: &'g mut [Option<&'g mut [f32]>; FEW],
        many: &'g mut Vec<Option<&'g mut [f32]>>,
    ) -> (&'g mut [Option<&'g mut [f32]>], Option<&'g mut TouchedRows>) {
        let count = places.list.len();
        let list = if count <= FEW {
            &mut few[..count]
        } else {
            many.resize_with(count, || None);
            many.as_mut_slice()
        };
        let (mut rest, mut start) = (self.values.as_mut_slice(), 0);
        for (index, place) in &places.in_order {
            let range = &self.ranges[*place];
            let (_, after) = rest.split_at_mut(range.start - start);
            let (own, after) = after.split_at_mut(range.len());
            (list[*index], rest, start) = (Some(own), after, range.end);
        }
        let first = places.list.first().copied().flatten();
        (list, first.map(|place| &mut self.touched[place]))
    }
}

/// Where the gradients of one layer's weights are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Of each weight, in the order of the layer's kernel; None for one that isn't trained.
    list: Vec<Option<usize>>,
    /// Those that there are, with the weight's index, in the order of the buffer.
    in_order: Vec<(usize, usize)>,
}

impl Places {
    pub(crate) fn new(list: Vec<Option<usize>>) -> Places {
        let places = list.iter().enumerate();
        let mut in_order: Vec<_> = places.filter_map(|(i, place)| Some((i, (*place)?))).collect();
        in_order.sort_by_key(|(_, place)| *place);
        Places { list, in_order }
    }

    /// True where none of the weights is trained.
    pub(crate) fn are_none(&self) -> bool {
        self.in_order.is_empty()
    }

    /// True where each of them is.
    pub(crate) fn are_all(&self) -> bool {
        self.in_order.len() == self.list.len()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_layers_gradients_are_parts_of_one_buffer_in_the_layers_own_order() {
        let mut gradients = Gradients::zeros([3, 17, 2, 1, 5, 4]);
        assert_eq!(gradients.flat().len(), 16 + 32 + 16 + 16 + 16 + 16);
        for list in [
            vec![Some(2), None, Some(0)],
            vec![Some(5), Some(1), Some(3), None, Some(4)], // more than a few
        ] {
            let places = Places::new(list.clone());
            let (mut few, mut many) = (Default::default(), Vec::new());
            let (layer, _) = gradients.of_layer(&places, &mut few, &mut many);
            for (index, gradient) in layer.iter_mut().enumerate() {
                let gradient = gradient.as_deref_mut();
                assert_eq!(gradient.is_some(), list[index].is_some());
                gradient.into_iter().for_each(|gradient| gradient.fill(index as f32 + 1.0));
            }
            for (index, place) in list.iter().enumerate() {
                let Some(place) = place else { continue };
                let own = gradients.get(*place).unwrap();
                assert!(own.iter().all(|value| *value == index as f32 + 1.0), "{own:?}");
            }
        }
        let sizes: Vec<usize> = (0..6).map(|i| gradients.get(i).unwrap().len()).collect();
        assert_eq!(sizes, [3, 17, 2, 1, 5, 4]);
    }

    #[test]
    fn what_autograd_leaves_out_is_not_present() {
        let mut gradients = Gradients::zeros([2, 3, 1]);
        let tensor = |values: &[f32]| Some(Tensor::new(values, &Device::Cpu).unwrap());
        gradients.gather(&[tensor(&[1.0, 2.0]), None, tensor(&[3.0])]).unwrap();
        gradients.scale(2.0);
        let all: Vec<_> = (0..3).map(|index| gradients.get(index)).collect();
        assert_eq!(all, [Some(&[2.0, 4.0][..]), None, Some(&[6.0][..])]);
        gradients.gather(&[None, None, None]).unwrap();
        assert_eq!(gradients.get(0), None);
    }
}
