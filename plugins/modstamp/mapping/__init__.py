"""The mapping language: schema → loading → checking; conditions and value tables are its verbs. Pure."""
