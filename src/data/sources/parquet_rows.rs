//! The rows of Parquet files: batches of the columns that are wanted, one row group after the other.

use std::fs::File;
use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::RowGroupMetaData;

use super::batches::{BatchTable, Batches, NO_CODEC, hand_over};
use crate::disk::intake;
use crate::error::Result;

/// The rows of a file.
struct ParquetRows {
    file: File,
    metadata: ArrowReaderMetadata,
}

/// Rows that a byte of a file may stand for; a column of one value takes next to nothing.
const MOST_ROWS: u64 = 1 << 16;

/// The table in a file.
pub(super) fn open(name: &str, file: File) -> Result<BatchTable> {
    BatchTable::new(name, "parquet", || {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        let rows = metadata.metadata().file_metadata().num_rows();
        let most = file.metadata()?.len().saturating_mul(MOST_ROWS);
        if u64::try_from(rows).is_ok_and(|rows| rows > most) {
            return Err(wrong(format!("it can't hold {rows} rows")));
        }
        let schema = Schema::clone(metadata.schema());
        Ok((schema, Box::new(ParquetRows { file, metadata }) as Box<dyn Batches>))
    })
}

impl ParquetRows {
    /// An error where one of these columns is compressed in a way that this program doesn't know.
    fn check_codecs(&self, group: &RowGroupMetaData, columns: &[usize]) -> Result<(), ArrowError> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        for (leaf, column) in group.columns().iter().enumerate() {
            let codec = match column.compression() {
                Compression::BROTLI(_) => "brotli",
                Compression::LZO => "lzo",
                _ => continue,
            };
            if columns.contains(&schema.get_column_root_idx(leaf)) {
                let path = column.column_path().string();
                return Err(wrong(format!("column `{path}` is compressed by {codec}, {NO_CODEC}")));
            }
        }
        Ok(())
    }
}

impl Batches for ParquetRows {
    fn each(
        &self,
        columns: &[usize],
        rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<(), ArrowError> {
        let (mut expected, mut found) = (0, 0);
        for (number, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            expected += usize::try_from(group.num_rows())
                .map_err(|_| wrong(format!("row group {number} has a negative number of rows")))?;
            self.check_codecs(group, columns)?;
            let size =
                group.columns().iter().map(|column| column.uncompressed_size().max(0) as u64);
            intake::has_room(size.max().unwrap_or(0))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.file.try_clone()?,
                self.metadata.clone(),
            );
            let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
            let builder = builder.with_row_groups(vec![number]).with_projection(mask);
            match hand_over(builder.with_batch_size(rows).build()?, rows, take)? {
                ControlFlow::Continue(rows) => found += rows,
                ControlFlow::Break(()) => return Ok(()),
            }
        }
        if found == expected {
            Ok(())
        } else {
            Err(wrong(format!("it should hold {expected} rows, and holds {found}")))
        }
    }
}

fn wrong(message: String) -> ArrowError {
    ArrowError::ParquetError(message)
}
