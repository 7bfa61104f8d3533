"""The function `on_object`: an object in a bucket starts the flows that wait for it."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def on_object(request):
    """Answer a push of a bucket's notifications."""
    return process.answer(request, lambda cloud, headers, body: cloud.on_object(headers, body))
