"""The CSV of Bulk 2.0, read and written by column.

Line ends of every kind within a value survive. Salesforce tells null apart on the way in only: ``#N/A`` clears a field
and an empty cell leaves it alone; on the way out both null and nothing are an empty cell.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv

from modstamp.model import Value

NULL = "#N/A"
_BLOCK = 8 << 20  # a record must fit into a block; it may have 400,000 characters


def read(content: bytes) -> dict[str, list[str]]:
    """Columns of text, always as UTF-8: the answers name no charset."""
    names = _header(content)
    if not names:
        return {}
    table = pacsv.read_csv(
        io.BytesIO(content),
        read_options=pacsv.ReadOptions(block_size=_BLOCK, use_threads=False),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return {name: table.column(name).to_pylist() for name in table.column_names}


def write(columns: Mapping[str, Sequence[str]]) -> bytes:
    """Every cell in quotation marks, lines ended by LF."""
    sink = io.BytesIO()
    table = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    pacsv.write_csv(table, sink, pacsv.WriteOptions(quoting_style="all_valid"))
    return sink.getvalue()


def cell(value: Value) -> str:
    if value is None:
        return NULL
    return str(value).lower() if isinstance(value, bool) else str(value)


def _header(content: bytes) -> list[str]:
    """Field names need no quoting, so that the first line is the header."""
    line = content.partition(b"\n")[0].decode("utf-8-sig").strip()
    return [name.strip('"') for name in line.split(",")] if line else []
