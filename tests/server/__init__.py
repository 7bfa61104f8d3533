"""The server as a process: killed, stopped, guarded, under load."""
