"""The engagement database, as its connection names it; the state lies in it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modstamp.connections import Resolver, from_environment, variable
from modstamp.errors import ConfigurationError, Problem, RetryableError
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.exc import DBAPIError


def engagement_url(settings: Settings, resolve: Resolver = from_environment) -> str:
    """The SQLAlchemy URL of the engagement database, from its connection."""
    from sqlalchemy import URL  # noqa: PLC0415  # not at DAG-parse time

    found = resolve(settings.engagement_connection)
    if found.kind == "sqlite":
        return f"sqlite:///{'/'.join(filter(None, [found.host, found.schema]))}"
    query = {str(name): str(value) for name, value in found.extra.items()}
    url = URL.create(
        "postgresql+psycopg",
        username=found.login or None,
        password=found.password or None,
        host=found.host or None,
        port=found.port,
        database=found.schema,
        query=query,
    )
    return url.render_as_string(hide_password=False)


@contextmanager
def open_database(
    settings: Settings, resolve: Resolver = from_environment, *, migrated: bool = True
) -> Iterator[Engine]:
    """The engagement database, which holds the state too; `migrated`: it must have the schema of this version.

    Raises `RetryableError` when it cannot be reached, `ConfigurationError` when it cannot be used as it is.
    """
    from sqlalchemy.exc import DBAPIError, OperationalError  # noqa: PLC0415  # not at DAG-parse time

    from modstamp.state.database import open_engine  # noqa: PLC0415  # SQLAlchemy

    engine = open_engine(engagement_url(settings, resolve))
    where = f"connection '{settings.engagement_connection}' ({engine.url.set(query={}).render_as_string()})"
    try:
        if migrated:
            _check_migrated(engine, where)
        yield engine
    except OperationalError as error:
        what = f"the engagement database does not answer: {words(error)}"
        fix = f"start the database, or correct {variable(settings.engagement_connection)}"
        raise RetryableError(f"{where}: {what}. Fix: {fix}") from error
    except DBAPIError as error:
        cause = "connect" if error.statement is None else getattr(error.orig, "sqlstate", None)
        if cause not in _FIXES:
            raise
        what = f"the engagement database cannot be used: {words(error)}"
        problem = Problem(where, what, _FIXES[cause].format(variable=variable(settings.engagement_connection)))
        raise ConfigurationError([problem]) from None  # the original would carry personal data
    finally:
        engine.dispose()


# By SQLSTATE; what is not listed here is a fault of ours.
_FIXES = {"connect": "correct {variable}", "42501": "grant this right to the login of {variable}"}


def words(error: DBAPIError) -> str:
    """The driver's own message, on one line, without the rows that SQLAlchemy quotes."""
    return " ".join(str(error.orig).split())


def _check_migrated(engine: Engine, where: str) -> None:
    from modstamp.migrations import newest, revision  # noqa: PLC0415  # Alembic
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    with read_only(engine).connect() as connection:
        found, wanted = revision(connection), newest()
    if found != wanted:
        has = f"has schema {found}" if found else "has never been migrated"
        problem = Problem(where, f"it {has}; this version needs {wanted}", "run `python -m modstamp migrate`")
        raise ConfigurationError([problem])
