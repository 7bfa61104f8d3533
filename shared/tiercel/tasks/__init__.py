"""Runnable tasks: the plugins that do the work. Each is loaded on first use; heavy libraries load inside `run`."""
