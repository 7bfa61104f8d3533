"""Routes of triggers: one, lists, many at once."""
