"""The CSV of Bulk 2.0, read by column. Line ends of every kind within a value survive; null is an empty cell."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pacsv

# A record must fit into a block; it may have 400,000 characters, of four bytes at most.
_BLOCK = 2 << 20


def read(content: bytes) -> Iterator[dict[str, list[str]]]:
    """Columns of text, always as UTF-8: the answers name no charset. In pieces of a few thousand rows, at least one.

    A row takes ten times as much room in Python as in the answer, so that they are never all there at once.
    """
    names = _header(content)
    if not names:
        yield {}
        return
    reader = pacsv.open_csv(
        io.BytesIO(content),
        read_options=pacsv.ReadOptions(block_size=_BLOCK, use_threads=False),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    pieces = 0
    for pieces, batch in enumerate(reader, start=1):  # noqa: B007  # looked at behind the loop
        yield batch.to_pydict()
    if not pieces:
        yield {name: [] for name in names}


def _header(content: bytes) -> list[str]:
    """Field names need no quoting, so that the first line is the header."""
    line = content.partition(b"\n")[0].decode("utf-8-sig").strip()
    return [name.strip('"') for name in line.split(",")] if line else []
