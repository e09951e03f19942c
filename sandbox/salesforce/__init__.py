"""A local Salesforce.

From a shell: `python -m sandbox serve --state DIR [--port N] [--http-port N]`; the state folder then holds
`credentials.json` (client id and secret, user name, password), `ca.pem` (to be trusted), `salesforce.db` (the data)
and, where somebody puts them, `custom_fields.yaml` (fields and object types of the org's own), `rules.yaml` and
`views.yaml` (list views and reports). `python -m sandbox ca|jwt-key --state DIR` print the path of the CA and of the
connected app's key, `python -m sandbox connection --state DIR` the Airflow connection that leads to it.

From a test: the fixture `salesforce` of `tests/fixtures/salesforce.py`, or `server.running(folder, **org.Options)`,
which give `login_url`, `http_url`, `ca_bundle`, `client_id`, `client_secret`, `store`, `counts()`, `fault(…)`,
`edit(…)`, `perform(…)`. From a generator: `org.open_store(folder)` and `Store.insert_many`.

From anywhere, while it runs, under `/__sandbox__/`: `counts` (GET, DELETE), `faults` (GET, POST, DELETE), `edit`
(POST), `rules` (PUT), `metadata` (GET, POST), `views` (PUT), `clock` (GET, PUT).

A request's way: `web.app` (ASGI) → `web.routing` (session, limit, count, faults) → a module per resource in `web` →
`soql` and `query` for reading, `records` and `validation` for saving → `store` (SQLite). `sandbox/FAULTS.md` lists
what can be made to go wrong, `sandbox/UNCONFIRMED.md` what neither a document nor a recorded answer of a real org
confirms.
"""
