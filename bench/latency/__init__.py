"""How long a change takes from its commit in the engagement database until Salesforce shows it, stage by stage.

``changes`` makes edits at random times and watches for them from outside, ``stages`` finds in the logs of Airflow where
the time went, ``__main__`` is the command.
"""
