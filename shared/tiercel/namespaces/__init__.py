"""What belongs to namespaces: their own variables, keys with values, files."""
