"""Tests of triggers and their conditions."""
