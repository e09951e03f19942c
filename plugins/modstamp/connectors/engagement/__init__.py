"""The engagement database, the internal side: its tables, access to its records, and how its changes are noticed."""
