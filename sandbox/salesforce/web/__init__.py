"""The resources of the API: one module each, all written as `(org, call) -> Answer`."""
