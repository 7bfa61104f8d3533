"""The function `api`: the HTTP door, with the REST API, the webhooks and the web pages."""

import functions_framework

from tiercel.api import function
from tiercel.ui import mounting


@functions_framework.http
def api(request):
    """Answer a person's or a client's request."""
    return function.serve(request, mounting.Application)
