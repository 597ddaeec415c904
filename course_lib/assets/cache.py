"""Where assets lie on this machine, and whether one is there."""

import hashlib
import os
from pathlib import Path

from course_lib.assets.errors import AssetError, AssetMissingError
from course_lib.assets.manifest import Asset, get_asset

SUMS_NAME = "SHA256SUMS"


def home() -> Path:
    """The cache folder: ``$COURSE_LIB_HOME``, or else the platform's cache directory."""
    chosen = os.environ.get("COURSE_LIB_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("course_lib", appauthor=False)


def asset_folder(name: str) -> Path:
    """Where the asset of that name lies once fetched, whether or not it is there now."""
    return home() / "assets" / name


def converted_folder(name: str) -> Path:
    """Where another form of this version of an asset lies, once a reader of it has made one."""
    return home() / "converted" / f"{name}-{get_asset(name).sha256[:12]}"


def is_present(asset: Asset) -> bool:
    """Whether the cache holds this asset as the manifest pins it.

    Looks at the list of digests only, in under a millisecond; ``verify`` reads every file.
    """
    try:
        sums = (asset_folder(asset.name) / SUMS_NAME).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(sums).hexdigest() == asset.sums_sha256


def asset_path(name: str) -> Path:
    """Folder of a fetched asset.

    Raises AssetMissingError (a FileNotFoundError), which names the command to run, when the asset
    is not in the cache, and AssetError when no asset has that name.
    """
    asset = get_asset(name)
    if not is_present(asset):
        raise AssetMissingError(
            f"The asset {name!r} ({asset.title}) is not in the cache {home()}. "
            f"Fetch it once, with the network on: python -m course_lib fetch {name}"
        )
    return asset_folder(name)


def checkpoint_path(name: str) -> Path:
    """Folder of a checkpoint that ships with the package; raises AssetError when there is none."""
    folder = Path(__file__).parent / "checkpoints"
    found = sorted(path.name for path in folder.glob("*") if path.is_dir())
    if name not in found:
        raise AssetError(
            f"No checkpoint named {name!r} ships with course_lib. "
            f"The names are: {', '.join(found) or 'none yet'}."
        )
    return folder / name


def results_path(name: str) -> Path:
    """Return the file of a long experiment's results, written by a script of the same name.

    Raises:
        ValueError: the course ships no such results.
    """
    folder = Path(__file__).parent / "results"
    file = folder / f"{name}.json"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none yet"
        raise ValueError(f"the course ships no results called {name!r}; there are: {known}")
    return file
