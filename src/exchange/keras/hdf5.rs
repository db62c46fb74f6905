//! HDF5, as far as Keras uses it: a tree of groups with attributes of text, and of datasets of
//! numbers. Read whole, with bounds taken from the file's own length; written whole.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::collections::BTreeMap;

use super::guard::{self, Metered};
use candle_core::{DType, Device, Tensor};
use hdf5_pure::{AttrValue, Dataset, File, FileBuilder, FinishedGroup, Group, GroupBuilder};

/// A file's datasets and text attributes, by path: `layers/dense/vars/0`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hdf5Tree {
    /// The datasets; f32, or i64 where the file has whole numbers.
    pub(crate) datasets: BTreeMap<String, Tensor>,
    /// The attributes that are text, by the path of their group ("" for the root) and their name.
    pub(crate) attributes: BTreeMap<(String, String), Vec<String>>,
    /// Groups that hold no dataset, for the writer.
    pub(crate) groups: Vec<String>,
}

/// How deep groups may nest; Keras's files need eight.
const DEPTH: usize = 24;
/// How many groups and datasets a file may have.
const OBJECTS: usize = 200_000;

impl Hdf5Tree {
    /// The text of an attribute with one value.
    pub(crate) fn string(&self, group: &str, name: &str) -> Option<String> {
        self.texts(group, name)?.into_iter().next()
    }

    /// The texts of an attribute. Keras splits a long list: `weight_names0`, `weight_names1`, ….
    pub(crate) fn texts(&self, group: &str, name: &str) -> Option<Vec<String>> {
        let find = |name: String| self.attributes.get(&(group.to_string(), name)).cloned();
        if let Some(texts) = find(name.to_string()) {
            return Some(texts);
        }
        let chunks: Vec<_> = (0..).map_while(|i| find(format!("{name}{i}"))).collect();
        if chunks.is_empty() { None } else { Some(chunks.concat()) }
    }

    /// The datasets `<group>/0`, `<group>/1`, …, in order.
    pub(crate) fn numbered(&self, group: &str) -> Vec<Tensor> {
        (0..).map_while(|i| self.datasets.get(&format!("{group}/{i}")).cloned()).collect()
    }

    /// True where a dataset lies somewhere below `group`.
    pub(crate) fn has(&self, group: &str) -> bool {
        let below = format!("{group}/");
        self.datasets
            .range(below.clone()..)
            .next()
            .is_some_and(|(path, _)| path.starts_with(&below))
    }
}

/// Reads a file. The message says what is wrong with it.
pub(crate) fn read(bytes: Vec<u8>) -> Result<Hdf5Tree, String> {
    // The parser is third-party code over a hostile format: should it panic on a file, that is an
    // error of the file's, not the end of the process.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(bytes)));
    result.unwrap_or_else(|_| Err("the file is damaged".to_string()))
}

fn parse(bytes: Vec<u8>) -> Result<Hdf5Tree, String> {
    let budget = bytes.len() as u64;
    if let Some(end) = end_of(&bytes).filter(|end| *end > budget) {
        return Err(format!("it says that it is {end} bytes long, but it is {budget}"));
    }
    if let Some(link) = guard::link_elsewhere(&bytes) {
        return Err(format!("it has {link}, which is never followed"));
    }
    let file = File::from_source(Metered::new(bytes)).map_err(text)?;
    let mut reader = Hdf5Reader { tree: Hdf5Tree::default(), budget, objects: 0 };
    reader.group(&file.root(), "", 0)?;
    Ok(reader.tree)
}

/// The length that the superblock says the file has.
fn end_of(bytes: &[u8]) -> Option<u64> {
    let at = match bytes.get(8)? {
        0 => 40,
        1 => 44,
        2 | 3 => 28,
        _ => return None,
    };
    bytes.get(at..)?.get(..8)?.try_into().ok().map(u64::from_le_bytes)
}

struct Hdf5Reader {
    tree: Hdf5Tree,
    /// Bytes that datasets may still take: what isn't in the file can't be asked for.
    budget: u64,
    objects: usize,
}

impl Hdf5Reader {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), String> {
        self.count()?;
        if depth > DEPTH {
            return Err(format!("its groups nest deeper than {DEPTH}, at `{path}`"));
        }
        let attributes: BTreeMap<String, AttrValue> =
            group.attrs().map_err(text)?.into_iter().collect();
        for (name, value) in attributes {
            if let Some(texts) = value.as_strings() {
                self.tree.attributes.insert((path.to_string(), name), texts.to_vec());
            }
        }
        for (name, dataset) in group.iter_datasets().map_err(text)? {
            self.count()?;
            let path = join(path, &name);
            if let Some(tensor) = self.dataset(&dataset, &path)? {
                self.tree.datasets.insert(path, tensor);
            }
        }
        for (name, inner) in group.iter_groups().map_err(text)? {
            self.group(&inner, &join(path, &name), depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        self.objects = self.objects.saturating_add(1);
        if self.objects > OBJECTS {
            return Err(format!("it has more than {OBJECTS} groups and datasets"));
        }
        Ok(())
    }

    /// The dataset's numbers; None where it holds something else.
    fn dataset(&mut self, dataset: &Dataset, path: &str) -> Result<Option<Tensor>, String> {
        let wrong = |error: String| format!("`{path}`: {error}");
        let shape = dataset.shape().map_err(|error| wrong(text(error)))?;
        let size = dataset.element_size().map_err(|error| wrong(text(error)))?;
        let bytes = shape.iter().try_fold(size, |n, dim| n.checked_mul(*dim));
        match bytes.and_then(|bytes| self.budget.checked_sub(bytes)) {
            Some(rest) => self.budget = rest,
            None => {
                return Err(wrong(format!(
                    "its shape {shape:?} asks for more than the file holds"
                )));
            }
        }
        let Ok(kind) = dataset.dtype() else { return Ok(None) };
        let dims: Vec<usize> = shape.iter().map(|dim| *dim as usize).collect();
        let tensor = match kind {
            hdf5_pure::DType::F32 | hdf5_pure::DType::F64 => {
                let values = dataset.read_f32().map_err(|error| wrong(text(error)))?;
                Tensor::from_vec(values, dims, &Device::Cpu)
            }
            hdf5_pure::DType::I8
            | hdf5_pure::DType::I16
            | hdf5_pure::DType::I32
            | hdf5_pure::DType::I64
            | hdf5_pure::DType::U8
            | hdf5_pure::DType::U16
            | hdf5_pure::DType::U32
            | hdf5_pure::DType::U64 => {
                let values = dataset.read_i64().map_err(|error| wrong(text(error)))?;
                Tensor::from_vec(values, dims, &Device::Cpu)
            }
            hdf5_pure::DType::Other(_) if size == 2 => {
                let raw = dataset.read_raw().map_err(|error| wrong(text(error)))?;
                let attributes = dataset.attrs().map_err(|error| wrong(text(error)))?;
                let kind =
                    attributes.get("dtype").and_then(|value| value.as_str().map(String::from));
                Tensor::from_vec(
                    halves(&raw, kind.as_deref() == Some("bfloat16")),
                    dims,
                    &Device::Cpu,
                )
            }
            _ => return Ok(None),
        };
        tensor.map(Some).map_err(|error| wrong(error.to_string()))
    }
}

/// Half-precision numbers as f32. HDF5 has no bfloat16: Keras stores its two bytes, and says so in
/// an attribute.
fn halves(raw: &[u8], is_brain: bool) -> Vec<f32> {
    raw.chunks_exact(2)
        .map(|pair| {
            let bits = u16::from_le_bytes([pair[0], pair[1]]);
            if is_brain {
                half::bf16::from_bits(bits).to_f32()
            } else {
                half::f16::from_bits(bits).to_f32()
            }
        })
        .collect()
}

/// Writes a tree; datasets as f32, or as int32 where they hold whole numbers.
pub(crate) fn write(tree: &Hdf5Tree) -> Result<Vec<u8>, String> {
    let mut root = GroupTree::default();
    for group in &tree.groups {
        root.group(group);
    }
    for ((group, name), texts) in &tree.attributes {
        root.group(group).attributes.push((name, texts));
    }
    for (path, tensor) in &tree.datasets {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        root.group(group).datasets.push((name, tensor));
    }
    let mut file = FileBuilder::new();
    for (name, texts) in &root.attributes {
        file.set_attr(name, attribute(texts));
    }
    for (name, tensor) in &root.datasets {
        fill(file.create_dataset(name), tensor)?;
    }
    for (name, branch) in &root.groups {
        let group = file.create_group(name);
        file.add_group(branch.finish(group)?);
    }
    file.finish().map_err(text)
}

/// A group on its way into a file.
#[derive(Default)]
struct GroupTree<'a> {
    groups: Vec<(&'a str, GroupTree<'a>)>,
    datasets: Vec<(&'a str, &'a Tensor)>,
    attributes: Vec<(&'a str, &'a Vec<String>)>,
}

impl<'a> GroupTree<'a> {
    /// The group at a path, made where it isn't there.
    fn group(&mut self, path: &'a str) -> &mut GroupTree<'a> {
        let mut at = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let index = match at.groups.iter().position(|(name, _)| *name == part) {
                Some(index) => index,
                None => {
                    at.groups.push((part, GroupTree::default()));
                    at.groups.len().saturating_sub(1)
                }
            };
            at = &mut at.groups[index].1;
        }
        at
    }

    fn finish(&self, mut group: GroupBuilder) -> Result<FinishedGroup, String> {
        for (name, texts) in &self.attributes {
            group.set_attr(name, attribute(texts));
        }
        for (name, tensor) in &self.datasets {
            fill(group.create_dataset(name), tensor)?;
        }
        for (name, branch) in &self.groups {
            let inner = group.create_group(name);
            group.add_group(branch.finish(inner)?);
        }
        Ok(group.finish())
    }
}

fn attribute(texts: &[String]) -> AttrValue {
    match texts {
        [one] => AttrValue::VarLenString(one.clone()),
        many => AttrValue::StringArray(many.to_vec()),
    }
}

fn fill(dataset: &mut hdf5_pure::DatasetBuilder, tensor: &Tensor) -> Result<(), String> {
    let flat = tensor.flatten_all().map_err(|error| error.to_string())?;
    match tensor.dtype() {
        DType::U8 | DType::U32 | DType::I16 | DType::I32 | DType::I64 => {
            let values = flat.to_dtype(DType::I64).and_then(|flat| flat.to_vec1::<i64>());
            let values = values.map_err(|error| error.to_string())?;
            let small: Vec<i32> = values.iter().map(|value| *value as i32).collect();
            dataset.with_i32_data(&small);
        }
        _ => {
            let values = flat.to_dtype(DType::F32).and_then(|flat| flat.to_vec1::<f32>());
            dataset.with_f32_data(&values.map_err(|error| error.to_string())?);
        }
    }
    let shape: Vec<u64> = tensor.dims().iter().map(|dim| *dim as u64).collect();
    dataset.with_shape(&shape);
    Ok(())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}/{name}") }
}

fn text(error: hdf5_pure::Error) -> String {
    match error {
        hdf5_pure::Error::Format(hdf5_pure::FormatError::Source(ours)) => ours,
        other => other.to_string(),
    }
}
