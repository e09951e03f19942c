"""Where the two sides are: said on the command line, or remembered from when they were generated."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_STATE = Path(".modstamp/salesforce")
STATE_VARIABLE = "SANDBOX_STATE"
ENGAGEMENT_FILE = "engagement.url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The state folder of the local Salesforce and the URL of the engagement database (None: there is none)."""

    state: Path
    engagement: str | None

    def database(self) -> str:
        """The URL of the engagement database; ends the command when nobody has named one."""
        if self.engagement is None:
            raise SystemExit("name the engagement database with --engagement URL")
        return self.engagement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    state = Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE))
    state_help = f"state folder of the local Salesforce (default: ${STATE_VARIABLE} or {DEFAULT_STATE})"
    parser.add_argument("--state", type=Path, default=state, help=state_help)
    parser.add_argument(
        "--engagement", metavar="URL", help="engagement database (default: the one it was generated into)"
    )


def read_places(arguments: argparse.Namespace) -> Places:
    """From parsed arguments; the engagement database may have been remembered in the state folder."""
    remembered = arguments.state / ENGAGEMENT_FILE
    url = arguments.engagement or (remembered.read_text(encoding="utf-8").strip() if remembered.exists() else None)
    return Places(state=arguments.state, engagement=url)


def remember(places: Places) -> None:
    """Keep the URL, which may hold a password, for later commands; nobody else may read it."""
    if places.engagement:
        path = places.state / ENGAGEMENT_FILE
        path.touch(mode=0o600)
        path.write_text(places.engagement + "\n", encoding="utf-8")
