"""The state: what is known of each pair of records and what is still to be done, kept beside the data itself.

`store` opens a `transaction`; in it, each of `links`, `pending`, `intents`, `quarantine`, `journal`, `cursors`,
`leases` and `runs` carries out one of the protocols in `modstamp.ports`. `calls` is the meter, `overview` counts what
waits.
"""
