"""The function `tick`: once a minute, what is due and what was lost."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def tick(request):
    """Answer Cloud Scheduler."""
    return process.answer(request, lambda cloud, *_: cloud.tick())
