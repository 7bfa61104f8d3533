"""Flows as people write them: checked and stored together, in and out by the file, searched, documented."""
