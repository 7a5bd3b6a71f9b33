"""`python -m balmanager.healthcheck`: ends with 0 when the web process of this machine answers. For containers."""

import http.client
import os
import sys

from django.core.exceptions import ImproperlyConfigured

from balmanager.env import Env


def answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not listened on
    connection = http.client.HTTPConnection(reached, int(port), timeout=5)
    name = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].lstrip(".")
    connection.request("GET", "/healthz", headers={"Host": name})
    return connection.getresponse().status == http.client.OK


if __name__ == "__main__":
    try:
        sys.exit(not answers(Env().web_address("BIND")))
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(str(error))
