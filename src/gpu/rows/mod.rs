//! Rows of rows: each that is made names some of those that there are, which are added up, or of which
//! the largest is taken. What convolutions and poolings see is selected so, by one program forward and
//! one backward; candle's own gradient goes through all selected rows one after the other.

mod add;
mod largest;
mod lists;

pub(crate) use add::{add_rows, add_rows_back};
pub(crate) use largest::largest_row;
pub(crate) use lists::{RowLists, rows_takes};

#[cfg(test)]
mod tests;
