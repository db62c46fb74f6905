//! Part: some of a table's rows.

use crate::splits::RowRole;

/// Some of the rows, by what each is for.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// All of them.
    All,
    /// Those that are trained on.
    Train(&'a [RowRole]),
    /// Those to validate on.
    Validate(&'a [RowRole]),
    /// Those to decide by once training has ended.
    Calibrate(&'a [RowRole]),
}

impl Part<'_> {
    /// The rows of a role that are held back.
    pub(super) fn of(roles: &[RowRole], role: RowRole) -> Option<Part<'_>> {
        match role {
            RowRole::Validate => Some(Part::Validate(roles)),
            RowRole::Calibrate => Some(Part::Calibrate(roles)),
            _ => None,
        }
    }

    /// What each row is for, and what those of this part are; None where all are trained on.
    pub(super) fn roles(&self) -> (Option<&[RowRole]>, RowRole) {
        match self {
            Part::All => (None, RowRole::Train),
            Part::Train(roles) => (Some(roles), RowRole::Train),
            Part::Validate(roles) => (Some(roles), RowRole::Validate),
            Part::Calibrate(roles) => (Some(roles), RowRole::Calibrate),
        }
    }

    /// Whether a row belongs to it.
    pub(super) fn has(&self, row: usize) -> bool {
        match self {
            Part::All => true,
            Part::Train(roles) => roles[row] == RowRole::Train,
            Part::Validate(roles) => roles[row] == RowRole::Validate,
            Part::Calibrate(roles) => roles[row] == RowRole::Calibrate,
        }
    }

    /// How many there are among `count` rows from `start` on.
    pub(super) fn count(&self, start: usize, count: usize) -> usize {
        match self {
            Part::All => count,
            part => (start..start + count).filter(|row| part.has(*row)).count(),
        }
    }

    /// The rows among `count` rows from `start` on, counted from there.
    pub(super) fn rows(&self, start: usize, count: usize) -> Vec<u32> {
        (0..count).filter(|row| self.has(start + row)).map(|row| row as u32).collect()
    }
}
