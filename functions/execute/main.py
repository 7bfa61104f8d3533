"""The function `execute`: runs tasks, one after the other as long as there is time, and advances their executions."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def execute(request):
    """Answer a push of the tasks topic, or a timer of Cloud Tasks."""
    return process.answer(request, lambda cloud, headers, body: cloud.execute(headers, body))
