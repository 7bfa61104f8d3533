"""Executions, flows and triggers as JSON, as people and clients see them."""
