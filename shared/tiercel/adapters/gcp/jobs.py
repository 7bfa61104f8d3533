"""Runs of a Cloud Run job, begun over its Admin API: each handles one message, which it finds in its environment.

Promise: a run that was accepted begins some time, perhaps twice; one that was not is told of by an error that passes.
"""

from __future__ import annotations

import base64
import logging
from functools import cached_property
from typing import TYPE_CHECKING

from tiercel.adapters.gcp.trying import TIMEOUT, tried
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Envelope

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

MESSAGE = "TIERCEL_MESSAGE"
"""The variable that holds the message, in Base64 (Cloud Run takes 32 KiB of each)."""

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_log = logging.getLogger("tiercel")


class CloudRunJob:
    """One job, of which runs are begun."""

    def __init__(self, job: str, *, host: str | None = None) -> None:
        """Name the job; nothing is asked of the service yet.

        Args:
            job: `projects/{project}/locations/{location}/jobs/{job}`.
            host: The `host:port` of what plays Cloud Run on this machine, in plain HTTP; None for the service.
        """
        self._job = job
        self._host = host
        self._url = f"https://run.googleapis.com/v2/{job}:run" if host is None else f"http://{host}/v2/{job}:run"

    @cached_property
    def _credentials(self) -> Credentials:
        import google.auth
        from google.auth.credentials import AnonymousCredentials

        return AnonymousCredentials() if self._host is not None else google.auth.default(scopes=[_SCOPE])[0]

    def begin(self, envelope: Envelope) -> None:
        """Have a run of the job handle a message.

        Raises:
            TransientError: The service does not take it now; the log says why where somebody has to change something.
        """
        from google.api_core.exceptions import from_http_response
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession

        variable = {"name": MESSAGE, "value": base64.b64encode(envelope.body).decode()}
        wanted = {"overrides": {"containerOverrides": [{"env": [variable]}]}}

        def run() -> None:
            with AuthorizedSession(self._credentials) as session:  # runs are rare: no connection is kept for the next
                answer = session.post(self._url, json=wanted, timeout=TIMEOUT)
            if answer.status_code >= 300:
                raise from_http_response(answer)

        try:
            tried(run, f"the job {self._job}")
        except TransientError:
            raise
        except (TiercelError, GoogleAuthError) as refusal:
            _log.error(
                "a task waits for a job that cannot be begun: %s; see that the job is there and that this function's "
                "service account has roles/run.jobsExecutorWithOverrides on it",
                refusal,
            )
            raise TransientError(f"no run of the job {self._job} begins: {refusal}") from refusal
