"""The engine: extract → transform → validate → load, where loading plans and merges. Frames in, frames and plans out.

====================  ==============================================================================
``extract``           what changed at the source, minus what was seen already
``transform``         source values → target values, whole columns at a time
``validate``          Great Expectations judge the rows
``plan``, ``merge``   per record and per field: what is to be done, as data
``land``              a polling run's batch: one transaction (G17)
``send``              a pushing run's batch: read, intend, send, settle (G18)
``settle``            a plan's traces in the state: links with their bases, pending, quarantine
``journal``           what people read of it: log, history, counts
``recover``           writes whose answer was lost (G21)
``run``               strings them together
====================  ==============================================================================
"""
