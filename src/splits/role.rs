//! What a row is for.

/// What a row of the table to train on is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowRole {
    /// It is trained on.
    Train,
    /// It is held back to validate on.
    Validate,
    /// It is kept apart, to decide by once training has ended.
    Calibrate,
    /// It is used for none of these.
    LeftOut,
}

impl RowRole {
    /// The last of so many rows are held back.
    pub(super) fn tail(rows: usize, held: usize) -> Vec<RowRole> {
        (0..rows).map(|row| RowRole::held(row >= rows - held)).collect()
    }

    /// These of so many rows are held back.
    pub(super) fn of(rows: usize, held: impl IntoIterator<Item = usize>) -> Vec<RowRole> {
        let mut roles = vec![RowRole::Train; rows];
        held.into_iter().for_each(|row| roles[row] = RowRole::Validate);
        roles
    }

    /// Held back, or trained on.
    pub(super) fn held(is_held: bool) -> RowRole {
        if is_held { RowRole::Validate } else { RowRole::Train }
    }
}
