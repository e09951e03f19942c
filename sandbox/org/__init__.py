"""A believable company: its Salesforce org and its engagement database, from a fixed seed, at any size.

`recipe.yml` (Snowfakery) → `vocabulary` (what names are made of) → `companies`, `persons` (recombined to any size)
→ `dirt` (what real data suffers from) → `salesforce`, `engagement` (rows of either side) → `landing` (written).
`people` then edits both sides as their users would and writes down what it did; `edit` is one such edit by hand.
"""
