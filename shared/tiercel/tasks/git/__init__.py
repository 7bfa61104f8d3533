"""Git repositories: `io.kestra.plugin.git.*`."""
