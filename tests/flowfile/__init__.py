"""YAML text to flows: what is read, and what is refused."""
