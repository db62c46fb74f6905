//! Files: written whole or not at all, and safetensors with one metadata entry of ours.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde_json::Value;

use crate::error::{Error, Result};

/// The one metadata entry that is ours; its text is one JSON object.
const KEY: &str = "lanthorn";

/// The longest header of a safetensors file, as the format has it.
const MAX_HEADER: u64 = 100_000_000;

/// How the name of an index ends, which says which of several files holds which tensor.
const INDEX: &str = ".safetensors.index.json";

/// The files that an index names.
pub fn shards(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(Index::parse(path, &fs_err::read(path)?)?.shards.into_iter().collect())
}

/// True for the index of a model in several files.
pub fn is_index(path: &Path) -> bool {
    path.to_string_lossy().ends_with(INDEX)
}

/// Writes a file to a temporary name in the same folder, flushes it, and renames it: a reader sees
/// the old file or the new one, never half of one. The mode of a file that was there stays.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let before = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match before {
        Some(_) => 0o600, // who may not read the old file may not read half of the new one
        None => 0o666,    // umask trims it
    }));
    let named = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("can't write {}: {error}", path.display()))
    };
    let mut file = builder.prefix(".lanthorn-").tempfile_in(folder).map_err(named)?;
    file.write_all(bytes).map_err(named)?;
    if let Some(before) = before {
        keep_access(file.as_file(), &before).map_err(named)?;
    }
    file.as_file().sync_all().map_err(named)?;
    file.persist(path).map_err(|error| named(error.error))?;
    Ok(())
}

/// Gives a file the mode of the one before, and its owner where we may.
fn keep_access(file: &std::fs::File, before: &std::fs::Metadata) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};

        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            drop(fchown(file, Some(before.uid()), Some(before.gid())));
        }
    }
    file.set_permissions(before.permissions())
}

/// Tensors and our metadata as the bytes of one safetensors file, in a fixed order.
pub fn to_safetensors(tensors: &[(String, Tensor)], metadata: Option<&Value>) -> Result<Vec<u8>> {
    let failed = |error: safetensors::SafeTensorError| Error::Internal(error.to_string());
    let metadata = metadata.map(|json| HashMap::from([(KEY.to_string(), json.to_string())]));
    let tensors = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    safetensors::serialize(tensors, metadata).map_err(failed)
}

/// The tensors of a safetensors file by name, and our metadata where it has some.
pub struct TensorFile {
    /// By name.
    pub tensors: HashMap<String, Tensor>,
    /// The JSON of our metadata entry.
    pub metadata: Option<Value>,
}

impl TensorFile {
    /// Reads a whole file; every error names it.
    pub fn read(path: &Path) -> Result<TensorFile> {
        if path.is_dir() {
            return Err(Error::model(path, "is a folder, not a safetensors file"));
        }
        let bytes = fs_err::read(path)?;
        match is_index(path) {
            true => TensorFile::shards(path, &bytes),
            false => TensorFile::parse(path, &bytes),
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
        let index = Index::parse(path, index)?;
        let mut tensors = HashMap::new();
        for shard in &index.shards {
            // parsed as tensors whatever its name: an index that names an index leads nowhere
            tensors.extend(TensorFile::parse(shard, &fs_err::read(shard)?)?.tensors);
        }
        index.check(path, |name| tensors.contains_key(name))?;
        Ok(TensorFile { tensors, metadata: None })
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<TensorFile> {
        let damaged = |error: String| {
            Error::model(path, format!("not a whole safetensors file: {error}")).with_help(
                "the file may be cut short or damaged; copy it again, or train the model again",
            )
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

/// Which of several files hold the tensors; they lie beside it.
struct Index {
    shards: BTreeSet<PathBuf>,
    tensors: Vec<String>,
}

impl Index {
    fn parse(path: &Path, bytes: &[u8]) -> Result<Index> {
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
        Ok(Index { shards, tensors: map.keys().cloned().collect() })
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
        let bytes = fs_err::read(path)?;
        if !is_index(path) {
            return Inspection::parse(path, &bytes);
        }
        let index = Index::parse(path, &bytes)?;
        let mut whole = Inspection::default();
        for shard in &index.shards {
            whole.tensors.extend(Inspection::parse(shard, &fs_err::read(shard)?)?.tensors);
        }
        let names: BTreeSet<&str> = whole.tensors.iter().map(|t| t.name.as_str()).collect();
        index.check(path, |name| names.contains(name))?;
        Ok(whole)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Inspection> {
        let damaged = |error: safetensors::SafeTensorError| {
            Error::model(path, format!("not a whole safetensors file: {error}")).with_help(
                "safetensors, their `….safetensors.index.json`, `.keras` and `.h5` can be inspected",
            )
        };
        SafeTensors::deserialize(bytes).map_err(damaged)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let mut infos: Vec<_> = header.tensors().into_iter().collect();
        infos.sort_by(|a, b| (a.1.data_offsets.0, &a.0).cmp(&(b.1.data_offsets.0, &b.0)));
        let facts = |(name, info): (String, &safetensors::tensor::TensorInfo)| TensorFacts {
            name,
            dtype: format!("{:?}", info.dtype),
            shape: info.shape.clone(),
            bytes: info.data_offsets.1 - info.data_offsets.0,
        };
        let mut metadata: Vec<(String, String)> =
            header.metadata().clone().unwrap_or_default().into_iter().collect();
        metadata.sort();
        Ok(Inspection { tensors: infos.into_iter().map(facts).collect(), metadata })
    }

    /// How many numbers all tensors hold.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    }
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
