"""The planner: what follows from an event, as a pure function of the flow and the event's neighbourhood."""
