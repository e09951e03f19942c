"""The engine: extract → transform → validate → load, where loading plans and merges. Frames in, frames and plans out.

====================  ==============================================================================
``extract``           what changed at the source, minus what was seen already
``transform``         source values → target values, whole columns at a time
``validate``          Great Expectations judge the rows
``judge``, ``merge``  per record and per field: who did what
``permit``            what of it toggles, conditions and validation let through
``plan``              all of it as data: what is to be done
``land``              a polling run's batch: one transaction (G17)
``send``              a pushing run's batch: read, intend, send, settle (G18)
``settle``            a plan's traces in the state: links with their bases, pending, quarantine
``journal``           what people read of it: log, history, counts
``recover``           writes whose answer was lost (G21)
``run``               strings them together
====================  ==============================================================================
"""
