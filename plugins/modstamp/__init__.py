"""Modstamp keeps an engagement database in step with the systems around it.

The flow of one run, as the folders name it::

    mapping/       what shall travel: YAML files, conditions, value tables
    engine/        extract → transform → validate → plan → merge → load
    connectors/    the systems at both ends
    state/         links and bases, cursors, pending, intents, log: why nothing is lost or doubled
    wiring/        where these four meet
    orchestration/ Airflow: the clock and the dashboard
    cli/           the same engine without Airflow

`model` has the words, `ports` the protocols, `errors` the tree of what can go wrong, `settings` every knob.
"""
