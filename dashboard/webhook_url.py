"""The address that alarms are posted to, checked before anything starts."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from flink_abnormal.core.errors import UsageError

VARIABLE: Final = "FLINK_ABNORMAL_WEBHOOK"


def check(url: str) -> str:
    """Return a URL that requests can be sent to; raise UsageError for any other. It may hold a secret: it is not told.

    What is wrong shows in different places: in the parts of the URL, in its port, in what is made of it for sending.
    """
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
        well = well and "*" not in parts.netloc
    except ValueError:
        well = False
    if not well or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise UsageError(
            "The webhook's address is not an HTTP URL: write http:// or https:// and a host, such as "
            f"https://example.org/hook, in --webhook or {VARIABLE}. It is not shown here because it may contain a "
            "secret."
        )
    return url
