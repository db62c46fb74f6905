//! Arrow's own files (IPC), whose other name is Feather, and its streams.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Schema};

use super::batches::{BatchTable, Batches};
use crate::error::Result;

/// The batches of a file or a stream.
struct IpcBatches {
    file: Mutex<File>,
    is_stream: bool,
}

/// What streams begin with.
const STREAM: &[u8] = b"\xff\xff\xff\xff";

/// Whether a file begins as Arrow's files or streams do.
pub(super) fn is_ipc(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ARROW1\0\0") || bytes.starts_with(STREAM)
}

/// The table in a file that begins so.
pub(super) fn open(name: &str, start: &[u8], file: File) -> Result<BatchTable> {
    let batches = IpcBatches { file: Mutex::new(file), is_stream: start.starts_with(STREAM) };
    BatchTable::new(name, || {
        let schema = batches.schema()?;
        Ok((schema, Box::new(batches) as Box<dyn Batches>))
    })
}

impl IpcBatches {
    fn schema(&self) -> Result<Schema, ArrowError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = match self.is_stream {
            true => StreamReader::try_new(reader(&file)?, None)?.schema(),
            false => FileReader::try_new(reader(&file)?, None)?.schema(),
        };
        Ok(Schema::clone(&schema))
    }
}

impl Batches for IpcBatches {
    fn each(
        &self,
        columns: &[usize],
        rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<(), ArrowError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = Some(columns.to_vec());
        let batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>> =
            match self.is_stream {
                true => Box::new(StreamReader::try_new(reader(&file)?, columns)?),
                false => Box::new(FileReader::try_new(reader(&file)?, columns)?),
            };
        for batch in batches {
            let batch = batch?;
            for start in (0..batch.num_rows()).step_by(rows) {
                let part = batch.slice(start, rows.min(batch.num_rows() - start));
                if take(part).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The file from its beginning on.
fn reader(file: &File) -> std::io::Result<BufReader<File>> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(BufReader::new(file))
}
