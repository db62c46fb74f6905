//! Arrow's columns as cells: what each type of column reads as.

use std::borrow::Cow;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, ArrowTemporalType, Date32Type, Date64Type,
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, DictionaryArray, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};

use super::cells::{CellValue, joined};
use crate::data::rules::written_name;

/// The cells of a column, by their rows.
pub(super) type ArrowCells<'a> = Box<dyn Fn(usize) -> CellValue<'a> + Send + Sync + 'a>;

/// What to do about a column that can't be read; None where it can. `has_several` where its cells are
/// taken for several values each.
pub(super) fn remedy(column: &str, kind: &DataType, has_several: bool) -> Option<String> {
    let is_plain = |item: &DataType| remedy(column, item, false).is_none();
    let help = match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
            if !is_plain(item.data_type()) =>
        {
            "flatten it: a cell holds one value or a list of plain values"
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) if has_several => {
            return None;
        }
        DataType::FixedSizeList(_, length) => {
            let rule =
                format!("{{column: {}, vector: {{length: {length}}}}}", written_name(column));
            return Some(format!("its cells are lists: write `{rule}`"));
        }
        DataType::List(_) | DataType::LargeList(_) => {
            "its cells are lists: labels are read by `encode: multi_hot`, numbers, as many in each \
             row, by `vector: {length: 16}`"
        }
        DataType::Dictionary(_, values) => return remedy(column, values, false),
        DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => {
            "flatten it: write each of its fields into a column of its own"
        }
        DataType::Duration(_) | DataType::Interval(_) => "write it as a number, such as seconds",
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "write it as text or as numbers",
        DataType::ListView(_) | DataType::LargeListView(_) | DataType::RunEndEncoded(..) => {
            "write it as a plain column or as a list"
        }
        _ => return None,
    };
    Some(help.to_string())
}

/// The name of a type, without its details.
pub(super) fn kind_name(kind: &DataType) -> String {
    match kind {
        DataType::Struct(_) => "structs",
        DataType::Map(..) => "maps",
        DataType::Union(..) => "unions",
        DataType::Duration(_) | DataType::Interval(_) => "durations",
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytes",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "lists",
        kind => return kind.to_string(),
    }
    .to_string()
}

/// The cells of a column; None where its type can't be read. Lists are joined by `separator`, and
/// are JSON where there is none.
pub(super) fn cells_of<'a>(
    column: &'a dyn Array,
    separator: Option<&'a str>,
) -> Option<ArrowCells<'a>> {
    let present = present(column, separator)?;
    if column.null_count() == 0 {
        return Some(present);
    }
    let is_null = move |row: usize| column.is_null(row);
    Some(Box::new(move |row| if is_null(row) { CellValue::Missing } else { present(row) }))
}

/// The cells that aren't null.
fn present<'a>(column: &'a dyn Array, separator: Option<&'a str>) -> Option<ArrowCells<'a>> {
    Some(match column.data_type() {
        DataType::Null => Box::new(|_| CellValue::Missing),
        DataType::Boolean => {
            let column = column.as_boolean();
            Box::new(move |row| CellValue::Bool(column.value(row)))
        }
        DataType::Int8 => whole::<Int8Type>(column),
        DataType::Int16 => whole::<Int16Type>(column),
        DataType::Int32 => whole::<Int32Type>(column),
        DataType::Int64 => whole::<Int64Type>(column),
        DataType::UInt8 => whole::<UInt8Type>(column),
        DataType::UInt16 => whole::<UInt16Type>(column),
        DataType::UInt32 => whole::<UInt32Type>(column),
        DataType::UInt64 => whole::<UInt64Type>(column),
        DataType::Float16 => {
            let column = column.as_primitive::<Float16Type>();
            Box::new(move |row| CellValue::Single(column.value(row).to_f32()))
        }
        DataType::Float32 => {
            let column = column.as_primitive::<Float32Type>();
            Box::new(move |row| CellValue::Single(column.value(row)))
        }
        DataType::Float64 => {
            let column = column.as_primitive::<Float64Type>();
            Box::new(move |row| CellValue::Number(column.value(row)))
        }
        DataType::Utf8 => {
            let column = column.as_string::<i32>();
            Box::new(move |row| CellValue::Text(Cow::Borrowed(column.value(row))))
        }
        DataType::LargeUtf8 => {
            let column = column.as_string::<i64>();
            Box::new(move |row| CellValue::Text(Cow::Borrowed(column.value(row))))
        }
        DataType::Utf8View => {
            let column = column.as_string_view();
            Box::new(move |row| CellValue::Text(Cow::Borrowed(column.value(row))))
        }
        DataType::Decimal32(..) => decimal::<Decimal32Type>(column),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(column),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(column),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(column),
        DataType::Date32 => written::<Date32Type, _>(column, |column, row| {
            column.value_as_date(row).map(|date| date.to_string())
        }),
        DataType::Date64 => written::<Date64Type, _>(column, |column, row| {
            column.value_as_date(row).map(|date| date.to_string())
        }),
        DataType::Time32(TimeUnit::Second) => time::<Time32SecondType>(column),
        DataType::Time32(_) => time::<Time32MillisecondType>(column),
        DataType::Time64(TimeUnit::Microsecond) => time::<Time64MicrosecondType>(column),
        DataType::Time64(_) => time::<Time64NanosecondType>(column),
        DataType::Timestamp(unit, zone) => {
            let zone = zone.as_deref();
            match unit {
                TimeUnit::Second => timestamp::<TimestampSecondType>(column, zone),
                TimeUnit::Millisecond => timestamp::<TimestampMillisecondType>(column, zone),
                TimeUnit::Microsecond => timestamp::<TimestampMicrosecondType>(column, zone),
                TimeUnit::Nanosecond => timestamp::<TimestampNanosecondType>(column, zone),
            }
        }
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => dictionary(column.as_dictionary::<Int8Type>())?,
            DataType::Int16 => dictionary(column.as_dictionary::<Int16Type>())?,
            DataType::Int32 => dictionary(column.as_dictionary::<Int32Type>())?,
            DataType::Int64 => dictionary(column.as_dictionary::<Int64Type>())?,
            DataType::UInt8 => dictionary(column.as_dictionary::<UInt8Type>())?,
            DataType::UInt16 => dictionary(column.as_dictionary::<UInt16Type>())?,
            DataType::UInt32 => dictionary(column.as_dictionary::<UInt32Type>())?,
            DataType::UInt64 => dictionary(column.as_dictionary::<UInt64Type>())?,
            _ => return None,
        },
        DataType::List(_) => {
            let column = column.as_list::<i32>();
            let range = |row: usize| {
                column.value_offsets()[row] as usize..column.value_offsets()[row + 1] as usize
            };
            list(column.values(), range, separator)?
        }
        DataType::LargeList(_) => {
            let column = column.as_list::<i64>();
            let range = |row: usize| {
                column.value_offsets()[row] as usize..column.value_offsets()[row + 1] as usize
            };
            list(column.values(), range, separator)?
        }
        DataType::FixedSizeList(..) => {
            let column = column.as_fixed_size_list();
            let range = |row: usize| column.value_offset_at(row)..column.value_offset_at(row + 1);
            list(column.values(), range, separator)?
        }
        _ => return None,
    })
}

/// Whole numbers; ids of more digits than an f64 has stay as they stand.
fn whole<T: ArrowPrimitiveType>(column: &dyn Array) -> ArrowCells<'_>
where
    T::Native: Into<i128>,
{
    let column = column.as_primitive::<T>();
    Box::new(move |row| {
        let value: i128 = column.value(row).into();
        if value.unsigned_abs() < 1 << 53 {
            CellValue::Number(value as f64)
        } else {
            CellValue::Text(Cow::Owned(value.to_string()))
        }
    })
}

/// Decimal numbers, in all of their digits.
fn decimal<T: DecimalType + ArrowPrimitiveType>(column: &dyn Array) -> ArrowCells<'_> {
    let column = column.as_primitive::<T>();
    Box::new(move |row| CellValue::Text(Cow::Owned(column.value_as_string(row))))
}

/// What is written as a text, as it would stand in a CSV file.
fn written<'a, T: ArrowPrimitiveType, W>(column: &'a dyn Array, write: W) -> ArrowCells<'a>
where
    W: Fn(&PrimitiveArray<T>, usize) -> Option<String> + Send + Sync + 'a,
{
    let column = column.as_primitive::<T>();
    let far = || "beyond the calendar".to_string();
    Box::new(move |row| CellValue::Text(Cow::Owned(write(column, row).unwrap_or_else(far))))
}

fn time<T: ArrowTemporalType>(column: &dyn Array) -> ArrowCells<'_>
where
    i64: From<T::Native>,
{
    written::<T, _>(column, |column, row| column.value_as_time(row).map(|time| time.to_string()))
}

/// Points in time: as the clock of their offset from UTC shows them, and as that of UTC does where
/// they have the name of a place.
fn timestamp<'a, T: ArrowTemporalType>(column: &'a dyn Array, zone: Option<&str>) -> ArrowCells<'a>
where
    i64: From<T::Native>,
{
    let Some(zone) = zone else {
        return written::<T, _>(column, |column, row| {
            column.value_as_datetime(row).map(|time| time.to_string())
        });
    };
    match zone.parse::<Tz>() {
        Ok(offset) => written::<T, _>(column, move |column, row| {
            let time = column.value_as_datetime_with_tz(row, offset)?;
            Some(format!("{}{}", time.naive_local(), time.offset()))
        }),
        Err(_) => written::<T, _>(column, |column, row| {
            column.value_as_datetime(row).map(|time| format!("{time}Z"))
        }),
    }
}

/// Values by their numbers in a dictionary.
fn dictionary<K: ArrowDictionaryKeyType>(column: &DictionaryArray<K>) -> Option<ArrowCells<'_>> {
    let values = cells_of(column.values(), None)?;
    Some(Box::new(move |row| match column.key(row) {
        Some(place) if place < column.values().len() => values(place),
        _ => CellValue::Missing,
    }))
}

/// Lists of plain values.
fn list<'a>(
    items: &'a dyn Array,
    range: impl Fn(usize) -> Range<usize> + Send + Sync + 'a,
    separator: Option<&'a str>,
) -> Option<ArrowCells<'a>> {
    if items.data_type().is_nested() {
        return None;
    }
    let cells = cells_of(items, None)?;
    Some(Box::new(move |row| {
        let Some(separator) = separator else {
            let items: Vec<serde_json::Value> = range(row).map(|item| json(&cells(item))).collect();
            return CellValue::Text(Cow::Owned(serde_json::Value::from(items).to_string()));
        };
        let texts: Vec<String> = range(row).map(|item| cells(item).text().into_owned()).collect();
        CellValue::Text(Cow::Owned(joined(texts.iter().map(String::as_str), separator)))
    }))
}

fn json(cell: &CellValue<'_>) -> serde_json::Value {
    match cell {
        CellValue::Number(number) => (*number).into(),
        CellValue::Single(number) => number.to_string().parse().unwrap_or(f64::NAN).into(),
        CellValue::Bool(value) => (*value).into(),
        CellValue::Text(text) => text.as_ref().into(),
        CellValue::Exact(text) => (*text).into(),
        CellValue::Missing => serde_json::Value::Null,
    }
}

/// A label of a list that holds the text that is to stand between two of them.
pub(super) fn torn_label(column: &dyn Array, separator: &str) -> Option<String> {
    let items = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().values(),
        DataType::LargeList(_) => column.as_list::<i64>().values(),
        DataType::FixedSizeList(..) => column.as_fixed_size_list().values(),
        _ => return None,
    };
    let is_text = matches!(
        items.data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..)
    );
    let cells = cells_of(items, None).filter(|_| is_text)?;
    let texts = (0..items.len()).map(|item| cells(item).text().into_owned());
    texts.into_iter().find(|text| text.contains(separator))
}
