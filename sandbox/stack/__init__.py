"""Everything that `make run` starts, on one machine and without Docker: PostgreSQL, the local Salesforce, Airflow.

``places`` says where things are, ``processes`` starts and ends them, ``postgresql``, ``salesforce`` and ``airflow`` are
the three services, ``api`` talks to Airflow, ``job`` is the main job, ``figures`` prints what came of it.
"""
