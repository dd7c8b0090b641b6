"""Whether the process in this container is ready: `python -m deploy.health` exits with 0, or with 1 and why not.

It asks the worker where VITRINE_INGEST__HTTP_PORT is set, else the API; with the standard library alone, for it runs
every few seconds.
"""

from __future__ import annotations

import http.client
import os
import sys

_SECONDS = 4


def main() -> int:
    """Return the exit code."""
    port = os.environ.get("VITRINE_INGEST__HTTP_PORT") or os.environ.get("VITRINE_API__PORT") or "8000"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = answer.read(1_000).decode(errors="replace")
    except OSError as error:
        print(f"nobody answers on port {port}: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        print(told, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
