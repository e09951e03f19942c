"""One mapping in one direction, ready to run: its steps, each of which may be called in a process of its own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstamp.errors import ConfigurationError, LeaseHeldError, LimitReachedError, ModstampError, RunHeldError
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.live import stopping
from modstamp.model import Direction, Side
from modstamp.wiring.database import words

if TYPE_CHECKING:
    from modstamp.engine.environment import Environment
    from modstamp.engine.estimate import Estimate
    from modstamp.engine.handoff import Handoff, RunOptions, Summary
    from modstamp.ports import RunRecord
    from modstamp.state.calls import Meter
    from modstamp.state.descriptions import Descriptions


@dataclass(frozen=True, slots=True)
class Run:
    """One mapping in one direction, ready to run. Each step may be called in a process of its own.

    `rehearsal` is what dry runs work with: the same, with a store and a connector that cannot write.
    """

    file: MappingFile
    environment: Environment
    rehearsal: Environment
    direction: Direction
    meter: Meter
    descriptions: Descriptions

    def extract(self, options: RunOptions, run_id: str) -> Handoff:
        """Raises `LeaseHeldError` when another run is at work. Parts that nobody will load any more go first."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas
        from modstamp.staging import ParquetStaging  # noqa: PLC0415  # pyarrow

        settings = self.environment.settings
        ParquetStaging(settings.staging_url).remove_older_than(settings.staging_retention)
        self._forget_what_lacks_fields()
        with self.meter.during(run_id, self.environment.mapping.name):
            return run.start(self._environment(dry_run=options.dry_run), self.direction, options, run_id)

    def _forget_what_lacks_fields(self) -> None:
        """A mapped field that was missing may be back by now: its type is described anew, one call a poll (G8)."""
        mapping = self.environment.mapping
        if self.direction is Direction.PUSHING and mapping.polling.on:
            return
        remembered = self.descriptions.recall(mapping.external_type)
        if remembered and any(name not in remembered.fields for name in mapping.field_names(Side.EXTERNAL)):
            self.descriptions.forget(mapping.external_type)

    def estimate(self) -> Estimate:
        """What the next poll will take: one counted call."""
        from modstamp.engine.estimate import estimate  # noqa: PLC0415  # pandas

        with self.meter.during("estimate", self.environment.mapping.name):
            return estimate(self.environment)

    def has_loaded(self) -> bool:
        """Some window was read whole."""
        with self.environment.store.begin(read_only=True) as tx:
            return tx.cursors.get(self.environment.mapping.name).cursor is not None

    def is_first_load(self) -> bool:
        """Nothing was ever read whole, and nothing of the first window yet."""
        if self.direction is not Direction.POLLING:
            return False
        with self.environment.store.begin(read_only=True) as tx:
            cursor = tx.cursors.get(self.environment.mapping.name)
        return cursor.cursor is None and cursor.upper is None

    def goes_through(self, handoff: Handoff) -> bool:
        """Whether the other steps follow at once: nothing is there to do, or a push of few records, which none holds.

        A window that is not read whole, and a dry run, which shows its steps, take them one by one.
        """
        from modstamp.engine import brakes  # noqa: PLC0415  # pandas

        few = self.environment.settings.small_push if handoff.direction is Direction.PUSHING else 0
        rows = sum(part.rows for part in handoff.parts)
        if handoff.dry_run or not handoff.whole or rows > few:
            return False
        return not rows or brakes.let_pass(self.environment, handoff)

    def transform(self, handoff: Handoff) -> Handoff:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.transform(self._environment(dry_run=handoff.dry_run), handoff)

    def validate(self, handoff: Handoff) -> Handoff:
        """Raises `ConfigurationError` when rows are there and a mapped field is not: before anything is written."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            if handoff.parts:
                self._check_fields()
            return run.validate(self._environment(dry_run=handoff.dry_run), handoff)

    def _check_fields(self) -> None:
        """Costs no call: validating asks for the same descriptions, and the connector keeps them."""
        from modstamp.engine import sight  # noqa: PLC0415  # pandas

        mapping = self.environment.mapping
        with self.environment.store.begin(read_only=True) as tx:
            internal = tx.records.describe(mapping.internal)
        external = self.environment.connector.describe(mapping.external_type)
        sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
        problems = list(stopping(self.file, sides, sight.known(self.environment.store, mapping)))
        if problems:
            # Else the run after the repair would go by what Salesforce showed before it.
            self.descriptions.forget(mapping.external_type)
            raise ConfigurationError(problems)

    def load(self, handoff: Handoff) -> Summary:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.finish(self._environment(dry_run=handoff.dry_run), handoff)

    def fail(self, handoff: Handoff, message: str) -> None:
        """Note that the run could not go on."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        run.fail(self.environment, handoff, message)

    def end(self, run_id: str, status: str, message: str) -> Summary:
        """End a run of which no step will be tried again: note why, free its lease, remove what it staged."""
        from modstamp.engine.handoff import Summary  # noqa: PLC0415  # pandas

        store, name = self.environment.store, self.environment.mapping.name
        calls = self.meter.counted(run_id)
        with store.begin() as tx:
            # A limit may be met before the run is noted, when the first load is estimated.
            record = tx.runs.get(run_id) or self._unnoted(run_id)
            tx.runs.put(replace(record, status=status, message=message, ended_at=store.now(), calls=calls))
        with suppress(LeaseHeldError):  # another run has taken over: then there is nothing to give back
            # Its own lease, granted once more: whatever of this run is still about can no longer write (G22).
            store.give_back(store.grant(name, self.direction, run_id))
        self.environment.staging.remove(run_id)
        return Summary(
            run_id=run_id,
            mapping=name,
            direction=self.direction,
            counts=record.counts,
            reasons=record.reasons,
            calls=calls,
            document_calls=0,
            seconds=0.0,
            paused=status == "paused",
            message=message,
        )

    def not_begun(self, run_id: str, message: str) -> Summary:
        """Of a run that an earlier question holds (G28)."""
        from modstamp.engine.handoff import Summary  # noqa: PLC0415  # pandas

        return Summary(
            run_id=run_id,
            mapping=self.environment.mapping.name,
            direction=self.direction,
            counts={},
            reasons={},
            calls=0,
            document_calls=0,
            seconds=0.0,
            held=True,
            message=message,
        )

    def _unnoted(self, run_id: str) -> RunRecord:
        from modstamp.ports import RunRecord  # noqa: PLC0415  # pandas

        name, now = self.environment.mapping.name, self.environment.store.now()
        return RunRecord(id=run_id, mapping=name, direction=self.direction, status="running", started_at=now)

    def estimated_calls(self, summary: Summary) -> int:
        """What a run would be charged for what a dry run has found: as much for looking, and its writes outside."""
        if self.direction is Direction.POLLING:
            return summary.calls
        abilities, batch = self.environment.connector.abilities(), self.environment.settings.outbound_batch
        created, at_once = summary.counts.get("create", 0) + summary.counts.get("recreate", 0), abilities.most_creates
        writes = sum(
            _calls(records, abilities.batch_size, batch)
            for records in (summary.counts.get("update", 0), summary.counts.get("delete", 0))
        )
        # What a create left is read in a call of its own.
        return summary.calls + writes + 2 * _calls(created, min(at_once, abilities.read_size), batch)

    def _environment(self, *, dry_run: bool) -> Environment:
        return self.rehearsal if dry_run else self.environment


def _calls(records: int, per_call: int, batch: int) -> int:
    """Calls that so many records of one operation need, when they travel in batches."""
    whole, rest = divmod(records, batch)
    return whole * -(-batch // per_call) + -(-rest // per_call)


def run_through(run: Run, options: RunOptions, run_id: str) -> Summary:
    """All four steps in this process. A limit reached in any of them pauses the run and is no failure (G27).

    Nor is a question that waits for its answer: then nothing begins (G28).
    """
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # not at DAG-parse time

    try:
        return run.load(run.validate(run.transform(run.extract(options, run_id))))
    except LeaseHeldError:
        raise
    except RunHeldError as held:
        return run.not_begun(run_id, str(held))
    except (ModstampError, DBAPIError) as error:
        if options.dry_run:
            run.rehearsal.staging.remove(run_id)
            raise
        if isinstance(error, LimitReachedError):
            return run.end(run_id, "paused", str(error))
        # What SQLAlchemy says of a statement quotes the rows in it.
        run.end(run_id, "failed", words(error) if isinstance(error, DBAPIError) else str(error))
        raise
