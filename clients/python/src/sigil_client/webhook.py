"""The check of a webhook's signature."""

from __future__ import annotations

import hashlib
import hmac
import time

from .errors import InvalidError


def verify_webhook(secret: bytes, signature: str, body: bytes, *, now: float | None = None, tolerance: float = 300.0) -> None:
    """Raises InvalidError unless a webhook's request was signed with secret, at most tolerance seconds from now. signature
    is its header Sigil-Signature, and body its exact bytes. now is in seconds since 1970; None means the present.

    A valid request may still arrive more than once: a receiver that must not act twice stores the position of the last
    event that it has handled, and passes over events at or before it.
    """

    def invalid(detail: str) -> InvalidError:
        return InvalidError.local("invalid_signature", "signature", detail)

    if not secret:
        raise InvalidError.local("invalid_secret", "secret", "must not be empty")
    signed_at, sums = "", []
    for part in signature.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            if signed_at:
                raise invalid("has more than one t")
            signed_at = value
        elif name == "v1":
            sums.append(value.lower().encode("utf-8", "replace"))
    if not (signed_at.isascii() and signed_at.isdigit()) or len(signed_at) > 18 or not sums:
        raise invalid("is not of the form t=seconds,v1=hex")
    want = hmac.new(secret, signed_at.encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    if not any([hmac.compare_digest(sum, want) for sum in sums]):  # a list, so that all are compared
        raise invalid("does not match the body")
    if abs((time.time() if now is None else now) - int(signed_at)) > tolerance:
        raise invalid("is too old, or lies in the future")
