"""Describe, in the points that recorded answers of real orgs have settled."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Api


def described(api: Api, object_name: str) -> dict[str, Any]:
    return dict(api.get(f"/sobjects/{object_name}/describe").json())


def test_a_picklist_value_may_be_labelled_otherwise(api: Api) -> None:
    (field,) = (each for each in described(api, "Lead")["fields"] if each["name"] == "CleanStatus")
    labels = {entry["value"]: entry["label"] for entry in field["picklistValues"]}
    assert (labels["Matched"], labels["Skipped"]) == ("In Sync", "Skipped")


def test_a_type_without_record_types_has_the_master_one(api: Api) -> None:
    (only,) = described(api, "Contact")["recordTypeInfos"]
    assert (only["name"], only["master"], only["recordTypeId"]) == ("Master", True, "012000000000000AAA")


def test_the_loser_of_a_merge_is_no_child(api: Api) -> None:
    children = [(each["childSObject"], each["field"]) for each in described(api, "Account")["childRelationships"]]
    assert ("Account", "ParentId") in children
    assert ("Account", "MasterRecordId") not in children


def test_users_have_pages_though_they_cannot_be_deleted(api: Api) -> None:
    user = described(api, "User")
    assert (user["layoutable"], user["triggerable"], user["undeletable"]) == (True, True, False)


def test_the_organisation_can_be_read_as_a_record(api: Api) -> None:
    record_id = api.query("SELECT Id FROM Organization")["records"][0]["Id"]
    record = api.get(f"/sobjects/Organization/{record_id}").json()
    assert (record["Address"]["country"], record["DefaultContactAccess"]) == ("US", "ControlledByParent")
