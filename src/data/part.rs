//! Part: some of a table's rows.

/// Some of the rows; the flags say which rows are held back to validate on.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// All of them.
    All,
    /// Those that are left to train on.
    Kept(&'a [bool]),
    /// Those to validate on.
    Held(&'a [bool]),
}

impl Part<'_> {
    /// Whether a row belongs to it.
    pub(super) fn has(&self, row: usize) -> bool {
        match self {
            Part::All => true,
            Part::Kept(held) => !held[row],
            Part::Held(held) => held[row],
        }
    }

    /// The rows among `count` rows from `start` on, counted from there.
    pub(super) fn rows(&self, start: usize, count: usize) -> Vec<u32> {
        (0..count).filter(|row| self.has(start + row)).map(|row| row as u32).collect()
    }
}
