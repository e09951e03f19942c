"""Local stand-ins for the systems around Modstamp: test equipment, never imported by the product.

`sandbox.salesforce` speaks Salesforce's wire contract over HTTPS on loopback; `sandbox.org` fills it with a believable
company. `python -m sandbox --help` lists the commands.
"""
