"""The ASGI application: reads a request, has it answered in a worker thread, sends the answer or cuts the line."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from sandbox.salesforce.org import Org
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.routing import handle

Cut = Callable[[Scope], None]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
WORTH_PACKING: Final = 1_024
# Loopback is fast; the lightest packing is enough to prove that a client can unpack.
PACKING: Final = 1


def application(org: Org, cut: Cut) -> Application:
    """Return the application; `cut` ends the connection of a request without a word."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = await _call(scope, receive)
        answer = await run_in_threadpool(handle, org, call)
        if answer.cut:
            cut(scope)
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await _send(org, call, answer, send)

    return serve


async def _call(scope: Scope, receive: Receive) -> Call:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if headers.get("content-encoding") == "gzip":
        body = bytearray(gzip.decompress(body))
    raw = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    headers[":uri"] = (raw + b"?" + query).decode("latin-1") if query else raw.decode("latin-1")
    return Call(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=bytes(body),
        origin=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
    )


async def _send(org: Org, call: Call, answer: Answer, send: Send) -> None:
    body = answer.encoded()
    headers = {"Date": format_datetime(org.clock.now(), usegmt=True), **answer.headers}
    if body:
        headers["Content-Type"] = answer.content_type
    if len(body) > WORTH_PACKING and "gzip" in call.headers.get("accept-encoding", ""):
        body = await run_in_threadpool(gzip.compress, body, PACKING)
        headers["Content-Encoding"] = "gzip"
    if answer.status not in {204, 304}:
        headers["Content-Length"] = str(len(body))
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
