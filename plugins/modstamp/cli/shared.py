"""What every command needs: the settings, and an answer for people or for programs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError

from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Direction
from modstamp.settings import Settings

JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
DIRECTION = click.option(
    "--direction", type=click.Choice([str(each) for each in Direction]), help="Only this one; both when left out."
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be done. Nothing is written.")


def settings() -> Settings:
    """Raises `ConfigurationError` with every variable that cannot be read; values are not repeated."""
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise ConfigurationError([_wrong_setting(str(fault["loc"][0]), fault["msg"]) for fault in faults]) from None
    except SettingsError as error:
        raise ConfigurationError([_wrong_setting("", str(error))]) from None


def _wrong_setting(name: str, what: str) -> Problem:
    return Problem(f"environment variable MODSTAMP_{name.upper()}".rstrip("_"), what, "correct it, or take it out")


def show(document: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """The same, as text or as JSON."""
    click.echo(json.dumps(document, indent=2, default=str) if as_json else text)


def run_id() -> str:
    """Of a run that a person starts."""
    return f"cli-{uuid.uuid4().hex[:12]}"
