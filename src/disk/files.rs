//! Files: written whole or not at all, and safetensors with one metadata entry of ours.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::Value;

use crate::disk;
use crate::disk::checksum;
use crate::disk::intake;
use crate::error::{Error, Result};

/// The name of the checkpoint in a run folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";

/// The one metadata entry that is ours; its text is one JSON object.
const KEY: &str = "lanthorn";
/// Bytes that are set aside for a header.
const HEADER: usize = 1 << 14;

/// The longest header of a safetensors file, as the format has it.
const MAX_HEADER: u64 = 100_000_000;

/// How the name of an index ends, which says which of several files holds which tensor.
const INDEX: &str = ".safetensors.index.json";

/// The files that an index names.
pub fn shards(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(ShardIndex::parse(path, &intake::read(path, |_| false)?)?.shards.into_iter().collect())
}

/// True for the index of a model in several files.
pub fn is_index(path: &Path) -> bool {
    path.to_string_lossy().ends_with(INDEX)
}

/// Writes a file whole or not at all, and durably; see `disk::write_whole`.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<()> {
    disk::replace(&disk::Local, path, bytes)
}

/// The same of a file that is written by and by: it appears once `fill` has written all.
pub fn atomic_write_by(
    path: &Path,
    fill: &mut dyn FnMut(&mut dyn std::io::Write) -> Result<()>,
) -> Result<()> {
    disk::write_whole(&disk::Local, path, disk::Existing::Replace, fill)
}

/// How a path that is no Unicode text stands in a configuration: `file:` and, where a byte can't be
/// text, `%` with its two hexadecimal digits, as in a URL.
const ESCAPED: &str = "file:";

/// The text of a path in a configuration.
pub(crate) fn to_text(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.starts_with(ESCAPED) => text.to_string(),
        _ => {
            let mut text = ESCAPED.to_string();
            for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
                text += &chunk.valid().replace('%', "%25");
                chunk.invalid().iter().for_each(|byte| text += &format!("%{byte:02X}"));
            }
            text
        }
    }
}

/// The path that a text in a configuration means.
pub(crate) fn from_text(text: &str) -> PathBuf {
    let Some(escaped) = text.strip_prefix(ESCAPED) else { return PathBuf::from(text) };
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut parts = escaped.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => bytes.push(byte),
            None => return PathBuf::from(text), // a name that only looks like it
        }
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    from_bytes(bytes).unwrap_or_else(|| PathBuf::from(text))
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    Some(PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes)))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// Tensors and our metadata as the bytes of one safetensors file, in a fixed order.
pub fn to_safetensors(tensors: &[(String, Tensor)], metadata: Option<&Value>) -> Result<Vec<u8>> {
    let numbers =
        tensors.iter().fold(HEADER, |sum, (_, tensor)| sum.saturating_add(size_of(tensor)));
    let mut bytes = Vec::with_capacity(numbers);
    write_safetensors(&mut bytes, tensors, metadata)?;
    Ok(bytes)
}

/// Bytes of a tensor's values.
fn size_of(tensor: &Tensor) -> usize {
    tensor.elem_count().saturating_mul(tensor.dtype().size_in_bytes())
}

/// Writes the same, a piece of a tensor at a time.
pub(crate) fn write_safetensors(
    out: &mut dyn Write,
    tensors: &[(String, Tensor)],
    metadata: Option<&Value>,
) -> Result<()> {
    let failed = |error: String| Error::Internal(error);
    let mut sorted: Vec<&(String, Tensor)> = tensors.iter().collect();
    // the widest type first, as the format wants it, then by name
    sorted.sort_by(|(a, x), (b, y)| {
        (y.dtype().size_in_bytes(), a).cmp(&(x.dtype().size_in_bytes(), b))
    });
    let (mut infos, mut offset) = (Vec::with_capacity(sorted.len()), 0usize);
    for (name, tensor) in &sorted {
        let end = offset.saturating_add(size_of(tensor));
        let (dtype, shape) = (tensor.dtype().into(), tensor.dims().to_vec());
        infos.push((name.clone(), TensorInfo { dtype, shape, data_offsets: (offset, end) }));
        offset = end;
    }
    let metadata = metadata.map(|json| HashMap::from([(KEY.to_string(), json.to_string())]));
    let header = Metadata::new(metadata, infos).map_err(|error| failed(error.to_string()))?;
    let mut header = serde_json::to_vec(&header).map_err(|error| failed(error.to_string()))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for (_, tensor) in sorted {
        checksum::each_piece(tensor, &mut |bytes| Ok(out.write_all(bytes)?))?;
    }
    Ok(())
}

/// The tensors of a safetensors file by name, and our metadata where it has some.
pub struct TensorFile {
    /// By name.
    pub tensors: HashMap<String, Tensor>,
    /// The JSON of our metadata entry.
    pub metadata: Option<Value>,
}

impl TensorFile {
    /// An error where the file is not as it was written. One without a checksum (of an older
    /// version, of another program) is taken as it is.
    pub fn verify(&self, path: &Path) -> Result<()> {
        let Some(metadata) = &self.metadata else { return Ok(()) };
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
        match checksum::mismatch(metadata, tensors)? {
            None => Ok(()),
            Some((said, found)) => Err(Error::model(
                path,
                format!("not as it was written: its checksum is {found}, it should be {said}"),
            )),
        }
    }

    /// Reads a whole file; every error names it.
    pub fn read(path: &Path) -> Result<TensorFile> {
        if path.is_dir() {
            return Err(Error::model(path, "is a folder, not a safetensors file"));
        }
        let bytes = intake::read(path, is_no_tensor_file)?;
        if is_index(path) {
            TensorFile::shards(path, &bytes)
        } else {
            TensorFile::parse(path, &bytes)
        }
    }

    /// Our metadata of a file of which only the header is read; None where it has none.
    pub(crate) fn metadata(path: &Path) -> Option<Value> {
        let mut file = std::fs::File::open(path).ok()?;
        let mut length = [0; 8];
        file.read_exact(&mut length).ok()?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER {
            return None;
        }
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header).ok()?;
        let header: Value = serde_json::from_slice(&header).ok()?;
        serde_json::from_str(header["__metadata__"][KEY].as_str()?).ok()
    }

    /// The tensors of all files that an index names.
    fn shards(path: &Path, index: &[u8]) -> Result<TensorFile> {
        let index = ShardIndex::parse(path, index)?;
        let mut tensors = HashMap::new();
        for shard in &index.shards {
            // parsed as tensors whatever its name: an index that names an index leads nowhere
            tensors.extend(
                TensorFile::parse(shard, &intake::read(shard, is_no_tensor_file)?)?.tensors,
            );
        }
        index.check(path, |name| tensors.contains_key(name))?;
        Ok(TensorFile { tensors, metadata: None })
    }

    /// Reads a file of tensors from its bytes; `path` is what errors call it.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<TensorFile> {
        let damaged = |error: String| {
            let help =
                "the file may be cut short or damaged; copy it again, or train the model again";
            no_tensors(path, bytes, &error, help)
        };
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
        let ours = header.metadata().as_ref().and_then(|entries| entries.get(KEY));
        let metadata = match ours.map(|text| serde_json::from_str(text)) {
            Some(Ok(json)) => Some(json),
            Some(Err(error)) => return Err(damaged(format!("its metadata is not JSON ({error})"))),
            None => None,
        };
        let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let mut tensors = HashMap::new();
        for (name, view) in file.iter() {
            let tensor = candle_core::safetensors::Load::load(&view, &Device::Cpu)
                .map_err(|error| damaged(format!("tensor `{name}`: {error}")))?;
            tensors.insert(name.to_string(), tensor);
        }
        Ok(TensorFile { tensors, metadata })
    }
}

/// True where bytes begin no safetensors file, whose first number is the length of its header.
fn is_no_tensor_file(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    length.is_none_or(|length| length == 0 || length > MAX_HEADER)
}

/// Which of several files hold the tensors; they lie beside it.
struct ShardIndex {
    shards: BTreeSet<PathBuf>,
    tensors: Vec<String>,
}

impl ShardIndex {
    fn parse(path: &Path, bytes: &[u8]) -> Result<ShardIndex> {
        let damaged = |why: String| Error::model(path, format!("not an index of tensors: {why}"));
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        let map = json["weight_map"].as_object();
        let map = map.ok_or_else(|| damaged("it has no `weight_map`".to_string()))?;
        let mut shards = BTreeSet::new();
        for name in map.values() {
            let name = name.as_str().unwrap_or_default();
            if name.is_empty() || name == ".." || name.contains(['/', '\\']) {
                return Err(damaged(format!("\"{name}\" is not the name of a file beside it")));
            }
            shards.insert(path.with_file_name(name));
        }
        Ok(ShardIndex { shards, tensors: map.keys().cloned().collect() })
    }

    /// An error where no shard holds a tensor that it names.
    fn check(&self, path: &Path, holds: impl Fn(&str) -> bool) -> Result<()> {
        match self.tensors.iter().find(|name| !holds(name)) {
            Some(name) => {
                let message = format!("not an index of tensors: none of its files holds `{name}`");
                Err(Error::model(path, message))
            }
            None => Ok(()),
        }
    }
}

/// What a safetensors file holds, its numbers not read.
#[derive(Default)]
pub struct Inspection {
    /// In the order of the file's bytes.
    pub tensors: Vec<TensorFacts>,
    /// Every metadata entry, by name.
    pub metadata: Vec<(String, String)>,
}

/// One tensor of a file.
pub struct TensorFacts {
    /// Its name.
    pub name: String,
    /// `F32`.
    pub dtype: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its size in the file.
    pub bytes: usize,
}

impl Inspection {
    /// Reads the header of any safetensors file, or those of all files that an index names, and
    /// checks it against the file's length.
    pub fn read(path: &Path) -> Result<Inspection> {
        if path.is_dir() {
            return Err(Error::model(path, "is a folder, not a safetensors file"));
        }
        let bytes = intake::read(path, is_no_tensor_file)?;
        if !is_index(path) {
            return Inspection::parse(path, &bytes);
        }
        let index = ShardIndex::parse(path, &bytes)?;
        let mut whole = Inspection::default();
        for shard in &index.shards {
            whole.tensors.extend(
                Inspection::parse(shard, &intake::read(shard, is_no_tensor_file)?)?.tensors,
            );
        }
        let names: BTreeSet<&str> = whole.tensors.iter().map(|t| t.name.as_str()).collect();
        index.check(path, |name| names.contains(name))?;
        Ok(whole)
    }

    /// The same of a file of tensors, from its bytes; `path` is what errors call it.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Inspection> {
        let damaged = |error: safetensors::SafeTensorError| {
            let help = "safetensors, their `….safetensors.index.json`, `.keras` and `.h5` can be inspected";
            no_tensors(path, bytes, &error.to_string(), help)
        };
        SafeTensors::deserialize(bytes).map_err(damaged)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let mut infos: Vec<_> = header.tensors().into_iter().collect();
        infos.sort_by(|a, b| (a.1.data_offsets.0, &a.0).cmp(&(b.1.data_offsets.0, &b.0)));
        let facts = |(name, info): (String, &safetensors::tensor::TensorInfo)| TensorFacts {
            name,
            dtype: format!("{:?}", info.dtype),
            shape: info.shape.clone(),
            bytes: info.data_offsets.1.saturating_sub(info.data_offsets.0),
        };
        let mut metadata: Vec<(String, String)> =
            header.metadata().clone().unwrap_or_default().into_iter().collect();
        metadata.sort();
        Ok(Inspection { tensors: infos.into_iter().map(facts).collect(), metadata })
    }

    /// True where Lanthorn has written it.
    pub fn is_ours(&self) -> bool {
        self.metadata.iter().any(|(key, _)| key == KEY)
    }

    /// How many numbers all tensors hold.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    }
}

/// The error of a file that holds no tensors, or not all of them.
fn no_tensors(path: &Path, bytes: &[u8], why: &str, help: &str) -> Error {
    let start = &bytes[..bytes.len().min(512)];
    let is_text = |byte: &u8| *byte >= b' ' || byte.is_ascii_whitespace();
    if start.is_empty() || !start.iter().all(is_text) {
        return Error::model(path, format!("not a whole safetensors file: {why}")).with_help(help);
    }
    let help = if is_table_name(path) {
        "a table comes after the model: `lanthorn predict MODEL TABLE`"
    } else {
        "name a run's folder or a .safetensors file"
    };
    Error::model(path, "a text file, where a model or weights are expected").with_help(help)
}

/// Whether the name of a file is that of a table, in any format that some build reads.
pub fn is_table_name(path: &Path) -> bool {
    const ENDINGS: [&str; 15] = [
        "csv", "tsv", "txt", "jsonl", "ndjson", "parquet", "pq", "arrow", "arrows", "feather",
        "ipc", "npy", "npz", "gz", "zst",
    ];
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ENDINGS.contains(&ending.as_str())
}

/// A number as JSON that holds every f64: NaN and the infinities, too, as text.
pub(crate) fn exact(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => Value::String(value.to_string()),
    }
}

/// The number that [`exact`] wrote.
pub(crate) fn from_exact(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
