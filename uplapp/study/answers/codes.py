"""Completion codes, by which a panel pays: each observer's own, checked but not guessed."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

CODE_LENGTH = 10


def code_of(observer: Mapping[str, Any]) -> str:
    """Give an observer's code: 10 hexadecimal digits of the HMAC of its `id` under the study's `secret`."""
    digest = hmac.new(bytes.fromhex(observer["secret"]), observer["id"].encode(), hashlib.sha256)
    return digest.hexdigest()[:CODE_LENGTH].upper()
