//! Tables as CSV.

use crate::error::{Error, Result};

/// A CSV file of these columns and rows.
pub(crate) fn csv_of<R: IntoIterator<Item = String>>(
    columns: &[String],
    rows: impl Iterator<Item = R>,
) -> Result<Vec<u8>> {
    let failed = |error: csv::Error| Error::Internal(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(failed)?;
    for row in rows {
        writer.write_record(row.into_iter().collect::<Vec<_>>()).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Error::Internal(error.to_string()))
}
