"""`python -m sandbox.org.people`: edit both sides as their users would, and write down what was done.

People work past the synchronisation: with SQL in the engagement database and as another user in Salesforce. Values that
go into Salesforce here keep its rules; those that it is to refuse are typed into the engagement database.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, update

from sandbox.org.database import NotMigratedError, ids_by, insert_rows, open_database, reflected
from sandbox.org.draws import generator
from sandbox.org.habits import draw_pool
from sandbox.org.landing import people_id
from sandbox.org.manifest import Action, Entry, counts, write_manifest
from sandbox.org.newcomers import enter_external, enter_internal, known_keys
from sandbox.org.pairs import ACCOUNT, pairs_in_step
from sandbox.org.places import add_arguments, read_places
from sandbox.org.plan import TooFewRecordsError, Wanted, plan_edits
from sandbox.org.vocabulary import read_vocabulary
from sandbox.salesforce.org import open_store
from sandbox.salesforce.store import Store


def work(state: Path, engagement: str, wanted: Wanted, seed: int, *, fit: bool = False) -> list[Entry]:
    """Edit both sides and return what was done. The same seed on the same data does the same.

    `fit`: less is done where the two sides have too little in common for all of it.

    Raises:
        TooFewRecordsError: the two sides have too little in common.
    """
    engine, store = open_database(engagement), open_store(state)
    try:
        with engine.begin() as connection:
            entries = _plan(connection, store, wanted, seed, fit=fit)
            internal = _done_internally(connection, [entry for entry in entries if entry.side == "internal"])
            external = _done_externally(store, [entry for entry in entries if entry.side == "external"])
    finally:
        store.close()
        engine.dispose()
    return internal + external


def _plan(connection: Connection, store: Store, wanted: Wanted, seed: int, *, fit: bool) -> list[Entry]:
    known = known_keys(connection, store)
    # A second day is not the first one again, though its seed is the same.
    rng = generator(seed, f"people among {len(known)}")
    vocabulary = read_vocabulary(seed)
    pairs = pairs_in_step(connection, store)
    if fit:
        wanted = wanted.fitted(len(pairs), sum(pair.kind is not ACCOUNT for pair in pairs))
    return [
        *plan_edits(rng, draw_pool(rng, vocabulary), pairs, wanted),
        *enter_internal(connection, rng, vocabulary, known, wanted.creates),
        *enter_external(store, rng, vocabulary, known, wanted.creates),
    ]


def _done_internally(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    new = [entry for entry in entries if entry.action is Action.CREATE]
    old = [entry for entry in entries if entry.action is not Action.CREATE]
    targets = {name: reflected(connection, name) for name in {entry.table for entry in entries}}
    for entry in old:
        target = targets[entry.table]
        changed = update(target).where(target.c["id"] == entry.internal_id).values(dict(entry.values))
        connection.execute(changed)
    insert_rows(connection, "prospects", [entry.values for entry in new])
    ids = ids_by(connection, "prospects", "email")
    return old + [replace(entry, internal_id=ids[entry.values["email"]]) for entry in new]


def _done_externally(store: Store, entries: Sequence[Entry]) -> list[Entry]:
    by = people_id(store)
    done = []
    with store.writing():
        for entry in entries:
            if entry.external_id is None:
                done.append(replace(entry, external_id=store.insert_many(entry.object, [entry.values], by=by)[0]))
            else:
                store.update(entry.object, entry.external_id, entry.values, by=by)
                done.append(entry)
    return done


def main(words: Sequence[str] | None = None) -> None:
    wanted = Wanted()
    parser = argparse.ArgumentParser(prog="python -m sandbox.org.people", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument(
        "--manifest", type=Path, help="where to write what was done; default: people.json in the state folder"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--edits", type=int, default=wanted.edits, help="edited fields, on each side")
    parser.add_argument("--creates", type=int, default=wanted.creates, help="new records, on each side")
    parser.add_argument("--both", type=int, default=wanted.both, help="fields edited differently on both sides")
    parser.add_argument(
        "--merged", type=int, default=wanted.merged, help="records with another field edited on each side"
    )
    parser.add_argument("--refused", type=int, default=wanted.refused, help="values that Salesforce will refuse")
    parser.add_argument("--fit", action="store_true", help="do less of each where the org is too small for all of it")
    given = parser.parse_args(words)
    places = read_places(given)
    wanted = Wanted(
        edits=given.edits, creates=given.creates, both=given.both, merged=given.merged, refused=given.refused
    )
    try:
        entries = work(places.state, places.database(), wanted, given.seed, fit=given.fit)
    except (NotMigratedError, TooFewRecordsError) as error:
        raise SystemExit(str(error)) from None
    manifest = given.manifest or places.state / "people.json"
    write_manifest(manifest, entries)
    for name, count in sorted(counts(entries).items()):
        print(f"{count:>6,}  {name}")
    print(f"written down in {manifest}")


if __name__ == "__main__":
    main()
