"""The function `api`: the HTTP door. So far it tells whether it is well; the REST API is still to come."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def api(request):
    """Answer a person's or a client's request."""
    return process.serve(request)
