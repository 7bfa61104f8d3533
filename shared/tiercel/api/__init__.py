"""The HTTP door: Kestra's REST API, as a WSGI application that `tiercel server` and the function `api` serve."""
