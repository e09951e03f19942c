"""What lookups name, against what the systems show of the types that are looked into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modstamp.mapping.loading import load
from modstamp.mapping.searches import Searched, check, searched
from modstamp.model import Field, Side, TypeDescription

Write = Callable[[dict[str, str]], Path]

LEAD = """
    internal: prospect
    external: salesforce.Lead
    connection: salesforce
    inbound: {create: true}
    match: [email]
    fields:
      - {internal: email, external: Email}
      - internal: region
        external: Account.Region__c
        direction: in
        lookup: {match: {Name: Company}, where: {field: Active__c, operator: is, value: true}}
      - {internal: owner_name, external: User.Name, direction: in, lookup: {match: {Id: OwnerId}}}
      - {internal: user.username, external: Maker__c, direction: out, lookup: {match: {id: creator_id}}}
      - {internal: owner_id, external: OwnerId, reference: {type: user, by: email, look_for: User.Email}}
"""
ACCOUNT, USER, OURS = (Side.EXTERNAL, "Account"), (Side.EXTERNAL, "User"), (Side.INTERNAL, "user")


def of(name: str, *names: str, unasked: str = "") -> TypeDescription:
    fields = {each: Field(name=each, kind="text", filterable=each != unasked) for each in names}
    return TypeDescription(name=name, fields=fields)


WHOLE: dict[Searched, TypeDescription | None] = {
    ACCOUNT: of("Account", "Name", "Region__c", "Active__c"),
    USER: of("User", "Name", "Email"),
    OURS: of("user", "email", "username"),
}


@pytest.mark.requirement("STG-030")
def test_the_types_that_are_looked_into_are_named_once(write: Write) -> None:
    (file,) = load(write({"lead.yaml": LEAD})).files
    assert searched(file.mapping) == [ACCOUNT, USER, OURS]
    assert list(check(file, WHOLE)) == []


@pytest.mark.parametrize(
    ("asked", "shown", "line", "told"),
    [
        (ACCOUNT, None, 12, "the external side has no type 'Account' to look into"),
        (OURS, None, 14, "the internal side has no type 'user' to look into"),
        (ACCOUNT, of("Account", "Name", "Active__c"), 12, "Account has no field 'Region__c' to look into"),
        (ACCOUNT, of("Account", "Region__c", "Active__c"), 12, "Account has no field 'Name' to look into"),
        (ACCOUNT, of("Account", "Name", "Region__c"), 12, "Account has no field 'Active__c' to look into"),
        (
            ACCOUNT,
            of("Account", "Name", "Region__c", "Active__c", unasked="Name"),
            12,
            "ask for Account records by Name",
        ),
        (USER, of("User", "Name"), 15, "User has no field 'Email' to look into"),
    ],
)
def test_what_cannot_be_found_is_told_with_its_place(
    write: Write, asked: Searched, shown: TypeDescription | None, line: int, told: str
) -> None:
    (file,) = load(write({"lead.yaml": LEAD})).files
    (problem,) = check(file, {**WHOLE, asked: shown})
    assert told in problem.what
    assert problem.where.endswith(f"lead.yaml:{line}")
    assert problem.fix
