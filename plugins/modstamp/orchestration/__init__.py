"""Airflow: the clock, the dashboard and the pager.

``factory`` makes the DAGs from the mappings, ``steps`` is what their tasks do, ``schedule`` says when, ``guide`` writes
their documentation, ``alerts`` calls people, ``connections`` reads logins. Nothing here knows how a sync works.
"""
