"""Parquet files with columns of types that a build of Polars has or has not.

    python -m venv venv
    venv/bin/pip install pyarrow==26.0.1
    venv/bin/python tests/golden/types/generate.py

Writes one file a type beside this file; the tests read them without Python.
"""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
TYPES = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "float16": pa.float16(),
    "decimal": pa.decimal128(4, 2),
}

for name, kind in TYPES.items():
    values = [Decimal("0.25"), Decimal("0.75")] if name == "decimal" else [0, 1]
    if name == "float16":
        import numpy as np

        values = np.array(values, dtype=np.float16)
    score = pa.array(values, type=kind)
    table = pa.table({"label": pa.array([0, 1], type=pa.int64()), "score": score})
    pq.write_table(table, HERE / f"{name}.parquet")
