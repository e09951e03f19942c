"""SOQL: `parse` reads a query by its grammar, `translate` turns it into SQL over the store's tables."""
