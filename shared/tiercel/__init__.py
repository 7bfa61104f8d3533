"""Tiercel runs Kestra's flows without a server."""

__version__ = "0.1.0"
