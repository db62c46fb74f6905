//! A small array stretched over a large one, as in NumPy: axes of size 1 are repeated.

/// How a small row-major array is read beside a large one of the same rank.
#[derive(Debug, Clone)]
pub struct Broadcast {
    /// The sizes of all axes but the last.
    rows: Vec<usize>,
    /// How far apart the small array's numbers are along them; 0 where it is repeated.
    strides: Vec<usize>,
    /// The size of the last axis.
    width: usize,
    /// True where the small array has a number for each place of the last axis.
    is_wide: bool,
    small: usize,
}

impl Broadcast {
    /// `small` has the rank of `large`; each of its axes is 1 or the large one's.
    pub fn new(large: &[usize], small: &[usize]) -> Self {
        let mut strides = vec![0; large.len()];
        let mut stride = 1;
        for axis in (0..large.len()).rev() {
            if small[axis] > 1 {
                strides[axis] = stride;
            }
            stride *= small[axis];
        }
        let (width, rows) = large.split_last().map_or((1, &[][..]), |(last, rest)| (*last, rest));
        let is_wide = strides.pop().is_some_and(|stride| stride == 1);
        Broadcast { rows: rows.to_vec(), strides, width, is_wide, small: stride }
    }

    /// How many numbers the small array has.
    pub fn small(&self) -> usize {
        self.small
    }

    /// How many numbers the large array has.
    pub fn large(&self) -> usize {
        self.rows.iter().product::<usize>() * self.width
    }

    /// The size of the large array's last axis.
    pub fn width(&self) -> usize {
        self.width
    }

    /// True where the small array has a number for each place of the last axis; false where it has
    /// one for the whole row.
    pub fn is_wide(&self) -> bool {
        self.is_wide
    }

    /// Where in the small array the numbers for each row of the large one start, row after row.
    pub fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows.iter().product()).map(|row| self.start(row))
    }

    fn start(&self, mut row: usize) -> usize {
        let mut start = 0;
        for (size, stride) in self.rows.iter().zip(&self.strides).rev() {
            start += row % size * stride;
            row /= size;
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_axes_have_no_stride() {
        let starts = |large: &[usize], small: &[usize]| -> Vec<usize> {
            Broadcast::new(large, small).starts().collect()
        };
        assert_eq!(starts(&[2, 3, 4], &[2, 1, 4]), [0, 0, 0, 4, 4, 4]);
        assert_eq!(starts(&[2, 3, 4], &[1, 3, 1]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(starts(&[4], &[4]), [0]);
        assert!(!Broadcast::new(&[2, 3], &[2, 1]).is_wide());
        assert_eq!(Broadcast::new(&[2, 3, 4], &[2, 1, 4]).small(), 8);
    }
}
