"""The function `advance`: folds events into executions; tasks that do work go to `execute`."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def advance(request):
    """Answer a push of the events topic, or a timer of Cloud Tasks."""
    return process.answer(request, lambda cloud, headers, body: cloud.advance(headers, body))
