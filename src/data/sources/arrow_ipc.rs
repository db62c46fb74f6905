//! Arrow's own files (IPC), whose other name is Feather, and its streams.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::ops::ControlFlow;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Schema};

use super::arrow_guard;
use super::batches::{BatchTable, Batches, hand_over};
use crate::error::Result;

/// The batches of a file or a stream.
struct IpcBatches {
    file: File,
    is_stream: bool,
}

/// The table in a file or a stream.
pub(super) fn open(name: &str, is_stream: bool, file: File) -> Result<BatchTable> {
    BatchTable::new(name, "arrow", || {
        if is_stream {
            arrow_guard::check_stream(&mut BufReader::new(&file))?;
        } else {
            arrow_guard::check_file(&mut BufReader::new(&file))?;
        }
        let batches = IpcBatches { file, is_stream };
        let schema = Schema::clone(&batches.read(None)?.schema());
        Ok((schema, Box::new(batches) as Box<dyn Batches>))
    })
}

impl IpcBatches {
    /// The batches of some columns from the first on.
    fn read(&self, columns: Option<Vec<usize>>) -> Result<Box<dyn RecordBatchReader>, ArrowError> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let file = BufReader::new(file);
        Ok(if self.is_stream {
            Box::new(StreamReader::try_new(file, columns)?)
        } else {
            Box::new(FileReader::try_new(file, columns)?)
        })
    }
}

impl Batches for IpcBatches {
    fn each(
        &self,
        columns: &[usize],
        rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<(), ArrowError> {
        hand_over(self.read(Some(columns.to_vec()))?, rows, take).map(|_| ())
    }
}
