//! Array: numbers in rows of any shape, as they stand in a file.

/// The numbers of an array, as they stand in its file.
pub(super) struct Array {
    /// Empty where the file holds only this one.
    pub name: String,
    pub shape: Vec<usize>,
    pub numbers: NumberKind,
    pub is_big_endian: bool,
    /// Whether the first axis runs fastest (Fortran's order).
    pub is_column_major: bool,
    pub bytes: Vec<u8>,
}

/// How each number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl NumberKind {
    /// How many bytes each takes.
    pub(super) fn size(self) -> usize {
        match self {
            NumberKind::I8 | NumberKind::U8 | NumberKind::Bool => 1,
            NumberKind::F16 | NumberKind::Bf16 | NumberKind::I16 | NumberKind::U16 => 2,
            NumberKind::F32 | NumberKind::I32 | NumberKind::U32 => 4,
            NumberKind::F64 | NumberKind::I64 | NumberKind::U64 => 8,
        }
    }
}

impl Array {
    /// How many rows.
    pub(super) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// How many numbers a row has.
    pub(super) fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// An error where the bytes aren't as many as the shape says.
    pub(super) fn check(&self) -> Result<(), String> {
        let count = self.shape.iter().try_fold(1usize, |count, axis| count.checked_mul(*axis));
        let bytes = count.and_then(|count| count.checked_mul(self.numbers.size()));
        if bytes == Some(self.bytes.len()) {
            return Ok(());
        }
        let (shape, found) = (&self.shape, self.bytes.len());
        let wanted = bytes.map_or("more than there can be".to_string(), |bytes| bytes.to_string());
        Err(format!(
            "an array of the shape {shape:?} takes {wanted} bytes, found {found}: the file is cut or damaged"
        ))
    }
}
