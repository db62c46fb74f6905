//! `TensorValue`: a tensor of numbers or texts.

/// What goes wrong is said in words; who called adds where.
pub(super) type Evaluated<T> = Result<T, String>;

/// Numbers that a value, and all values of a moment together, may have beside the file's: 1 GiB.
pub(super) const LIMIT: usize = 1 << 27;

/// What a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// f32
    Float,
    /// f64
    Double,
    /// i64
    Int64,
    /// bool
    Bool,
    /// Text.
    String,
}

/// The kind by ONNX's number of it.
pub(super) fn kind(number: Option<i32>) -> Evaluated<ElementType> {
    Ok(match number {
        Some(1) => ElementType::Float,
        Some(7) => ElementType::Int64,
        Some(8) => ElementType::String,
        Some(11) => ElementType::Double,
        other => return Err(format!("the element type {} is unknown", other.unwrap_or(0))),
    })
}

/// A tensor. Numbers of every kind are held in f64, rounded to what their kind can hold.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorValue {
    pub(super) dims: Vec<usize>,
    pub(super) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Numbers(ElementType, Vec<f64>),
    Texts(Vec<String>),
}

impl TensorValue {
    /// A tensor of f32.
    pub fn floats(dims: Vec<usize>, numbers: &[f32]) -> Result<TensorValue, String> {
        TensorValue::new(
            ElementType::Float,
            dims,
            numbers.iter().map(|number| f64::from(*number)).collect(),
        )
    }

    /// A tensor of texts.
    pub fn texts(dims: Vec<usize>, texts: Vec<String>) -> Result<TensorValue, String> {
        TensorValue::of(dims, Data::Texts(texts))
    }

    /// A tensor of numbers, which are rounded to the kind.
    pub(in crate::exchange::onnx) fn new(
        kind: ElementType,
        dims: Vec<usize>,
        mut numbers: Vec<f64>,
    ) -> Evaluated<TensorValue> {
        if kind == ElementType::Float {
            for number in &mut numbers {
                *number = f64::from(*number as f32);
            }
        }
        TensorValue::of(dims, Data::Numbers(kind, numbers))
    }

    fn of(dims: Vec<usize>, data: Data) -> Evaluated<TensorValue> {
        let count = count(&dims)?;
        let value = TensorValue { dims, data };
        if count == value.len() {
            return Ok(value);
        }
        Err(format!("{} numbers don't fill the shape {:?}", value.len(), value.dims))
    }

    /// The shape.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// What it is made of.
    pub fn kind(&self) -> ElementType {
        match &self.data {
            Data::Numbers(kind, _) => *kind,
            Data::Texts(_) => ElementType::String,
        }
    }

    /// The numbers, the last axis first; None for texts.
    pub fn numbers(&self) -> Option<&[f64]> {
        match &self.data {
            Data::Numbers(_, numbers) => Some(numbers),
            Data::Texts(_) => None,
        }
    }

    /// The texts; None for numbers.
    pub fn strings(&self) -> Option<&[String]> {
        match &self.data {
            Data::Numbers(..) => None,
            Data::Texts(texts) => Some(texts),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Numbers(_, numbers) => numbers.len(),
            Data::Texts(texts) => texts.len(),
        }
    }

    /// The same in another shape.
    pub(super) fn reshaped(&self, dims: Vec<usize>) -> Evaluated<TensorValue> {
        TensorValue::of(dims, self.data.clone())
    }

    /// Another shape, each of whose elements is the one of `self` whose place `source` says.
    pub(super) fn arranged(
        &self,
        dims: Vec<usize>,
        source: impl Fn(&[usize]) -> usize,
    ) -> Evaluated<TensorValue> {
        let mut places = Vec::with_capacity(count(&dims)?);
        for_each(&dims, |at| places.push(source(at)));
        if places.iter().any(|place| *place >= self.len()) {
            return Err("an index lies outside of the values".to_string());
        }
        let data = match &self.data {
            Data::Numbers(kind, all) => {
                Data::Numbers(*kind, places.iter().map(|place| all[*place]).collect())
            }
            Data::Texts(all) => {
                Data::Texts(places.iter().map(|place| all[*place].clone()).collect())
            }
        };
        TensorValue::of(dims, data)
    }
}

/// How many elements a shape has.
pub(super) fn count(dims: &[usize]) -> Evaluated<usize> {
    let product = dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
    let product = product.filter(|product| *product <= LIMIT);
    product.ok_or_else(|| format!("the shape {dims:?} has more than {LIMIT} elements"))
}

/// Every place of a shape, in the order in which elements are stored.
pub(super) fn for_each(dims: &[usize], mut each: impl FnMut(&[usize])) {
    if dims.contains(&0) {
        return;
    }
    let mut at = vec![0; dims.len()];
    loop {
        each(&at);
        let mut axis = dims.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            at[axis] += 1;
            if at[axis] < dims[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
}

/// Where the element for the place `at` lies in a shape that may be shorter, and 1 where it repeats.
pub(super) fn place(dims: &[usize], at: &[usize]) -> usize {
    let at = &at[at.len() - dims.len()..];
    dims.iter().zip(at).fold(0, |place, (dim, at)| place * dim + if *dim == 1 { 0 } else { *at })
}

/// The shape of two that repeat along each other's axes.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Evaluated<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |dims: &[usize], axis: usize| {
        (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis])
    };
    let both = |axis| match (dim(a, axis), dim(b, axis)) {
        (a, b) if a == b || b == 1 => Ok(a),
        (1, b) => Ok(b),
        _ => Err(format!("the shapes {a:?} and {b:?} don't go together")),
    };
    let dims = (0..rank).map(both).collect::<Evaluated<Vec<usize>>>()?;
    count(&dims).map(|_| dims)
}

/// The axis that a number means for a value of this rank; negative ones count from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> Evaluated<usize> {
    let place = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let place = usize::try_from(place).ok().filter(|place| *place < rank);
    place.ok_or_else(|| format!("axis {axis} of a value of {rank} axes"))
}
