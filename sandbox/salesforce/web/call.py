"""A request and an answer, free of any web framework, so that composite requests can be made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sandbox.salesforce.problems import Refusal, malformed_json, unsupported

JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. Header names are in lower case; `path` is decoded, `query` holds the last value of each name.

    `origin` is the scheme and host that the client called; `user_id` is set once the session is known.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""
    user_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Refusal: JSON_PARSER_ERROR, or 501 for XML.
        """
        if "xml" in self.headers.get("content-type", ""):
            raise unsupported("XML bodies")
        try:
            return json.loads(self.body)
        except ValueError as fault:
            raise malformed_json(f"Unexpected character or end of input: {fault}") from fault

    @property
    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        if not isinstance(self.json, dict):
            raise malformed_json("The HTTP entity body is required to be a JSON object, but this request has none")
        return self.json

    @property
    def version(self) -> str:
        return self.parameters["version"]

    @property
    def data_path(self) -> str:
        """The path of this API version, without a slash at its end."""
        return f"/services/data/v{self.version}"

    def with_(self, **changes: Any) -> Call:
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. `body` is bytes as they are, None for nothing, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    cut: bool = False

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def refused(refusal: Refusal) -> Answer:
    return Answer(status=refusal.status, body=refusal.body())
