"""Parquet files as pyarrow writes them: pages of both versions, and the usual encodings.

    python -m venv venv
    venv/bin/pip install pyarrow==26.0.1
    venv/bin/python tests/golden/parquet/generate.py

Writes one file a case beside this file; the tests read them without Python.
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(__file__).parent


def write(name, columns, **options):
    pq.write_table(pa.table(columns), folder / f"{name}.parquet", **options)


scores = {
    "video": pa.array([None if i % 9 == 0 else f"fake/{i // 4:03}" for i in range(40)]),
    "score": pa.array([i / 40 for i in range(40)], pa.float64()),
    "p": pa.array([None if i % 6 == 0 else i / 7 for i in range(40)], pa.float32()),
    "label": pa.array([i % 3 == 0 for i in range(40)]),
    "frame": pa.array([i * i for i in range(40)], pa.int64()),
}
plain = dict(use_dictionary=False, compression="NONE")
write("plain", scores, **plain)
write("dictionary", scores, compression="SNAPPY")
encodings = {"video": "DELTA_BYTE_ARRAY", "score": "BYTE_STREAM_SPLIT", "frame": "DELTA_BINARY_PACKED"}
write("delta", scores, column_encoding=encodings, **plain)
write("second", scores, data_page_version="2.0", compression="SNAPPY")
write("zstd", scores, compression="ZSTD", write_page_checksum=True)
write("nested", {"frames": pa.array([[i] * (i % 4) for i in range(40)], pa.list_(pa.int64()))})
write("empty", {name: column[:0] for name, column in scores.items()})
write("split", scores, row_group_size=15, data_page_size=64, write_batch_size=4, use_dictionary=False)
