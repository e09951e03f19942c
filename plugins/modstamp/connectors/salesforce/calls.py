"""The one place where requests to Salesforce are sent.

Each is metered, checked against the budget before it leaves, bounded in time, and repeated when that is safe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
from simple_salesforce.api import Salesforce
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from modstamp.connectors.salesforce import errors, login
from modstamp.connectors.salesforce.clock import ServerClock
from modstamp.connectors.salesforce.errors import NoAnswerError, NotDoneError
from modstamp.connectors.salesforce.limits import Limits
from modstamp.connectors.salesforce.network import network_error
from modstamp.connectors.salesforce.options import Options
from modstamp.errors import FatalError
from modstamp.model import Call
from modstamp.settings import Settings

_CONNECT_SECONDS = 10.0
_LONGEST_WAIT = 30.0
_FRESH_SECONDS = 10.0  # how long a write that was refused with its session may still be sent
_OK = range(200, 300)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `path` is relative to the versioned root, or absolute as ``nextRecordsUrl`` is.

    `kind` and `type_name` are for the meter. A request that `writes` is never repeated: between its first try and the
    next one the values that it was planned from may have changed (G18).
    """

    kind: str
    method: str
    path: str
    type_name: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    data: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `sent_at` and `answered_at` are times of the server's clock, neither later than the truth."""

    response: requests.Response
    sent_at: datetime
    answered_at: datetime

    @property
    def body(self) -> Any:
        try:
            return self.response.json()
        except requests.JSONDecodeError as error:
            raise NoAnswerError("the answer of Salesforce is cut off, or a proxy's") from error


class Calls:
    """A session with one org. Logs in at the first request, and once more when the session has ended."""

    def __init__(
        self, options: Options, settings: Settings, limits: Limits, record_call: Callable[[Call], None]
    ) -> None:
        self.limits = limits
        self._options = options
        self._record = record_call
        self._clock = ServerClock()
        self._session = requests.Session()
        self._client: Salesforce | None = None
        self._user = ""
        self._timeout = settings.call_timeout.total_seconds()
        self._attempts = settings.retries + 1
        self._wait = settings.retry_wait.total_seconds()

    def now(self) -> datetime:
        if not self._clock.is_set:
            self._log_in(repeatable=True)
        return self._clock.now()

    def user(self) -> str:
        """The id of the user whose session this is."""
        if self._client is None:
            self._log_in(repeatable=True)
        return self._user

    def send(self, request: Request) -> Answer:
        """Send a request and return its answer, or raise one of the errors of `connectors.salesforce.errors`."""
        return self._repeat(lambda: self._authorised(request), repeatable=not request.writes)

    def close(self) -> None:
        self._session.close()

    def url(self, path: str) -> str:
        """The path of a resource as subrequests of a composite name it."""
        return f"/services/data/v{self._options.extra.api_version}/{path}"

    def _repeat(self, send: Callable[[], _T], *, repeatable: bool) -> _T:
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts if repeatable else 1),
            wait=wait_exponential_jitter(multiplier=self._wait, max=_LONGEST_WAIT, jitter=self._wait),
            retry=retry_if_exception(lambda error: isinstance(error, NotDoneError | NoAnswerError)),
            reraise=True,
        )
        return retrying(send)

    def _authorised(self, request: Request) -> Answer:
        """A session that ended refuses the request whole, so even a write may be sent again after a new login."""
        began = time.monotonic()
        try:
            return self._once(request)
        except errors.SessionEndedError:
            self._log_in(repeatable=not request.writes)
        if request.writes and time.monotonic() - began > _FRESH_SECONDS:
            raise NotDoneError(f"{self._where(request)}: the session ended, and the new login took too long")
        try:
            return self._once(request)
        except errors.SessionEndedError as error:
            raise FatalError(f"Salesforce refuses the session that it has just given: {error}") from error

    def _once(self, request: Request) -> Answer:
        client = self._client or self._log_in(repeatable=not request.writes)
        self.limits.check()
        sent_at = self._clock.now()
        response = self._metered(
            request,
            urljoin(client.base_url, request.path),
            headers={**client.headers, "X-PrettyPrint": "0", **request.headers},
        )
        answered_at = self._clock.hear(response.headers.get("Date"))
        if response.status_code in _OK:
            return Answer(response=response, sent_at=sent_at, answered_at=answered_at)
        error = errors.of_request(self._where(request), response.status_code, _json(response))
        raise self.limits.exhausted(str(error)) if isinstance(error, errors.DailyLimitError) else error

    def _log_in(self, *, repeatable: bool) -> Salesforce:
        token = self._repeat(self._token, repeatable=repeatable)
        self._user = token.user
        self._client = Salesforce(
            session_id=token.access,
            instance_url=token.instance_url,
            session=self._session,
            version=self._options.extra.api_version,
        )
        return self._client

    def _token(self) -> login.Token:
        fields, auth = login.form(self._options)
        request = Request(kind="login", method="POST", path=login.PATH)
        response = self._metered(request, self._options.login_url + login.PATH, data=fields, auth=auth)
        self._clock.hear(response.headers.get("Date"))
        body = _json(response)
        if response.status_code in _OK:
            return login.token(body)
        if response.status_code >= requests.codes.server_error:
            raise NotDoneError(f"{self._where(request)}: HTTP {response.status_code}")
        raise login.refused(self._options, body)

    def _metered(self, request: Request, url: str, **arguments: Any) -> requests.Response:
        """Send over the network. Every try is metered; logins, and tries that never got there, count nothing."""
        began, at = time.monotonic(), datetime.now(UTC)
        bundle = self._options.extra.ca_bundle
        try:
            response = self._session.request(
                request.method,
                url,
                params=request.params,
                json=request.json,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                # Given with each request, since the environment's bundle would win over the session's.
                verify=str(bundle) if bundle else True,
                allow_redirects=False,
                **{"data": request.data, **arguments},
            )
        except requests.RequestException as failure:
            error = network_error(self._where(request), failure)
            self._meter(request, at, time.monotonic() - began, arrived=isinstance(error, NoAnswerError))
            # The library's text quotes the address, and with it the values that were searched for.
            raise error from None
        self._meter(request, at, time.monotonic() - began, response)
        return response

    def _meter(
        self,
        request: Request,
        at: datetime,
        seconds: float,
        response: requests.Response | None = None,
        *,
        arrived: bool = True,
    ) -> None:
        report = self.limits.hear(response.headers.get("Sforce-Limit-Info")) if response is not None else None
        detail = {"type": request.type_name} if request.type_name else {}
        self._record(
            Call(
                connection=self._options.connection,
                kind=request.kind,
                at=at,
                seconds=seconds,
                counted=int(arrived and request.kind != "login"),
                status=response.status_code if response is not None else None,
                detail={**detail, **({"used": report.used, "maximum": report.maximum} if report else {})},
            )
        )

    def _where(self, request: Request) -> str:
        return f"connection '{self._options.connection}', {request.kind} {request.type_name}".rstrip()


def _json(response: requests.Response) -> Any:
    """The body, or its beginning as text when a proxy answered in Salesforce's place."""
    try:
        return response.json()
    except requests.JSONDecodeError:
        return response.text[:200]
