"""Answers of real orgs, as the cumulusci wheel carries them in its test data (VCR cassettes with two extensions).

`include_file` names a shared cassette, `include_template` a text with `{name:default}` gaps. Host names, versions and
some ids are masked there, and most headers are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

HOST: Final = "orgname.my.salesforce.com"
TEMPLATES: Final = "cumulusci/tests/shared_cassettes/vcr_string_templates"
# What stands for a masked version.
VERSION: Final = "59.0"
MASKED_VERSION: Final = "xx.0"
GAP: Final = re.compile(r"\{(\w+)(?::([^}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One request and its answer. `answer` is parsed JSON or, for other content, the text."""

    source: str
    method: str
    path: str
    query: Mapping[str, str]
    body: str | None
    status: int
    content_type: str | None
    answer: Any

    @property
    def title(self) -> str:
        asked = self.query.get("q") or self.query.get("sObjects") or (self.body or "")[:60]
        return f"{self.method} {self.path} {asked}".strip()

    @property
    def soql(self) -> str:
        return self.query.get("q", "")

    @property
    def describes(self) -> bool:
        """Whether the answer describes object types, which are much the same on every org."""
        return self.path.endswith("/describe") or self.path == f"/services/data/v{VERSION}/sobjects"


def load(folder: Path) -> list[Recording]:
    """Every different exchange with Salesforce in the unpacked wheel, in the order of the files."""
    found: dict[tuple[Any, ...], Recording] = {}
    for path in sorted(folder.glob("cumulusci/**/*cassettes/*.yaml")):
        for interaction in _interactions(path):
            if HOST in interaction["request"]["uri"]:
                recording = _recording(folder, path, interaction)
                key = (recording.title, recording.body, recording.status, json.dumps(recording.answer))
                found.setdefault(key, recording)
    return list(found.values())


def _interactions(path: Path) -> Iterator[dict[str, Any]]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for each in content.get("interactions") or [content]:
        # A file that is included is found by itself.
        if "request" in each:
            yield each


def _recording(folder: Path, path: Path, interaction: Mapping[str, Any]) -> Recording:
    request, response = interaction["request"], interaction["response"]
    uri = urlsplit(request["uri"].replace(MASKED_VERSION, VERSION))
    content_type = _content_type(response["headers"])
    body = request["body"]
    return Recording(
        source=path.stem,
        method=request["method"],
        # simple-salesforce writes one of its paths with two slashes.
        path=unquote(uri.path).replace("//", "/").replace("/async/v", "/async/"),
        query=dict(parse_qsl(uri.query)),
        body=None if body is None else _unmasked(body),
        status=response["status"]["code"],
        content_type=content_type,
        answer=_parsed(_unmasked(_text(folder, response["body"]))),
    )


def _text(folder: Path, body: Any) -> str:
    content = body.get("string", body) if isinstance(body, dict) else body
    if not isinstance(content, dict):
        return str(content)
    template = (folder / TEMPLATES / content["include_template"]).read_text(encoding="utf-8")
    values = content.get("vars") or {}
    return GAP.sub(lambda gap: str(values.get(gap[1], gap[2] or "")), template)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unmasked(text: str) -> str:
    return text.replace(f"v{MASKED_VERSION}", f"v{VERSION}").replace(f">v{VERSION}<", f">{VERSION}<")


def _content_type(headers: Mapping[str, Any]) -> str | None:
    """None where it is left out; some cassettes keep the headers one level deeper."""
    inner = headers.get("Response-Headers")
    values = (inner if isinstance(inner, dict) else headers).get("Content-Type")
    return str(values[0]) if values else None
