"""The last task of a sync DAG: it loads, and asks in Airflow when the run is held (G28).

On a normal day it is a task like the others. A held run waits as Airflow's approval tasks do: no worker is taken, the
question stands under "Required actions", and no other run of the DAG begins. An answer given with ``modstamp approve``
counts as much; the task looks for one now and then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowSkipException

from modstamp.orchestration import steps
from modstamp.orchestration.steps import Document

APPROVE: Final = "Approve"
REJECT: Final = "Reject"
_LISTENS_EVERY: Final = timedelta(minutes=10)


class Load(HITLOperator):
    """`document`: the handoff of the validated parts. Its result is the run's summary."""

    template_fields = ("document", *HITLOperator.template_fields)

    def __init__(self, *, document: Any, **arguments: Any) -> None:
        super().__init__(
            subject="May this run write so much?",
            options=[APPROVE, REJECT],
            response_timeout=_LISTENS_EVERY,
            **arguments,
        )
        self.document = document

    def execute(self, context: Any) -> Document:
        """A repeated try of a run that was approved begins anew: what it had staged is gone."""
        again = context["ti"].try_number > 1 and steps.is_approved(self.document)
        return self._or_ask(context, steps.load_anew(self.document) if again else steps.load(self.document))

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Document:
        """Somebody answered, or it is time to look for an answer given elsewhere."""
        if event.get("error_type") != "timeout":
            answer = super().execute_complete(context, event)
            who = answer["responded_by_user"] or {"name": "Airflow"}
            steps.answer(self.document, approve=answer["chosen_options"] == [APPROVE], who=str(who["name"]))
        found = steps.decision(self.document)
        if found == "approved":
            return self._or_ask(context, steps.load_anew(self.document))
        if found == "waiting":
            self._ask(context)
        raise AirflowSkipException(f"nothing was written: {found}")

    def _or_ask(self, context: Any, summary: Document) -> Document:
        if summary["asks"]:
            self.subject = f"{summary['mapping']}, {summary['direction']}: may this run write so much?"
            self.body = f"{summary['message']}\n\nAn approved run reads both sides anew and writes what is due then."
            self._ask(context)
        if summary["held"]:
            raise AirflowSkipException(summary["message"])
        return summary

    def _ask(self, context: Any) -> None:
        """Leaves by an exception that parks the task."""
        super().execute(context)
