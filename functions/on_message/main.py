"""The function `on_message`: a message on a topic starts the flows that wait for it, or the flow that it names."""

import functions_framework

from tiercel.cloud import process


@functions_framework.http
def on_message(request):
    """Answer a push of a topic of the user's, or of the executions topic."""
    topic = request.args.get("topic", "")
    return process.answer(request, lambda cloud, headers, body: cloud.on_message(topic, headers, body))
