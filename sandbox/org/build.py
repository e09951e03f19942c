"""The whole generator: from size and seed to both sides written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from sandbox.org.activities import fill
from sandbox.org.database import open_database, reflected
from sandbox.org.external import External, build_external
from sandbox.org.internal import Internal, build_internal
from sandbox.org.landing import land_external, land_internal, land_rules
from sandbox.org.vocabulary import read_vocabulary
from sandbox.salesforce.org import open_store


def build(size: int, seed: int) -> tuple[External, Internal]:
    """Both sides as frames, nothing written."""
    vocabulary = read_vocabulary(seed)
    external = build_external(vocabulary, size, seed)
    return external, build_internal(vocabulary, external, seed)


def generate(size: int, seed: int, state: Path, engagement: str | None, *, meetings: int = 0) -> dict[str, int]:
    """Write both sides and return what was written; a side that has records already is left as it is.

    Args:
        size: number of Leads.
        seed: the same seed gives the same rows.
        state: state folder of the local Salesforce, made when it is not there.
        engagement: URL of the migrated engagement database; None: only Salesforce is filled.
        meetings: of the twelve months until today, in the engagement database; mails, calls and tasks go with them.

    Raises:
        NotMigratedError: the engagement database lacks its tables; nothing has been written.
    """
    external, internal = build(size, seed)
    # Of some, the first synchronisation makes prospects.
    strangers = external.leads["Email"].dropna().drop_duplicates().tolist()
    counts = _fill_internal(engagement, internal, meetings, seed, strangers) if engagement else {}
    return counts | _fill_external(state, external)


def _fill_external(state: Path, external: External) -> dict[str, int]:
    store = open_store(state)
    try:
        if store.count("Lead"):
            return {}
        land_rules(state)
        land_external(store, external)
    finally:
        store.close()
    frames = {
        "UserRole": external.roles,
        "LeadStatus": external.statuses,
        "Group": external.queues,
        "User": external.users,
        "Account": external.accounts,
        "Lead": external.leads,
        "Contact": external.contacts,
        "Opportunity": external.opportunities,
        "OpportunityContactRole": external.contact_roles,
    }
    return {f"Salesforce {name}": len(frame) for name, frame in frames.items()}


def _fill_internal(url: str, internal: Internal, meetings: int, seed: int, strangers: Sequence[str]) -> dict[str, int]:
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            prospects = reflected(connection, "prospects")
            if connection.execute(select(func.count()).select_from(prospects)).scalar_one():
                return {}
            land_internal(connection, internal)
            today = datetime.now(UTC).date()
            activities = fill(connection, meetings, seed, today=today, strangers=strangers) if meetings else {}
    finally:
        engine.dispose()
    frames = {"users": internal.users, "accounts": internal.accounts, "prospects": internal.prospects}
    return {f"engagement {name}": len(frame) for name, frame in frames.items()} | activities
