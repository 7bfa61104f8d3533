"""Tests of flows: written in YAML, run on the embedded runtime with stand-ins in place of what reaches outside."""
