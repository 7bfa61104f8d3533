"""The islands of the web pages, in a browser."""
