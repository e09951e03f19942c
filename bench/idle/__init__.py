"""What a polling cycle in which nothing changed costs, beside as many empty DAGs of the same shape."""
