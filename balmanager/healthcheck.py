"""`python -m balmanager.healthcheck`: ends with 0 when the web process of this machine answers. For containers."""

import http.client
import socket
import sys

from django.core.exceptions import ImproperlyConfigured

from balmanager.env import Env

SECONDS = 5


def answers(address: str, name: str) -> bool:
    """Does it, at this address, as the host of this name?"""
    host, _, place = address.rpartition(":")
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not listened on
    if host == "unix":
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(place)
    else:
        connection = http.client.HTTPConnection(reached, int(place), timeout=SECONDS)
    connection.request("GET", "/healthz", headers={"Host": name})
    return connection.getresponse().status == http.client.OK


if __name__ == "__main__":
    try:
        env = Env()
        first, *_ = env.names("ALLOWED_HOSTS", default=["localhost"])
        sys.exit(not answers(env.web_address("BIND"), first.lstrip(".")))
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(str(error))
