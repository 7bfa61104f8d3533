"""Routes of executions: found, read, started, acted on, followed; what they logged, measured and gave."""
