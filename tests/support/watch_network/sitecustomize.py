"""Writes down each name that is resolved and each address that is connected to beyond this machine, for all Python processes of a run.

Python imports this module at start where its folder is on PYTHONPATH. WATCH_NETWORK_FILE names the file.
"""

import ipaddress
import os
import sys
from typing import Any

_LOCAL_NAMES = {"localhost", "", None}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name in _LOCAL_NAMES:
        return
    try:
        if ipaddress.ip_address(name).is_loopback or ipaddress.ip_address(name).is_unspecified:
            return
    except ValueError:
        pass
    with open(os.environ["WATCH_NETWORK_FILE"], "a") as file:  # noqa: PTH123 - at start, and in each process
        file.write(f"{event} {name} by {sys.argv[:3]}\n")


if "WATCH_NETWORK_FILE" in os.environ:
    sys.addaudithook(_watch)
