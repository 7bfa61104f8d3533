"""Records and authored things: states, flows, executions, messages, values. Pure: no clock, no I/O, no port."""
