"""`python -m sandbox.org`: generate the sample org into a state folder and an engagement database."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from sandbox.org.build import generate
from sandbox.org.database import NotMigratedError
from sandbox.org.places import add_arguments, read_places, remember


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.org", description=__doc__)
    parser.add_argument("--size", type=int, default=2_000, help="number of Leads; everything else follows from it")
    parser.add_argument(
        "--meetings", type=int, help="of the twelve months until today; default: a twentieth of the size, 100 at most"
    )
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same rows")
    add_arguments(parser)
    arguments = parser.parse_args(words)
    begin = time.perf_counter()
    places = read_places(arguments)
    try:
        # So few that no brake holds the first push, which would wait for a person (G28).
        meetings = min(arguments.size // 20, 100) if arguments.meetings is None else arguments.meetings
        counts = generate(arguments.size, arguments.seed, places.state, places.engagement, meetings=meetings)
    except NotMigratedError as error:
        raise SystemExit(str(error)) from None
    remember(places)
    for name, count in counts.items():
        print(f"{count:>9,}  {name}")
    print(
        f"generated in {time.perf_counter() - begin:.1f} s" if counts else "nothing to do: both sides have rows already"
    )


if __name__ == "__main__":
    main()
