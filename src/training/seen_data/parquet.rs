//! The same as a Parquet file.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::SeenData;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::target::Target;

impl SeenData<'_> {
    /// The columns of [`to_csv`](SeenData::to_csv): numbers of 32 bits, and classes as whole numbers.
    pub fn to_parquet(&self) -> Result<Vec<u8>> {
        let is_of_classes =
            matches!(self.plan.data()?.preprocessing.target_kind(), Target::Classes(_));
        let (names, (inputs, targets)) = (self.names()?, self.widths());
        let splits = self.parts.iter().flat_map(|(split, part)| vec![*split; part.len()]);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(splits))];
        let x = self.parts.iter().map(|(_, part)| part.inputs(0..part.len()));
        let x = x.collect::<Result<Vec<_>>>()?;
        for place in 0..inputs {
            let column = x.iter().flat_map(|x| x.iter().copied().skip(place).step_by(inputs));
            columns.push(Arc::new(column.collect::<Float32Array>()));
        }
        for place in 0..targets {
            let y = self
                .parts
                .iter()
                .flat_map(|(_, part)| part.y.values.iter().copied().skip(place).step_by(targets));
            columns.push(if is_of_classes {
                Arc::new(y.map(|y| y as i64).collect::<Int64Array>())
            } else {
                Arc::new(y.collect::<Float32Array>())
            });
        }
        if self.has_weights() {
            let weights = |(_, part): &(&str, &Dataset)| {
                part.weights.clone().unwrap_or_else(|| vec![1.0; part.len()])
            };
            columns.push(Arc::new(self.parts.iter().flat_map(weights).collect::<Float32Array>()));
        }
        let rows = RecordBatch::try_from_iter(names.into_iter().zip(columns))
            .map_err(|error| Error::Internal(error.to_string()))?;
        written(&rows).map_err(|error| Error::Internal(error.to_string()))
    }
}

fn written(rows: &RecordBatch) -> Result<Vec<u8>, ParquetError> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties))?;
    writer.write(rows)?;
    writer.close()?;
    Ok(bytes)
}
