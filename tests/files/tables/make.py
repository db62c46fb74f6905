"""Writes the tables beside this file: one table of 300 rows in each format that Arrow's own library writes,
its types, and what can't be read. Needs pyarrow; run in this folder: python make.py"""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq

ROWS = 300
rows = range(ROWS)
start = datetime.datetime(2026, 1, 1, 6, 30)


def plain(cells):
    """The table whose CSV file is read to the same numbers."""
    age = [None if i % 50 == 7 else 20 + i * 7 % 50 for i in rows]
    income = [1000.5 + i * 137 % 9000 for i in rows]
    colour = [["red", "green", "blue"][i % 3] for i in rows]
    day = [(start + datetime.timedelta(days=i)).date() for i in rows]
    bought = [(i * 7 % 50 > 25) ^ (i % 7 == 0) for i in rows]
    return pa.table({
        "age": pa.array(age, cells["whole"]),
        "income": pa.array(income).cast(cells["float"]),
        "colour": pa.array(colour).cast(cells["text"]),
        "day": pa.array(day, pa.date32()).cast(cells["day"]),
        "bought": pa.array(bought),
    })


usual = {"whole": pa.int64(), "float": pa.float64(), "text": pa.string(), "day": pa.date32()}
small = {"whole": pa.int8(), "float": pa.float32(), "text": pa.dictionary(pa.int32(), pa.string()), "day": pa.timestamp("ms")}
large = {"whole": pa.uint32(), "float": pa.decimal128(12, 2), "text": pa.large_string(), "day": pa.timestamp("us", "UTC")}
view = {"whole": pa.float64(), "float": pa.float64(), "text": pa.string_view(), "day": pa.date64()}

pa.csv.write_csv(plain(usual), "plain.csv")
pq.write_table(plain(usual), "plain.parquet", row_group_size=128)
pq.write_table(plain(small), "small.parquet", compression="zstd", data_page_version="2.0")
pq.write_table(plain(large), "large.parquet", compression="none", use_dictionary=False)
pa.feather.write_feather(plain(usual), "plain.arrow", compression="zstd", chunksize=100)
pa.feather.write_feather(plain(view), "view.feather", compression="lz4", chunksize=64)
with pa.ipc.new_stream("plain.arrows", plain(small).schema) as stream:
    stream.write_table(plain(small), max_chunksize=100)

# every type, three rows each; the last row is null
utc, far = datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=2))
moments = [datetime.datetime(2026, 1, 31, 18, 30, 5, 250000), datetime.datetime(1969, 12, 31), None]
types = {
    "y": pa.array([1, 2, 3]),
    "bool": pa.array([True, False, None]),
    "i8": pa.array([-5, 7, None], pa.int8()),
    "u64": pa.array([9007199254740993, 7, None], pa.uint64()),
    "f16": pa.array(np.array([0.5, -2, np.nan], np.float16)),
    "f32": pa.array([0.1, 2, None], pa.float32()),
    "text": pa.array(["a", "b", None]),
    "dictionary": pa.array(["a", "b", None]).dictionary_encode(),
    "numbers": pa.array([0.5, 7.0, None]).dictionary_encode(),
    "decimal": pa.array([decimal.Decimal("1.25"), decimal.Decimal("-7.00"), None]),
    "date": pa.array([moment and moment.date() for moment in moments]),
    "moment": pa.array(moments, pa.timestamp("us")),
    "zoned": pa.array(moments, pa.timestamp("ns", "+02:00")),
    "berlin": pa.array(moments, pa.timestamp("ms", "Europe/Berlin")),
    "time": pa.array([datetime.time(18, 30, 5), datetime.time(0), None]),
    "vector": pa.array([[1, 2.5], [3, 4], None], pa.list_(pa.float32(), 2)),
    "list": pa.array([[1, 2], [3, 4], None], pa.list_(pa.int32())),
    "tags": pa.array([["a", "b"], [], None], pa.large_list(pa.string())),
    "nothing": pa.nulls(3),
    "torn": pa.array([["a;b"], ["c"], None]),
    "struct": pa.array([{"a": 1}, {"a": 2}, None]),
    "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"a", b"b", None]),
    "nested": pa.array([[[1]], [[2]], None]),
    "duration": pa.array([datetime.timedelta(1), datetime.timedelta(2), None]),
}
pq.write_table(pa.table(types), "types.parquet")
pa.feather.write_feather(pa.table({name: column for name, column in types.items()}), "types.arrow", compression="uncompressed")
for codec in ["gzip", "lz4", "brotli"]:
    pq.write_table(pa.table({"a": [1.0, 2.0], "y": [0, 1]}), f"{codec}.parquet", compression=codec)
