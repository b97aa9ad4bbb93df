"""One client of the Hub with a time limit, and what its errors mean in words."""

from functools import cache

import huggingface_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import _http

from uplapp.errors import UplappError

LIMIT_S = 60.0  # the library's own client waits for ever
WORDS = {
    400: "the Hub does not accept the files",
    401: "the Hub refuses the token; set HF_TOKEN to one that may write",
    403: "the token HF_TOKEN may not write there",
    404: "there is no such repository, or the token HF_TOKEN may not see it",
    429: "the Hub asks to wait: too many requests",
}


class HubError(UplappError):
    """The Hub did not do what was asked. `wait_s` is how long it asks to wait, 0 if it does not say."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@cache
def api(endpoint: str | None = None) -> HfApi:
    """The client for an address of the Hub (default: HF_ENDPOINT's). The token is HF_TOKEN or a login's."""

    def limited() -> object:
        session = _http.default_client_factory()
        session.timeout = LIMIT_S
        return session

    huggingface_hub.set_client_factory(limited)  # type: ignore[arg-type]
    return HfApi(endpoint=endpoint)


def explain(error: Exception, what: str) -> HubError:
    """The error as one sentence about `what` (a repository)."""
    if isinstance(error, HubError):
        return error
    response = getattr(error, "response", None)
    if isinstance(error, HfHubHTTPError) and response is not None:
        status = response.status_code
        words = WORDS.get(status, f"the Hub has an error ({status})")
        waited = response.headers.get("Retry-After", "")
        return HubError(f"{what}: {words}", float(waited) if waited.isdigit() else 0.0)
    if isinstance(error, OSError) and error.filename is not None:
        return HubError(f"{what}: the journals on this disk cannot be used ({error.strerror})")
    return HubError(f"{what}: the Hub cannot be reached ({type(error).__name__})")
