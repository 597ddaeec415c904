"""What holds for every test: no network, fixed seeds, two threads, skips for missing assets."""

import ipaddress
import os
import random
import socket
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import hypothesis
import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import torch

from course_lib.assets import default_names, get_asset, is_present

# Workers side by side would only wait for each other with two threads each.
torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)

hypothesis.settings.register_profile("course", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("course")


class NetworkBlockedError(RuntimeError):
    """A test asked for a host other than this machine."""


def _is_here(address: Any) -> bool:
    """Whether a socket address is a Unix socket or a loopback address."""
    if not isinstance(address, tuple):
        return True
    host = address[0]
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded(original: Callable[..., Any], place: int) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        if not _is_here(arguments[place]):
            raise NetworkBlockedError(
                f"a test asked for the network: {arguments[place]!r}. Tests are hermetic: "
                "make the data in the test, or mark it needs_assets"
            )
        return original(*arguments, **options)

    return call


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Let sockets reach this machine only, and host names none but localhost."""
    with pytest.MonkeyPatch.context() as patch:
        for name, place in (("connect", 1), ("connect_ex", 1), ("sendto", -1)):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), place))
        look_up = socket.getaddrinfo

        def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
            text = host.decode() if isinstance(host, bytes) else host
            if text is not None and not _is_here((text,)):
                raise NetworkBlockedError(f"a test looked up the host {text!r}")
            return look_up(host, *arguments, **options)

        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(autouse=True)
def _seeds() -> None:
    """Start every test from the same random numbers."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose marks ask for fetched assets, or for a sandbox, that are not here."""
    for mark in item.iter_markers("needs_assets"):
        names = mark.args or default_names()
        missing = [name for name in names if not is_present(get_asset(name))]
        if missing:
            pytest.skip(f"not fetched: python -m course_lib fetch {' '.join(missing)}")
    if item.get_closest_marker("needs_sandbox") and (why := _no_sandbox()):
        pytest.skip(why)


@cache
def _no_sandbox() -> str:
    """Why no sandbox can be had here, or ""; found out by opening one."""
    from course_lib.grading.isolation import Sandbox, SandboxUnavailableError

    try:
        with Sandbox():
            return ""
    except SandboxUnavailableError as error:
        return f"needs a sandbox: {error}"
