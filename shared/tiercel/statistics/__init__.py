"""Statistics of executions, and dashboards that are made of them: both doors for people show these."""
