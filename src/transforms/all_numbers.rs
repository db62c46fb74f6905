//! All numbers of a column, for those who need their order.

use super::transform::Statistics;

/// The numbers in the order of the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllNumbers(Vec<f64>);

impl Statistics for AllNumbers {
    fn see(&mut self, numbers: &[f64]) {
        self.0.extend_from_slice(numbers);
    }

    fn merge(&mut self, next: &AllNumbers) {
        self.0.extend_from_slice(&next.0);
    }
}

impl AllNumbers {
    /// In the order of their size.
    pub(crate) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}
