"""What the org's administrator makes: fields and object types of the org's own."""

from __future__ import annotations

import pytest

from sandbox.salesforce.org import Options, open_org
from sandbox.salesforce.schema import load_schema, with_metadata
from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api

PROJECT = {
    "label": "Project",
    "prefix": "a01",
    "fields": {
        "Budget__c": {"type": "currency", "label": "Budget", "precision": 18, "scale": 2},
        "Account__c": {
            "type": "reference",
            "label": "Account",
            "references": ["Account"],
            "relationship": "Account__r",
            "children": "Projects__r",
        },
    },
}


def test_a_custom_type_is_served_like_any_other(api: Api, salesforce: Salesforce) -> None:
    assert api.post("/__sandbox__/metadata", {"Project__c": PROJECT}).status_code == 201
    account = salesforce.edit("Account", Name="Acme")
    made = api.post("/sobjects/Project__c", {"Name": "Bridge", "Budget__c": 5, "Account__c": account}).json()["id"]
    assert made.startswith("a01")
    page = api.query("SELECT Name, Account__r.Name, Owner.Name FROM Project__c WHERE Budget__c > 4")
    assert page["records"][0]["Account__r"]["Name"] == "Acme"
    children = api.query("SELECT Id, (SELECT Name FROM Projects__r) FROM Account")["records"][0]["Projects__r"]
    assert children["records"][0]["Name"] == "Bridge"
    described = api.get("/sobjects/Project__c/describe").json()
    assert (described["custom"], described["label"], described["labelPlural"]) == (True, "Project", "Projects")


def test_fields_are_added_for_good(api: Api, salesforce: Salesforce) -> None:
    field = {"type": "string", "label": "Score", "length": 10}
    api.post("/__sandbox__/metadata", {"Project__c": PROJECT, "Lead": {"Score__c": field}})
    answer = api.post("/__sandbox__/metadata", {"Project__c": {"Code__c": field}})
    assert list(answer.json()["Project__c"]["fields"]) == ["Budget__c", "Account__c", "Code__c"]
    api.query("SELECT Score__c, Modstamp_Key__c FROM Lead")
    api.query("SELECT Code__c FROM Project__c")
    again = open_org(salesforce.org.state, Options())
    try:
        assert "Code__c" in again.schema["Project__c"].fields
        assert "Score__c" in again.schema["Lead"].fields
    finally:
        again.close()


@pytest.mark.parametrize(
    "metadata",
    [
        {"Project__c": {"fields": {}}},
        {"Project": {"prefix": "a01", "fields": {}}},
        {"Projects__c": {"Code__c": {"type": "string", "label": "Code"}}},
        {"Lead": {"Score": {"type": "string", "label": "Score"}}},
    ],
)
def test_metadata_that_salesforce_would_not_take_is_refused(metadata: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"__c|not served"):
        with_metadata(load_schema(), metadata)
