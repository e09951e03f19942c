"""The same changed Leads, read from the same org and landed in the same PostgreSQL, by us and by others."""
