"""``python -m bench.outbound``: edits of prospects out to their Leads."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import Line, arguments, settings, show
from bench.systems import LEAD, server, systems

SIZES = (1_000, 10_000)


def lines(sizes: list[int], chosen: dict[str, str]) -> Iterator[Line]:
    with server() as administrator:
        for size in sizes:
            with systems(administrator, size, chosen) as both:
                both.run(LEAD, "polling")
                both.sql("UPDATE prospects SET title = 'Director ' || id")
                yield Line("one field each", size, both.run(LEAD, "pushing"))
                yield Line("nothing new", size, both.run(LEAD, "pushing"))


if __name__ == "__main__":
    asked = arguments(__doc__, SIZES)
    show(lines(asked.sizes, settings(asked)), as_json=asked.json)
