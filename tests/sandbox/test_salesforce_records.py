"""Saving: what is refused and why, what is kept and how."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.rules import DuplicateRule, Rules, ValidationRule
from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead


def test_a_new_record_gets_id_stamps_and_defaults(api: Api, salesforce: Salesforce) -> None:
    answer = api.post("/sobjects/Lead/", lead(FirstName="  Emmy ", Email="Emmy@Example.org", City=""))
    assert (answer.status_code, answer.json()["success"], answer.json()["errors"]) == (201, True, [])
    record = api.get(answer.headers["Location"]).json()
    assert record["Id"] == answer.json()["id"]
    assert (record["Name"], record["Email"], record["City"]) == ("Emmy Noether", "emmy@example.org", None)
    assert (record["Status"], record["IsConverted"]) == ("Open - Not Contacted", False)
    assert record["OwnerId"] == record["CreatedById"] == record["LastModifiedById"] == salesforce.org.user_id
    assert record["CreatedDate"] == record["SystemModstamp"]
    assert record["SystemModstamp"].endswith(".000+0000")


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({"LastName": None}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ({"Company": " "}, "REQUIRED_FIELD_MISSING", ["Company"]),
        ({"FirstName": "x" * 41}, "STRING_TOO_LONG", ["FirstName"]),
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({"CleanStatus": "Shiny"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CleanStatus"]),
        ({"NumberOfEmployees": 10**8}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
        ({"OwnerId": "xyz"}, "MALFORMED_ID", ["OwnerId"]),
        ({"OwnerId": "0015g0000000001"}, "FIELD_INTEGRITY_EXCEPTION", ["OwnerId"]),
        ({"OwnerId": "0055g0000009999"}, "INVALID_CROSS_REFERENCE_KEY", ["OwnerId"]),
        ({"CreatedDate": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        ({"IsUnreadByOwner": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["IsUnreadByOwner"]),
    ],
)
def test_refuses_one_record_with_its_reason(api: Api, values: dict[str, Any], code: str, fields: list[str]) -> None:
    answer = api.post("/sobjects/Lead", lead(**values))
    assert answer.status_code == 400
    assert [(each["errorCode"], each["fields"]) for each in answer.json()] == [(code, fields)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Nope": 1}, "INVALID_FIELD"),
        ({"AnnualRevenue": "much"}, "JSON_PARSER_ERROR"),
        ({"IsUnreadByOwner": "yes"}, "JSON_PARSER_ERROR"),
        ({"City": 5}, "JSON_PARSER_ERROR"),
        ({"EmailBouncedDate": "yesterday"}, "JSON_PARSER_ERROR"),
    ],
)
def test_refuses_a_request_that_cannot_be_read(api: Api, values: dict[str, Any], code: str) -> None:
    records = [{"attributes": {"type": "Lead"}, **lead()}, {"attributes": {"type": "Lead"}, **lead(**values)}]
    for answer in (api.post("/sobjects/Lead", lead(**values)), api.post("/composite/sobjects", {"records": records})):
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_numbers_and_booleans_may_come_as_texts(api: Api) -> None:
    made = api.post("/sobjects/Lead", lead(NumberOfEmployees="10000", AnnualRevenue="1.5e3", IsUnreadByOwner="true"))
    record = api.get(made.headers["Location"]).json()
    assert (record["NumberOfEmployees"], record["AnnualRevenue"], record["IsUnreadByOwner"]) == (10000, 1500.0, True)


def test_a_picklist_that_is_not_restricted_takes_any_value(api: Api) -> None:
    assert api.post("/sobjects/Lead", lead(Industry="Alchemy", Status="Odd")).status_code == 201


def test_owners_may_be_users_and_queues_but_not_inactive_users(api: Api, salesforce: Salesforce) -> None:
    store, by = salesforce.store, salesforce.org.user_id
    queue, group = store.insert_many("Group", [{"Name": "Q", "Type": "Queue"}, {"Name": "G", "Type": "Regular"}], by=by)
    (gone,) = store.insert_many("User", [{"LastName": "Gone", "Username": "gone@x", "IsActive": False}], by=by)
    created = api.post("/sobjects/Lead", lead(OwnerId=queue))
    record = api.query("SELECT Owner.Name, Owner.Type FROM Lead")["records"][0]
    assert (created.status_code, record["Owner"]["Name"], record["Owner"]["Type"]) == (201, "Q", "Group")
    assert api.post("/sobjects/Lead", lead(OwnerId=group)).json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert api.post("/sobjects/Lead", lead(OwnerId=gone)).json()[0]["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_an_update_stamps_whoever_made_it(api: Api, salesforce: Salesforce) -> None:
    record_id = api.post("/sobjects/Lead", lead()).json()["id"]
    salesforce.org.clock.skew = 60
    salesforce.edit("Lead", record_id, FirstName="Emmy")
    record = api.get(f"/sobjects/Lead/{record_id}").json()
    assert record["Name"] == "Emmy Noether"
    assert record["LastModifiedById"] == salesforce.org.people_id != record["CreatedById"]
    assert record["SystemModstamp"] > record["CreatedDate"]
    assert api.patch(f"/sobjects/Lead/{record_id}", {"FirstName": None}).status_code == 204
    assert api.get(f"/sobjects/Lead/{record_id}", params={"fields": "Name"}).json()["Name"] == "Noether"


def test_what_is_gone_is_told_apart(api: Api, salesforce: Salesforce) -> None:
    deleted, purged = (salesforce.edit("Lead", None, **lead()) for _ in range(2))
    salesforce.store.delete("Lead", [deleted, purged], by=salesforce.org.people_id)
    assert salesforce.store.purge("Lead", [purged]) == 1
    found = [api.patch(f"/sobjects/Lead/{each}", {"City": "x"}) for each in (deleted, purged)]
    assert [(each.status_code, each.json()[0]["errorCode"]) for each in found] == [
        (404, "ENTITY_IS_DELETED"),
        (404, "INVALID_CROSS_REFERENCE_KEY"),
    ]
    assert api.get(f"/sobjects/Lead/{deleted}").json()[0]["errorCode"] == "NOT_FOUND"


def test_upsert_by_external_id(api: Api) -> None:
    path = "/sobjects/Lead/Modstamp_Key__c/a%2Fb%20c"
    first, second = (api.patch(path, lead(FirstName=name)) for name in ("One", "Two"))
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert second.json()["id"] == first.json()["id"]
    assert api.get(path).json()["Modstamp_Key__c"] == "a/b c"
    assert api.patch("/sobjects/Lead/City/x", lead()).json()[0]["errorCode"] == "NOT_FOUND"


def test_unique_values_are_unique_among_the_living(api: Api) -> None:
    first = api.post("/sobjects/Lead", lead(Modstamp_Key__c="k")).json()["id"]
    again = api.post("/sobjects/Lead", lead(Modstamp_Key__c="K"))
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert first[:15] in again.json()[0]["message"]
    api.call("DELETE", f"/sobjects/Lead/{first}")
    assert api.post("/sobjects/Lead", lead(Modstamp_Key__c="k")).status_code == 201


def test_several_records_with_one_key_are_listed(api: Api, salesforce: Salesforce) -> None:
    rows = [lead(Email="same@x.org"), lead(Email="same@x.org")]
    found = salesforce.store.insert_many("Lead", rows, by=salesforce.org.user_id)
    answer = api.patch("/sobjects/Lead/Email/same@x.org", {"City": "x"})
    assert answer.status_code == 300
    assert [url.rpartition("/")[2] for url in answer.json()] == found


def test_the_admins_rules_refuse(api: Api, salesforce: Salesforce) -> None:
    rule = ValidationRule(object="Lead", field="Phone", matches=r".*555.*", message="No film numbers")
    salesforce.org.rules = Rules(validation=(rule,), duplicate=(DuplicateRule(object="Lead", fields=("Email",)),))
    (error,) = api.post("/sobjects/Lead", lead(Phone="1 555 1")).json()
    assert (error["errorCode"], error["message"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No film numbers")
    first = api.post("/sobjects/Lead", lead(Email="one@x.org")).json()["id"]
    (error,) = api.post("/sobjects/Lead", lead(Email="one@x.org")).json()
    assert error["errorCode"] == "DUPLICATES_DETECTED"
    assert error["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
    allowed = api.post(
        "/sobjects/Lead", lead(Email="one@x.org"), headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    )
    assert allowed.status_code == 201


def test_a_parent_may_be_named_by_its_external_id(api: Api) -> None:
    api.post("/sobjects/Account", {"Name": "Acme", "Modstamp_Key__c": "acme"})
    contact = {"LastName": "Curie", "Account": {"Modstamp_Key__c": "acme"}}
    assert api.post("/sobjects/Contact", contact).status_code == 201
    assert api.query("SELECT Account.Name FROM Contact")["records"][0]["Account"]["Name"] == "Acme"
    contact["Account"] = {"Modstamp_Key__c": "none"}
    assert api.post("/sobjects/Contact", contact).json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_new_org_has_what_every_org_has(api: Api) -> None:
    statuses = api.query("SELECT ApiName, IsDefault FROM LeadStatus ORDER BY SortOrder")["records"]
    assert next(each["ApiName"] for each in statuses if each["IsDefault"]) == "Open - Not Contacted"
    assert api.query("SELECT Name FROM Organization")["totalSize"] == 1
    assert api.query("SELECT Id FROM User WHERE IsActive = true")["totalSize"] == 2
