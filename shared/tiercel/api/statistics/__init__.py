"""Routes of statistics: counts, the rows of charts, dashboards."""
