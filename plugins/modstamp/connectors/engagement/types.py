"""The tables of the reference schema by the names that mappings give them."""

from __future__ import annotations

from types import MappingProxyType

from sqlalchemy import Table

from modstamp.connectors.engagement import activities, tables
from modstamp.connectors.engagement.definitions import metadata

__all__ = ["TYPES", "metadata"]

TYPES: MappingProxyType[str, Table] = MappingProxyType(
    {
        "account": tables.accounts,
        "call": activities.calls,
        "mail": activities.mails,
        "mail_day": activities.mail_days,
        "mail_event": activities.mail_events,
        "meeting": activities.meetings,
        "meeting_attendee": activities.meeting_attendees,
        "meeting_type": activities.meeting_types,
        "opportunity": tables.opportunities,
        "opportunity_prospect_role": tables.opportunity_prospect_roles,
        "opportunity_stage": tables.opportunity_stages,
        "prospect": tables.prospects,
        "role": tables.roles,
        "sequence": tables.sequences,
        "sequence_state": tables.sequence_states,
        "sequence_step": tables.sequence_steps,
        "stage": tables.stages,
        "task": activities.tasks,
        "text": activities.texts,
        "user": tables.users,
    },
)
