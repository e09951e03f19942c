"""Every setting, with its unit and default. Read from environment variables ``MODSTAMP_<NAME>``.

What may differ per object type stands in its mapping file; logins stand in connections. This is the rest.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _seconds(value: Any) -> Any:
    """A variable is always a text, in which pydantic would not take a plain number for seconds."""
    return float(value) if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value.strip()) else value


Duration = Annotated[timedelta, BeforeValidator(_seconds)]


class RunLimit(BaseModel):
    """The most that one run may do without asking: so many records, and not more than this share of the linked ones.

    Up to `floor` records no share is looked at, so that small bases do not trip.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: int = Field(ge=0)
    share: float = Field(ge=0)
    floor: int = Field(ge=0)


class Settings(BaseSettings):
    """Durations are read as ISO 8601 (``PT10M``) or as a number of seconds."""

    model_config = SettingsConfigDict(env_prefix="MODSTAMP_", frozen=True, extra="ignore")

    mappings: Path = Field(Path("include/mappings"), description="Folder of the mapping files")
    engagement_connection: str = Field("engagement", description="Connection id of the engagement database")
    staging_url: str = Field(
        "file://.modstamp/staging", description="Where parts wait between tasks: a folder or an object store"
    )
    staging_retention: Duration = Field(
        timedelta(days=2), description="Parts of runs that never landed are removed after this"
    )
    log_retention: Duration = Field(
        timedelta(days=90), description="How long the log of records is kept (sync_actions)"
    )
    history_retention: Duration = Field(
        timedelta(days=365), description="How long former values of fields are kept (sync_history)"
    )
    run_retention: Duration = Field(
        timedelta(days=90), description="How long runs are kept; the last of each mapping and direction stays"
    )
    validation_retention: Duration = Field(
        timedelta(days=30), description="How long it is kept what the expectations found"
    )
    call_retention: Duration = Field(
        timedelta(days=35), ge=timedelta(days=2), description="How long requests are kept; the budget counts 24 hours"
    )
    part_rows: int = Field(10_000, ge=200, description="Rows per staged part")
    run_rows: int = Field(
        100_000, ge=1, description="Rows that a polling run takes of its window; the next one begins at once (G3)"
    )

    lookback: Duration = Field(timedelta(minutes=10), description="How far a poll reads back before its cursor (G1)")
    inbound_batch: int = Field(1_000, ge=1, description="Records per transaction of a polling run (G17)")
    outbound_batch: int = Field(
        2_000, ge=1, description="Records read, planned and sent together by a pushing run (G18)"
    )
    backfill_rows: int = Field(
        2_000, ge=1, description="Records that a backfill queues at a time; live edits have their turn in between"
    )
    send_deadline: Duration = Field(
        timedelta(seconds=30), description="After reading current values, sending stops after this (G18)"
    )
    call_timeout: Duration = Field(timedelta(seconds=60), description="How long one request may take")
    recovery_margin: Duration = Field(
        timedelta(seconds=30), description="Further wait before a write without an answer is looked up (G21)"
    )
    lease: Duration = Field(timedelta(minutes=3), description="A lease that is not renewed for this long is free (G22)")

    gathering: Duration = Field(
        timedelta(seconds=1), description="Changes that follow one another within this time begin one push (OSF-012)"
    )
    quiet: Duration = Field(
        timedelta(seconds=0.1), description="How long a first change waits for others before a push begins"
    )

    attendee_wait: Duration = Field(
        timedelta(minutes=2),
        description="A new record waits so long for a prospect on its lists who is being created; then it goes without",
    )
    duplicate_prospects: bool = Field(
        default=False, description="Several prospects may have one mail address; takes effect with migrate (OSF-020)"
    )
    removed_field_retention: Duration = Field(
        timedelta(days=30), description="How long the bases of a field are kept that is no longer mapped (G30)"
    )

    global_threshold: float = Field(
        0.8, gt=0, le=1, description="Share of the org's daily calls, by all applications, at which we stop (OSF-083)"
    )
    own_threshold: int = Field(8_000, ge=0, description="Calls that Modstamp itself may make in 24 hours (OSF-084)")

    create_limit: RunLimit = Field(
        RunLimit(records=10_000, share=0.5, floor=250),
        description="What one run may create without asking, as JSON: records, share, floor (G28)",
    )
    update_limit: RunLimit = Field(
        RunLimit(records=20_000, share=0.5, floor=250), description="The same for updates (G28)"
    )
    delete_limit: RunLimit = Field(
        RunLimit(records=1_000, share=0.05, floor=25), description="The same for deletes (G28)"
    )
    emptied_share: float = Field(
        0.5, gt=0, le=1, description="A run that finds more of the linked records deleted than this share asks (G28)"
    )
    answer_validity: Duration = Field(timedelta(days=1), description="How long an approval or rejection counts (G28)")
    recount: Duration = Field(
        timedelta(hours=2), description="While nobody answers, a held mapping is read again after this (G28)"
    )
    low_share: float = Field(
        0.8, gt=0, le=1, description="Share of both thresholds that mappings of low priority may use up"
    )

    description_age: Duration = Field(
        timedelta(hours=1), description="How long a type's description is used before it is asked for again"
    )

    formula_calls: int = Field(
        500, ge=0, description="Calls that the nightly reading of one mapping's calculated fields may take (G7)"
    )

    tombstone_retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(days=15),
        description="Links of deleted records are remembered for this long; not shorter than a recycle bin's (G13)",
    )
    hidden_wait: Duration = Field(
        timedelta(minutes=5), description="First wait before a record that is not visible is looked at again; doubles"
    )
    longest_hidden_wait: Duration = Field(timedelta(days=1), description="And the longest (G12)")
    hidden_alarm: int = Field(
        20, ge=1, description="So many records of one run that are not visible are reported as one (G12)"
    )

    retries: int = Field(4, ge=0, description="Repetitions of a request that failed for a passing reason")
    retry_wait: Duration = Field(
        timedelta(seconds=1), description="First wait between repetitions; doubles, with jitter"
    )

    small_push: int = Field(
        100,
        ge=0,
        description="A push of so many records does all its steps in its first task; 0: none does",
    )
    lock_tries: int = Field(3, ge=0, description="How often a push tries records again that another write has locked")
    lock_wait: Duration = Field(
        timedelta(seconds=0.5), description="First wait before that; doubles, with jitter of half of it"
    )

    notifiers: dict[str, dict[str, Any]] = Field(
        {"modstamp.orchestration.alerts.LogNotifier": {}},
        description="Who hears of failed and held runs: paths of Airflow notifiers with their arguments, as JSON",
    )

    def answer_wait(self, *, creates: bool) -> timedelta:
        """How long after its intent a write may still take effect, or the record that it created stay unseen (G21)."""
        wait = self.send_deadline + self.call_timeout + self.recovery_margin
        return wait + self.lookback if creates else wait

    def for_priority(self, priority: str) -> Settings:
        """The same with the thresholds at which mappings of this priority stop, so that others have room left."""
        if priority != "low":
            return self
        own, share = int(self.own_threshold * self.low_share), self.global_threshold * self.low_share
        return self.model_copy(update={"own_threshold": own, "global_threshold": share})
