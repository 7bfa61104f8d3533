"""Who may call a function: only whoever shows a token of the service account that pushes, once one is set."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from google.auth.exceptions import TransportError
from google.oauth2 import id_token

from gcp.doors import Doors, push
from tiercel.cloud import process
from tiercel.cloud.handling import DONE
from tiercel.model.messages import StartExecution, encode_message

ACCOUNT = "push@p.iam.gserviceaccount.com"
BODY = push(encode_message(StartExecution("nobody")), {"key": "k"})

TOKENS: dict[str, Any] = {
    "ours": {"email": ACCOUNT, "email_verified": True},
    "another": {"email": "someone@p.iam.gserviceaccount.com", "email_verified": True},
    "unverified": {"email": ACCOUNT, "email_verified": False},
    "half-verified": {"email": ACCOUNT, "email_verified": "false"},
    "nameless": {"sub": "1"},
    "expired": ValueError("Token expired"),
    "unchecked": TransportError("no answer"),
}
"""What Google's library says to a token."""


def verify(token: str, request: object, *_: object, **__: object) -> Any:
    """Stand in for the library."""
    found = TOKENS.get(token, ValueError("Wrong number of segments in token"))
    if isinstance(found, Exception):
        raise found
    return found


@pytest.fixture(scope="module")
def guarded() -> Iterator[Doors]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        doors = Doors(TIERCEL_PUSH_ACCOUNT=ACCOUNT)
        yield doors
        doors.close()


@pytest.fixture
def doors(guarded: Doors, monkeypatch: pytest.MonkeyPatch) -> Doors:
    warnings.simplefilter("ignore", DeprecationWarning)
    monkeypatch.setattr(process, "_cloud", [guarded.cloud])
    monkeypatch.setattr(id_token, "verify_oauth2_token", verify)
    return guarded


@pytest.mark.parametrize("header", ["Bearer ours", "bearer ours"])
def test_whoever_shows_the_token_of_the_account_is_let_in(doors: Doors, header: str) -> None:
    assert doors.post(BODY, headers={"Authorization": header}) == DONE


@pytest.mark.parametrize("token", [*sorted(set(TOKENS) - {"ours"}), "garbage", ""])
def test_nobody_else_is(doors: Doors, caplog: pytest.LogCaptureFixture, token: str) -> None:
    assert doors.post(b"{", headers={"Authorization": f"Bearer {token}"}) == process.FORBIDDEN
    assert [line.levelno for line in caplog.records] == [logging.WARNING]
    assert doors.dead() == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic ours"}, {"Authorization": "ours"}])
def test_nor_is_who_shows_none(doors: Doors, headers: dict[str, str]) -> None:
    assert doors.post(BODY, headers=headers) == process.FORBIDDEN
