"""Triggers and their conditions: what starts a flow by itself. Each is loaded when a flow names it."""
