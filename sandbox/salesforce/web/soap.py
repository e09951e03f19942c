"""Partner login by SOAP, for the API versions that still have it."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from sandbox.salesforce.org import Org
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.login import Denied, check_password, instance

SOAP_ENDS: Final = 65.0


def login(org: Org, call: Call) -> Answer:
    """Partner login, which ended with version 65.0."""
    try:
        user_id = _soap_user(org, call)
    except Denied as denied:
        return Answer(status=500, body=_fault(denied).encode(), content_type="text/xml;charset=UTF-8")
    version = call.parameters["version"]
    user = org.store.get("User", user_id) or {}
    body = (
        "<loginResponse><result><passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>{escape(instance(org, call))}/services/Soap/u/{version}/{org.org_id}</serverUrl>"
        f"<sessionId>{escape(org.sessions.begin(org.org_id, user_id))}</sessionId><userId>{user_id}</userId>"
        f"<userInfo><organizationId>{org.org_id}</organizationId><userId>{user_id}</userId>"
        f"<userName>{escape(str(user['Username']))}</userName></userInfo></result></loginResponse>"
    )
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Answer(body=envelope.encode(), content_type="text/xml;charset=UTF-8")


def _soap_user(org: Org, call: Call) -> str:
    version = call.parameters["version"]
    if not org.options.passwords or float(version) >= SOAP_ENDS:
        raise Denied("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    root = ET.fromstring(call.body)  # noqa: S314 - loopback test equipment
    found = {each.tag.rpartition("}")[2]: each.text or "" for each in root.iter()}
    try:
        check_password(org, found.get("username", ""), found.get("password", ""))
    except Denied as denied:
        message = "Invalid username, password, security token; or user locked out."
        raise Denied("INVALID_LOGIN", message) from denied
    return org.user_id


def _fault(denied: Denied) -> str:
    code, message = escape(denied.error), escape(denied.description)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com">'
        f"<soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
        f"<detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>"
    )
