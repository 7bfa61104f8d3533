"""The core tasks: `io.kestra.plugin.core.*` without flowables and without HTTP. One module per family."""
