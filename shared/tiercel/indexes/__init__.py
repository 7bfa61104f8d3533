"""Indexes that are written with the flows: who listens to executions, who watches buckets and topics."""
