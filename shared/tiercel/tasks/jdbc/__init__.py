"""SQL databases, addressed by JDBC URLs; each driver is loaded when a task runs, never before."""
