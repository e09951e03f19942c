"""What there is: API versions and the resources of one."""

from __future__ import annotations

from typing import Final

from sandbox.salesforce.org import Org
from sandbox.salesforce.web.call import Answer, Call

# Label of the newest version and how many older ones are listed; a call may name any version.
NEWEST: Final = 67
OLDEST: Final = 31
SEASONS: Final = ("Winter", "Spring", "Summer")
RESOURCES: Final = ("sobjects", "query", "queryAll", "composite", "limits", "jobs")


def versions(_org: Org, _call: Call) -> Answer:
    return Answer(
        body=[
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST, NEWEST + 1)
        ]
    )


def resources(org: Org, call: Call) -> Answer:
    links = {name: f"{call.data_path}/{name}" for name in RESOURCES}
    return Answer(body=links | {"identity": f"{call.origin}/id/{org.org_id}/{call.user_id}"})


def knows(call: Call) -> bool:
    """Whether the API version in a path is one that is listed; paths without a version pass."""
    if not call.path.startswith("/services/data/v"):
        return True
    number, _, rest = call.parameters.get("version", "").partition(".")
    return number.isdigit() and rest == "0" and OLDEST <= int(number) <= NEWEST


def _label(number: int) -> str:
    """Version 31 was Summer '14; three follow each other in a year, Winter carrying the next year's number."""
    season = (number - OLDEST + 2) % len(SEASONS)
    year = 14 + (number - OLDEST + 2) // len(SEASONS)
    return f"{SEASONS[season]} '{year}"
