"""What people do to executions: kill, restart, replay, pause, resume, and states set by hand."""
