//! The weights that a training starts from, as `fit.init_weights` names them.

use std::path::{Path, PathBuf};

use crate::disk::checksum::hash_of;
use crate::disk::files::{TensorFile, from_text, to_text};
use crate::error::{Error, Result};
use crate::model::artifact::model_path;
use crate::sections::InitWeights;

impl InitWeights {
    /// Those of a file or of a run's folder, as they are now.
    pub fn of(path: &Path, partial: bool) -> Result<InitWeights> {
        let path = std::path::absolute(model_path(path)?)?;
        let hash = Some(hash_of(&fs_err::read(&path)?));
        Ok(InitWeights { file: to_text(&path), partial, hash })
    }

    /// The file, if its contents are still those that the run was started with; `folder` is the
    /// configuration's.
    pub fn open(&self, folder: &Path) -> Result<(PathBuf, TensorFile)> {
        let path = model_path(&folder.join(from_text(&self.file)))?;
        if let Some(hash) = &self.hash
            && hash_of(&fs_err::read(&path)?) != *hash
        {
            let message = "is not the file that the run was started with (`fit.init_weights`)";
            return Err(
                Error::model(&path, message).with_help("put the old file back, or start a new run")
            );
        }
        let file = TensorFile::read(&path)?;
        Ok((path, file))
    }
}
