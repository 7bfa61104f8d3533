"""Routes of namespaces: what is stored about them, their keys, files and secrets."""
