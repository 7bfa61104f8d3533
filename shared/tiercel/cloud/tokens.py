"""Who may call a function: whoever shows the OIDC token of the service account that pushes."""

from __future__ import annotations

from collections.abc import Mapping


def is_ours(headers: Mapping[str, str], account: str) -> bool:
    """Tell whether a request shows a valid token of a service account.

    Cloud Run checks it as well, before the function is called; this is the second lock, for whoever opens the first.

    Args:
        headers: The request's headers.
        account: The service account's address; empty where no token is asked for.
    """
    if not account:
        return True
    kind, _, token = headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return False
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    try:
        claims = id_token.verify_oauth2_token(token, Request())
    except (ValueError, GoogleAuthError):
        return False
    return claims.get("email") == account and claims.get("email_verified") is True
