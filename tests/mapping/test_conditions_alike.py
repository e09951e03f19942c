"""One definition, three evaluations: pandas, SOQL and SQL find the same rows for the same condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import Engine

from modstamp import instants
from modstamp.connectors.engagement import criteria as sql
from modstamp.connectors.salesforce import criteria as soql
from modstamp.engine.frames import frame
from modstamp.mapping.conditions import Condition, describe
from modstamp.mapping.evaluation import Circumstances, holds
from modstamp.mapping.predicates import is_askable, predicate
from modstamp.model import Field, Value
from modstamp.sqltypes import Instant
from sandbox.salesforce.clock import Clock
from sandbox.salesforce.schema import load_schema
from sandbox.salesforce.soql.parse import parse
from sandbox.salesforce.soql.translate import translate
from sandbox.salesforce.store import Store

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHOICES = ("Open", "Closed - Won", "Neu für Ü")
PER_EXAMPLE = 25

FIELDS = {
    "Text__c": Field(name="Text__c", kind="text", length=255),
    "Choice__c": Field(name="Choice__c", kind="choice", choices=CHOICES, restricted=True),
    "Flag__c": Field(name="Flag__c", kind="boolean"),
    "Amount__c": Field(name="Amount__c", kind="number"),
    "Count__c": Field(name="Count__c", kind="integer"),
    "Day__c": Field(name="Day__c", kind="date"),
    "Moment__c": Field(name="Moment__c", kind="instant"),
}
CUSTOM = """
Account:
  Text__c: {type: string, label: Text, length: 255}
  Choice__c: {type: picklist, label: Choice, length: 255, values: [Open, Closed - Won, Neu für Ü]}
  Flag__c: {type: boolean, label: Flag, lacks: [nillable], has: [defaultedOnCreate]}
  Amount__c: {type: double, label: Amount, precision: 18, scale: 2}
  Count__c: {type: int, label: Count, digits: 9}
  Day__c: {type: date, label: Day}
  Moment__c: {type: datetime, label: Moment}
"""
TABLE = sa.Table(
    "alike",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("Text__c", sa.String(255)),
    sa.Column("Choice__c", sa.String(255)),
    sa.Column("Flag__c", sa.Boolean),
    sa.Column("Amount__c", sa.Numeric(18, 2, asdecimal=False)),
    sa.Column("Count__c", sa.Integer),
    sa.Column("Day__c", sa.Date),
    sa.Column("Moment__c", Instant),
)

_words = st.sampled_from(
    [
        "",
        "Ann",
        "ann",
        "ANN",
        "Joanna",
        "100%",
        "a_b",
        "axb",
        "it's",
        'a"b',
        "a\\b",
        "Ünal",
        "ünal",
        "7",
        "a b",
        "-",
        "n",
    ]
)
_offsets = st.integers(-40 * 24 * 3600, 40 * 24 * 3600)
_moments = st.builds(
    lambda seconds, fraction: START + timedelta(seconds=seconds, microseconds=fraction),
    st.one_of(st.sampled_from([0, -1, 1, -3600, 86400, -12 * 3600, -30 * 86400, 7 * 86400]), _offsets),
    st.sampled_from([0, 0, 0, 500_000]),
)
_zones = st.sampled_from([0, -8, 5.75, 12]).map(lambda hours: timezone(timedelta(hours=hours)))
_days = _moments.map(lambda moment: moment.date())
_numbers = st.sampled_from([0, 1, 2, 3, -1, 1.5, 0.1, 100.25, 1_000_000])
_values: Mapping[str, st.SearchStrategy[Any]] = {
    "Text__c": _words,
    "Choice__c": st.sampled_from(CHOICES),
    "Flag__c": st.booleans(),
    "Amount__c": _numbers.map(float),
    "Count__c": st.sampled_from([0, 1, 2, 3, -1, 1_000_000]),
    "Day__c": _days.map(date.isoformat),
    "Moment__c": _moments.map(instants.to_text),
}
_rows = st.fixed_dictionaries({name: st.one_of(st.none(), each, each, each) for name, each in _values.items()})


def _operators(name: str) -> Mapping[str, st.SearchStrategy[Any]]:
    """Operator → its values, for one field: mostly of its kind, sometimes of another."""
    own = _values[name]
    other = st.one_of(st.none(), _words, st.booleans(), _numbers, own)
    single = st.one_of(own, own, own, other)
    bound = st.one_of(_values["Day__c"], _values["Moment__c"], _numbers)
    if FIELDS[name].kind in ("integer", "number"):
        bound = st.one_of(_numbers, _numbers, bound)
    spans = st.sampled_from(["1 hour", "12 hours", "1 day", "7 days", "30 days", "2 weeks", "90 minutes"])
    texts = _words.filter(bool)
    times = st.one_of(_values["Day__c"], _values["Moment__c"])
    lists = st.lists(single, max_size=3)
    every: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("is", "is not"), single),
        **dict.fromkeys(("in", "not in"), lists),
        **dict.fromkeys(("contains", "does not contain", "starts with", "does not start with"), texts),
        **dict.fromkeys(("greater than", "at least", "less than", "at most"), bound),
        **dict.fromkeys(("before", "after"), times),
        **dict.fromkeys(("within the last", "not within the last", "within the next", "not within the next"), spans),
    }
    return every


@st.composite
def _single(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from([*FIELDS, "Unknown__c"]))
    operators = _operators(name if name in FIELDS else "Text__c")
    operator = draw(st.sampled_from([*operators, "is empty", "is not empty"]))
    row = {"field": name, "operator": operator}
    return row if operator not in operators else {**row, "value": draw(operators[operator])}


_conditions = st.recursive(
    _single(),
    lambda inner: st.builds(
        lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=5,
)


@dataclass(frozen=True)
class Sources:
    """Where the rows of one example lie."""

    org: Store
    databases: Sequence[Engine]

    def fill(self, inside: Sequence[Mapping[str, Value]], outside: Sequence[Mapping[str, Value]]) -> None:
        with self.org.writing() as connection:
            connection.execute("DELETE FROM Account")
        rows = [{"Name": str(number), **_as_stored_outside(row)} for number, row in enumerate(outside)]
        self.org.insert_many("Account", rows, created=START, by="005000000000001AAA")
        for engine in self.databases:
            with engine.begin() as connection:
                connection.execute(TABLE.delete())
                connection.execute(
                    TABLE.insert(), [{"id": n, **_as_stored_inside(row)} for n, row in enumerate(inside)]
                )

    def by_soql(self, where: str | bool, clock: Clock) -> set[int]:  # noqa: FBT001 - as `Criterion.where`
        if where is False:
            return set()
        text = "SELECT Id FROM Account" + (f" WHERE {where}" if isinstance(where, str) else "")  # noqa: S608
        statement = translate(parse(text), self.org.schema, clock, with_deleted=False)
        names = f"SELECT Name FROM Account WHERE _row IN ({statement.find})"  # noqa: S608
        return {int(name) for (name,) in self.org.reader().execute(names, statement.parameters)}


def _as_stored_outside(row: Mapping[str, Value]) -> dict[str, Any]:
    moment = row["Moment__c"]
    return {**row, "Moment__c": moment and instants.from_text(str(moment))}


def _as_stored_inside(row: Mapping[str, Value]) -> dict[str, Any]:
    day, moment = row["Day__c"], row["Moment__c"]
    return {
        **row,
        "Day__c": day and date.fromisoformat(str(day)),
        "Moment__c": moment and instants.from_text(str(moment)),
    }


def _outside(row: Mapping[str, Value]) -> dict[str, Value]:
    """What Salesforce can hold of it: no empty text, no empty checkbox, whole seconds."""
    moment = row["Moment__c"]
    whole = moment and instants.to_text(instants.from_text(str(moment)).replace(microsecond=0))
    return {**row, "Text__c": row["Text__c"] or None, "Flag__c": bool(row["Flag__c"]), "Moment__c": whole}


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("alike")
    (folder / "custom.yaml").write_text(CUSTOM, encoding="utf-8")
    store = Store(folder / "org.db", schema=load_schema(folder / "custom.yaml"))
    yield store
    store.close()


@pytest.fixture
def sources(org: Store, empty_sqlite: Engine, empty_postgresql: Engine) -> Sources:
    databases = (empty_sqlite, empty_postgresql)
    for engine in databases:
        TABLE.create(engine)
    return Sources(org=org, databases=databases)


def _true(condition: Condition, rows: Sequence[Mapping[str, Value]], now: datetime) -> set[int]:
    table = frame({name: [row[name] for row in rows] for name in FIELDS})
    return {number for number, held in enumerate(holds(condition, table, Circumstances(now=now))) if held}


def _check(sources: Sources, rows: Sequence[Mapping[str, Value]], conditions: Sequence[Any], now: datetime) -> None:
    outside = [_outside(row) for row in rows]
    sources.fill(rows, outside)
    clock, askings = Clock(), []
    for data in conditions:
        condition = CONDITION.validate_python(data)
        asked = predicate(condition, FIELDS, now)
        wanted, criterion = _true(condition, outside, now), soql.criterion(asked)
        found = sources.by_soql(criterion.where, clock)
        assert wanted <= found, f"SOQL misses rows: {describe(condition)} became {criterion.where}"
        assert not criterion.exact or wanted == found, f"SOQL: {describe(condition)} became {criterion.where}"
        askings.append((condition, asked, _true(condition, rows, now)))
    for engine in sources.databases:
        with engine.connect() as connection:
            for condition, asked, wanted in askings:
                clause = sql.clause(asked, TABLE, dialect=engine.dialect.name)
                found = set(connection.scalars(sa.select(TABLE.c.id).where(clause)))
                assert wanted <= found, f"{engine.dialect.name} misses rows: {describe(condition)}: {clause}"
                assert not is_askable(asked) or wanted == found, (
                    f"{engine.dialect.name}: {describe(condition)}: {clause}"
                )


_example = given(
    rows=st.lists(_rows, min_size=1, max_size=20),
    conditions=st.lists(_conditions, min_size=PER_EXAMPLE, max_size=PER_EXAMPLE),
    now=st.builds(lambda moment, zone: moment.astimezone(zone), _moments, _zones),
)
_fixtures = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.requirement("OSF-130")
@settings(max_examples=8, deadline=None, suppress_health_check=_fixtures)
@_example
def test_three_evaluations_find_the_same_rows(
    sources: Sources, rows: list[dict[str, Value]], conditions: list[Any], now: datetime
) -> None:
    _check(sources, rows, conditions, now)


@pytest.mark.long
@pytest.mark.requirement("OSF-130")
@settings(max_examples=200, deadline=None, suppress_health_check=_fixtures)
@_example
def test_three_evaluations_find_the_same_rows_for_five_thousand_conditions(
    sources: Sources, rows: list[dict[str, Value]], conditions: list[Any], now: datetime
) -> None:
    _check(sources, rows, conditions, now)


@pytest.mark.requirement("OSF-130")
def test_what_soql_cannot_tell_is_asked_more_widely(sources: Sources) -> None:
    """Case, letters beyond ASCII, and opposites of both: found by chance alone they would be missed for long."""
    empty: dict[str, Value] = dict.fromkeys(FIELDS)
    rows = [{**empty, "Text__c": text} for text in ("Ann", "ann", "Ünal", "ünal", "100%", None)]
    operators = ["is", "is not", "contains", "does not contain", "starts with", "does not start with"]
    conditions = [
        {"field": "Text__c", "operator": operator, "value": value}
        for operator in operators
        for value in ("Ann", "Ü", "ünal", "100%", "_")
    ]
    _check(sources, rows, conditions, START)
