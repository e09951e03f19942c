"""A local Salesforce.

Started from a shell: `python -m sandbox serve --state DIR`; in a test: `with running(tmp_path) as salesforce:` from
`sandbox.salesforce.server`. The flow of a request: `web.app` (ASGI) → `web.routing` → one module per resource in
`web` → `soql` and `query` for reading, `records` for writing → `store` (SQLite). `UNCONFIRMED.md` beside this package
lists what neither a document nor a recorded answer of a real org confirms.
"""
