"""dlt: Leads by REST into PostgreSQL, merged on Id. Run in dlt's own environment, with one JSON order as argument."""

from __future__ import annotations

import json
import sys
from typing import Any

import dlt
import requests
from dlt.sources.rest_api import rest_api_source


def main(order: dict[str, Any]) -> None:
    answer = requests.post(
        f"{order['host']}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": order["login"],
            "client_secret": order["password"],
        },
        timeout=60,
    )
    answer.raise_for_status()
    session = answer.json()
    names = ", ".join(order["fields"])
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{session['instance_url']}/services/data/v62.0/",
                "auth": {"type": "bearer", "token": session["access_token"]},
                "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
            },
            "resources": [
                {
                    "name": "lead",
                    "primary_key": "Id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "queryAll",
                        "params": {
                            "q": f"SELECT {names} FROM Lead WHERE SystemModstamp >= {{incremental.start_value}} "  # noqa: S608  # SOQL
                            "ORDER BY SystemModstamp, Id"
                        },
                        "data_selector": "records",
                        "incremental": {
                            "cursor_path": "SystemModstamp",
                            "initial_value": "2000-01-01T00:00:00.000+0000",
                            "convert": lambda stamp: stamp[:19] + "Z",
                        },
                    },
                    "processing_steps": [{"map": _without_attributes}],
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name="leads",
        pipelines_dir=order["folder"],
        destination=dlt.destinations.postgres(order["database"]),
        dataset_name="dlt",
    )
    print(pipeline.run(source))


def _without_attributes(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "attributes"}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
