"""Who hears of a run that failed for good, or that holds because a limit is reached: Airflow's notifiers.

``MODSTAMP_NOTIFIERS`` names them, each with its arguments, as JSON; by default the task's own log gets a line.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier

from modstamp.engine.handoff import Summary
from modstamp.errors import ConfigurationError, LimitReachedError, ModstampError, Problem
from modstamp.settings import Settings

log = logging.getLogger(__name__)


class LogNotifier(BaseNotifier):
    """Writes one line, for logs that are watched elsewhere."""

    def notify(self, context: Any) -> None:
        task = context["ti"]
        log.error("ALERT %s %s: %s", task.dag_id, task.task_id, context.get("exception") or "failed")


def notifiers(settings: Settings) -> list[BaseNotifier]:
    """Raises `ConfigurationError` for one that cannot be made."""
    return [_notifier(path, arguments) for path, arguments in settings.notifiers.items()]


def _notifier(path: str, arguments: dict[str, Any]) -> BaseNotifier:
    module, _, name = path.rpartition(".")
    try:
        made = getattr(import_module(module), name)(**arguments)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        fix = "give the path of an Airflow notifier with its arguments, and install its provider"
        raise ConfigurationError([Problem("MODSTAMP_NOTIFIERS", f"{path}: {error}", fix)]) from error
    if not isinstance(made, BaseNotifier):
        problem = Problem("MODSTAMP_NOTIFIERS", f"{path} is no notifier", "name a subclass of airflow.sdk.BaseNotifier")
        raise ConfigurationError([problem])
    return made


def notify_held(context: Any, settings: Settings, summary: Summary) -> None:
    """A held run is a success to Airflow, so it would call nobody. The reason is in the context as ``exception``.

    So is one that ended and has something to say of itself.
    """
    error = LimitReachedError if summary.paused else ModstampError
    told = {**context, "exception": error(summary.message)}
    for notifier in notifiers(settings):
        notifier(told)
