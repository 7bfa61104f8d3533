"""What bad input gets: a clear text, the right exit code, and nothing half-recorded."""
