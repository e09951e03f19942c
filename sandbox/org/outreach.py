"""Sequences, mails with their opens and clicks, calls, text messages and tasks of twelve months."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import numpy as np

from sandbox.org.draws import chosen
from sandbox.org.known import Known, Row, one

PAST, FUTURE = 365, 14  # days
SEQUENCES = ("Inbound requests", "Spring fair", "Dormant customers", "New region")
STEPS = ("auto_email", "call", "manual_email", "task")
STATUSES = ("Finished",) * 6 + ("Active",) * 3 + ("Paused", "Pending", "Failed")
OVER = ("Finished", "Failed")
SUBJECTS = ("Your question", "A short introduction", "Our offer", "After our call", "Are you still interested?")
LINES = ("Thank you for your time.", "May I call you this week?", "The offer is attached.", "Please let me know.")
TALKED = ("Connected", "Left voicemail", "Meeting booked")
DISPOSITIONS = (*TALKED, "No answer", "Busy", "Wrong number")
PURPOSES = ("Prospecting", "Follow-up", "Qualification", "Renewal")
TASKS = {
    "email": "Write to {}",
    "call": "Call {}",
    "action_item": "Prepare an offer for {}",
    "linkedin": "Connect with {}",
    "text": "Send {} a message",
    "generic": "Look at the website of {}",
}
ANSWERED, OUTSIDE, OF_SEQUENCE, INBOUND, ABOUT_OPPORTUNITY = 0.3, 0.25, 0.4, 0.15, 0.3
DONE = ("done",) * 8 + ("open", "skipped")  # of what was due
MEANS = {"open": 0.6, "click": 0.12}  # per mail


def draw_states(rng: np.random.Generator, known: Known, steps: list[Row], count: int) -> list[Row]:
    """Rows of `sequence_states`, with the whole `prospect` in the place of its id. `steps`: with their ids."""
    rows = []
    for _ in range(count):
        status, step = one(rng, STATUSES), one(rng, steps)
        days = int(rng.integers(40, PAST))
        started = known.midnight - timedelta(days=days) + timedelta(hours=9)
        ended = started + timedelta(days=int(rng.integers(5, 40)))
        rows.append(
            {
                "prospect": one(rng, known.prospects),
                "sequence_id": step["sequence_id"],
                "step_id": step["id"],
                "user_id": one(rng, known.users)["id"],
                "status": status,
                "due_on": None if status in OVER else known.today,
                "started_at": started,
                "finished_at": ended if status in OVER else None,
            }
        )
    return rows


def draw_mails(rng: np.random.Generator, known: Known, steps: list[int], count: int) -> list[Row]:
    """Mails in both directions, made inside and outside; an answer has the thread of the mail before it."""
    outside, of_step, answered = (chosen(rng, count, share) for share in (OUTSIDE, OF_SEQUENCE, ANSWERED))
    rows: list[Row] = []
    while len(rows) < count:
        at = len(rows)
        user, prospect = one(rng, known.users), one(rng, known.prospects)
        sent = {
            "direction": "sent",
            "in_app": not outside[at],
            "subject": one(rng, SUBJECTS),
            "body": one(rng, LINES),
            "from_address": user["email"],
            "to_addresses": prospect["email"],
            "sent_at": _moment(rng, known, 0),
            "thread": f"{known.seed}-{at}@mail.example",
            "sequence_step_id": one(rng, steps) if of_step[at] and not outside[at] else None,
            **_about(rng, known, user, prospect),
        }
        rows.append(sent)
        if answered[at] and len(rows) < count:
            rows.append(_answer(sent, one(rng, LINES)))
    return rows


def _answer(sent: Row, body: str) -> Row:
    back = {"from_address": sent["to_addresses"], "to_addresses": sent["from_address"], "body": body}
    later = {"subject": f"Re: {sent['subject']}", "sent_at": sent["sent_at"] + timedelta(hours=3)}
    return sent | back | later | {"direction": "received", "sequence_step_id": None}


def draw_mail_events(rng: np.random.Generator, mails: list[Row], ids: list[int]) -> list[Row]:
    """Opens and clicks of what was sent from inside; `ids`: those of the mails."""
    tracked = [(at, mail["sent_at"]) for at, mail in zip(ids, mails, strict=True)
               if mail["direction"] == "sent" and mail["in_app"]]  # fmt: skip
    rows = []
    for kind, mean in MEANS.items():
        url = "https://www.harbourline.example/offer" if kind == "click" else None
        for (mail, sent), times in zip(tracked, rng.poisson(mean, len(tracked)).tolist(), strict=True):
            moments = [sent + timedelta(minutes=17 * (each + 1) ** 3) for each in range(times)]
            rows += [{"mail_id": mail, "kind": kind, "happened_at": moment, "url": url} for moment in moments]
    return rows


def draw_calls(rng: np.random.Generator, known: Known, count: int) -> list[Row]:
    inbound, seconds = chosen(rng, count, INBOUND), np.minimum(rng.lognormal(4.5, 1.1, count), 5_400)
    rows = []
    for at in range(count):
        user, prospect, outcome = one(rng, known.users), one(rng, known.prospects), one(rng, DISPOSITIONS)
        rows.append(
            {
                "direction": "inbound" if inbound[at] else "outbound",
                "called_at": _moment(rng, known, 0),
                "duration_seconds": int(seconds[at]) if outcome in TALKED else 0,
                "disposition": outcome,
                "purpose": one(rng, PURPOSES),
                "phone": prospect["phone"],
                "note": one(rng, LINES) if outcome == "Connected" else None,
                **_about(rng, known, user, prospect),
            }
        )
    return rows


def draw_texts(rng: np.random.Generator, known: Known, count: int) -> list[Row]:
    received = chosen(rng, count, ANSWERED)
    rows = []
    for at in range(count):
        user, prospect = one(rng, known.users), one(rng, known.prospects)
        rows.append(
            {
                "direction": "received" if received[at] else "sent",
                "sent_at": _moment(rng, known, 0),
                "body": one(rng, LINES),
                "phone": prospect["phone"],
                **_about(rng, known, user, prospect),
            }
        )
    return rows


def draw_tasks(rng: np.random.Generator, known: Known, steps: list[int], count: int) -> list[Row]:
    """Of all six types, by hand and of sequences; what was due is mostly done."""
    of_step = chosen(rng, count, OF_SEQUENCE)
    rows = []
    for at in range(count):
        user, prospect, kind = one(rng, known.users), one(rng, known.prospects), one(rng, list(TASKS))
        moment = _moment(rng, known, FUTURE)
        status = one(rng, DONE) if moment < known.midnight else "open"
        rows.append(
            {
                "type": kind,
                "subject": TASKS[kind].format(prospect["name"])[:255],
                "note": one(rng, (*LINES, None)),
                "due_on": moment.date(),
                "status": status,
                "completed_at": moment if status == "done" else None,
                "sequence_step_id": one(rng, steps) if of_step[at] else None,
                **_about(rng, known, user, prospect),
            }
        )
    return rows


def _about(rng: np.random.Generator, known: Known, user: Row, prospect: Row) -> Row:
    """Whom and, for some whose company has one, what opportunity it is about."""
    found = known.opportunities.get(prospect["account_id"])
    opportunity = one(rng, found) if found and rng.random() < ABOUT_OPPORTUNITY else None
    return {"user_id": user["id"], "prospect_id": prospect["id"], "opportunity_id": opportunity}


def _moment(rng: np.random.Generator, known: Known, days_ahead: int) -> datetime:
    """In working hours, before today or up to as many days from now."""
    day = known.midnight + timedelta(days=int(rng.integers(-PAST, days_ahead)))
    weekday = day - timedelta(days=max(0, day.weekday() - 4))
    return datetime.combine(weekday, time(8), tzinfo=day.tzinfo) + timedelta(seconds=int(rng.integers(0, 10 * 3600)))
