"""The last validations as one static HTML page that needs nothing but a browser.

Great Expectations' own Data Docs would need every result in full, values of people included; what the state keeps is a
count and a few ids per expectation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Validations</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
  summary { cursor: pointer; padding: .5rem 0; }
  summary b { margin-right: .75rem; }
  table { border-collapse: collapse; margin: .25rem 0 1.5rem; width: 100%; }
  th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; }
  .count { text-align: right; font-variant-numeric: tabular-nums; }
  .broken { color: #c62828; font-weight: 600; }
  .kept { color: #2e7d32; }
  code { font-size: .85em; overflow-wrap: anywhere; }
</style>
</head>
<body>
{% macro mark(failures) %}{{ "broken" if failures else "kept" }}{% endmacro %}
<h1>Validations</h1>
<p>What the expectations found in the last {{ validations|length }} runs, newest first.
   Rejected records wait in quarantine until they, their other side or the mapping change.</p>
{% for validation in validations %}
<details{{ ' open' if validation.document.rejected }}>
<summary><b>{{ validation.mapping }}</b> {{ validation.direction }} · {{ validation.at }} ·
  {{ validation.document.rows }} rows,
  <span class="{{ mark(validation.document.rejected) }}">{{ validation.document.rejected }} rejected</span>
  · run <code>{{ validation.run_id }}</code></summary>
<table>
<thead><tr><th>Rejected because</th><th>Expectation</th><th class="count">Checked</th><th class="count">Failed</th>
<th>Examples</th></tr></thead>
<tbody>
{% for found in validation.document.expectations|sort(attribute="failed", reverse=true) %}
<tr><td>{{ found.reason }}</td><td><code>{{ found.expectation }}</code><br>{{ found.where }}</td>
<td class="count">{{ found.checked }}</td>
<td class="count {{ mark(found.failed) }}">{{ found.failed }}</td>
<td><code>{{ found.examples|join(", ") }}</code></td></tr>
{% else %}
<tr><td colspan="5">No expectation applied.</td></tr>
{% endfor %}
</tbody>
</table>
</details>
{% else %}
<p>No run has been validated yet.</p>
{% endfor %}
</body>
</html>
"""


def render(validations: Sequence[Mapping[str, Any]]) -> str:
    """The page. Each validation: run_id, mapping, direction, at (an instant), and `document` of `validate`."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (wanted by no run, only by whoever looks)

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    newest_first = sorted(validations, key=lambda each: str(each["at"]), reverse=True)
    return environment.from_string(_PAGE).render(validations=newest_first)
