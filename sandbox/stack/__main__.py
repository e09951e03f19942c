"""`python -m sandbox.stack run | stop | org`: what `make run`, `make stop` and `make org` do."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.stack import runner
from sandbox.stack.places import PROJECT, Places, StackError


def main(words: Sequence[str] | None = None) -> None:
    # A shell that starts us in the background lets us ignore Ctrl-C, and whatever we start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = _parser().parse_args(words)
    places = Places(given.state.resolve())
    try:
        if given.command == "stop":
            runner.stop(places)
        elif given.command == "org":
            runner.make_org(places, size=given.size, seed=given.seed)
        else:
            sys.exit(runner.run(places, size=given.size, seed=given.seed, port=given.port, detach=given.detach))
    except StackError as error:
        sys.exit(f"✗ {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--state", type=Path, default=PROJECT / ".modstamp", help="folder of all local state")
    sized = argparse.ArgumentParser(add_help=False)
    sized.add_argument("--size", type=int, default=2_000, help="Leads of the sample org")
    sized.add_argument("--seed", type=int, default=7, help="the same seed gives the same org")
    run = commands.add_parser("run", parents=[everywhere, sized], help="start all and run the main job")
    run.add_argument("--port", type=int, default=8080, help="of Airflow's UI; the next free one if it is taken")
    run.add_argument("--detach", action="store_true", help="return after the summary")
    commands.add_parser("org", parents=[everywhere, sized], help="generate the sample org anew")
    commands.add_parser("stop", parents=[everywhere], help="end all")
    return parser


if __name__ == "__main__":
    main()
