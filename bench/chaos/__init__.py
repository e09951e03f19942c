"""Random interleavings with real parts and ``kill -9``: does the promise of docs/guarantees.md hold?

``nursery`` forks what is to be killed, ``tasks`` is what the children do; ``database`` and ``salesforce`` are the two
systems, ``variety`` what differs between seeds. ``people`` (``newcomers``, ``editors``, ``leavers``) edit both sides on
a ``scene`` and keep a journal, ``versions`` is the model of what they did, ``chains`` are the runs, ``trouble`` the
faults and deaths of servers, ``worlds`` lets all of it happen at once, ``verdict`` compares, ``play`` is one seed,
``airflow`` a whole Airflow to be killed, ``summary`` adds up.
"""
