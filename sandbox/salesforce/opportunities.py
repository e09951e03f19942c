"""What Salesforce works out for opportunities: from the stage, from amount and close date, and for primary contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from sandbox.salesforce.clock import stamp
from sandbox.salesforce.saving import Saving, Values
from sandbox.salesforce.tables import quoted

# Name → probability in percent, category of the forecast.
STAGES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "Prospecting": (10, "Pipeline"),
        "Qualification": (10, "Pipeline"),
        "Needs Analysis": (20, "Pipeline"),
        "Value Proposition": (50, "Pipeline"),
        "Id. Decision Makers": (60, "Pipeline"),
        "Perception Analysis": (70, "Pipeline"),
        "Proposal/Price Quote": (75, "BestCase"),
        "Negotiation/Review": (90, "Forecast"),
        "Closed Won": (100, "Closed"),
        "Closed Lost": (0, "Omitted"),
    }
)
CATEGORY_NAMES: Final[Mapping[str, str]] = MappingProxyType({"BestCase": "Best Case", "Forecast": "Commit"})
MONTHS_OF_A_QUARTER: Final = 3


def stage_rows() -> list[Values]:
    """The stages that a new org has."""
    return [
        {
            "MasterLabel": name,
            "ApiName": name,
            "SortOrder": place,
            "IsClosed": name.startswith("Closed"),
            "IsWon": name == "Closed Won",
            "ForecastCategory": category,
            "ForecastCategoryName": CATEGORY_NAMES.get(category, category),
            "DefaultProbability": probability,
        }
        for place, (name, (probability, category)) in enumerate(STAGES.items(), 1)
    ]


def completed(saving: Saving) -> Values:
    """The values of an opportunity with what follows from them."""
    store, values, before = saving.store, saving.values, saving.before
    known = dict(before or {}) | dict(values)
    stage = next(store.rows("OpportunityStage", "ApiName = ?", (known.get("StageName"),)), None)
    moved = before is None or before["StageName"] != known.get("StageName")
    found = dict(values) | (_of_stage(stage, values) if stage and moved else {})
    if before is not None and moved:
        found["LastStageChangeDate"] = stamp(saving.moment)
    known |= found
    return found | _of_amount(known) | _of_close_date(known)


def settle_primary(saving: Saving, record_id: str) -> None:
    """After an opportunity or a contact role is saved: an opportunity has one primary contact, by field and by role."""
    store, name, moment, by = saving.store, saving.name, saving.moment, saving.by
    record = store.get(name, record_id) or {}
    if name == "Opportunity" and record["ContactId"] and not store.count(*_roles(record_id)):
        role = {"OpportunityId": record_id, "ContactId": record["ContactId"], "IsPrimary": True}
        store.insert_many("OpportunityContactRole", [role], created=moment, by=by)
    if name == "OpportunityContactRole" and record["IsPrimary"]:
        opportunity_id = record["OpportunityId"]
        for other in list(store.rows(*_roles(opportunity_id))):
            if other["IsPrimary"] and other["Id"] != record_id:
                store.update(name, other["Id"], {"IsPrimary": False}, modified=moment, by=by)
        sql = f"UPDATE {quoted('Opportunity')} SET ContactId = ? WHERE Id = ?"  # noqa: S608 - a name of the schema
        with store.writing() as connection:
            connection.execute(sql, (record["ContactId"], opportunity_id))


def _of_stage(stage: Mapping[str, Any], given: Mapping[str, Any]) -> Values:
    worked_out = {
        "ForecastCategoryName": stage["ForecastCategoryName"],
        "Probability": stage["DefaultProbability"],
    }
    fixed = {name: stage[name] for name in ("IsClosed", "IsWon", "ForecastCategory")}
    return fixed | {name: value for name, value in worked_out.items() if given.get(name) is None}


def _of_amount(known: Mapping[str, Any]) -> Values:
    amount, probability = known.get("Amount"), known.get("Probability")
    if amount is None or probability is None:
        return {"ExpectedRevenue": None}
    return {"ExpectedRevenue": round(amount * probability / 100, 2)}


def _of_close_date(known: Mapping[str, Any]) -> Values:
    if not known.get("CloseDate"):
        return {}
    day = date.fromisoformat(str(known["CloseDate"]))
    quarter = (day.month - 1) // MONTHS_OF_A_QUARTER + 1
    return {"FiscalYear": day.year, "FiscalQuarter": quarter, "Fiscal": f"{day.year} {quarter}"}


def _roles(opportunity_id: str) -> tuple[str, str, tuple[str]]:
    return "OpportunityContactRole", "OpportunityId = ? AND IsDeleted = 0", (opportunity_id,)
