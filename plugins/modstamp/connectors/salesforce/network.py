"""What follows from errors of the network itself."""

from __future__ import annotations

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from modstamp.connectors.salesforce.errors import NoAnswerError, NotDoneError
from modstamp.errors import ConfigurationError, ModstampError, Problem


def network_error(where: str, error: requests.RequestException) -> ModstampError:
    """Whether the request can have arrived decides whether it may be sent again."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        fix = "give the certificate of the authority that signed the host's in the extra `ca_bundle`"
        return ConfigurationError([Problem(where, "the host's certificate is not trusted", fix)])
    if isinstance(error, requests.exceptions.InvalidURL):
        return ConfigurationError([Problem(where, "the host is no valid name", "correct the connection's host")])
    reason = error.args[0].reason if error.args and isinstance(error.args[0], MaxRetryError) else None
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        host = error.request.url.split("/")[2] if error.request is not None and error.request.url else "the host"
        fix = "check the connection's host, the network and the firewall"
        return NotDoneError(f"{where}: {host} cannot be reached. Fix: {fix}")
    fix = "check the network, or give Salesforce longer by MODSTAMP_CALL_TIMEOUT"
    return NoAnswerError(f"{where}: no answer arrived ({type(error).__name__}). Fix: {fix}")
