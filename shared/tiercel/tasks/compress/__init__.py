"""Archives and compressed files: `io.kestra.plugin.compress.*`."""
