"""Record files to other forms and back: `io.kestra.plugin.serdes.*`."""
