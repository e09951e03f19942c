"""Random interleavings with real parts and ``kill -9``: does the promise of docs/guarantees.md hold?

``nursery`` forks what is to be killed, ``tasks`` is what the children do; ``database`` and ``salesforce`` are the two
systems, ``variety`` what differs between seeds. ``people`` (``newcomers``, ``editors``, ``leavers``) edit both sides on
a ``scene`` and keep a journal, ``versions`` is the model of what they did, ``chains`` are the runs, ``trouble`` the
faults and deaths of servers, ``play`` is one seed, ``verdict`` compares, ``summary`` adds up.
"""
