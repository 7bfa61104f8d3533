"""The ports made real: one package for each place that Tiercel runs in."""
