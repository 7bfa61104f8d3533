"""Modules put behind the script's own packages."""
