"""The CSV of Bulk 2.0, read by column. Line ends of every kind within a value survive; null is an empty cell."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.csv as pacsv

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


def _header(content: bytes) -> list[str]:
    """Field names need no quoting, so that the first line is the header."""
    line = content.partition(b"\n")[0].decode("utf-8-sig").strip()
    return [name.strip('"') for name in line.split(",")] if line else []
