"""Routes of flows: one, lists, many at once; graphs, completion, concurrency limits, blueprints."""
