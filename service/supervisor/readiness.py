"""Ask the service whether it is ready, over HTTP, with nothing but the standard library."""

import http.client


def ask_ready(host: str, port: int) -> tuple[bool, str]:
    """Whether `GET /health/ready` says 200, and what it said."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        return response.status == http.client.OK, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer yet ({error})"
    finally:
        connection.close()


def reachable(host: str) -> str:
    """An address to connect to, of one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
