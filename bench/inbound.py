"""``python -m bench.inbound``: Leads into the engagement database: the first load and what follows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.report import Line, arguments, settings, show
from bench.systems import LEAD, server, systems

SIZES = (1_000, 10_000, 100_000)


def lines(sizes: list[int], chosen: dict[str, str]) -> Iterator[Line]:
    with server() as administrator:
        for size in sizes:
            with systems(administrator, size, chosen) as both:
                yield Line("first load", size, both.run(LEAD, "polling"))
                yield Line("nothing new", size, both.run(LEAD, "polling"))
                since = (datetime.now(UTC) - timedelta(days=2)).isoformat()
                yield Line("all read again", size, both.run(LEAD, "polling", since=since))
                both.salesforce.edit("Title", "Director")
                yield Line("one field each", size, both.run(LEAD, "polling"))


if __name__ == "__main__":
    asked = arguments(__doc__, SIZES)
    show(lines(asked.sizes, settings(asked)), as_json=asked.json)
