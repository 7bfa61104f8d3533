"""The HTTP tasks: `io.kestra.plugin.core.http.*`. The library that speaks HTTP is loaded inside `run`."""
