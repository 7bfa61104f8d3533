"""Flows as graphs: one drawn, and which depend on which."""
