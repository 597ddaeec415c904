"""Data and models of the course: a pinned list, a cache, and how to fill it."""

from course_lib.assets.cache import (
    asset_folder,
    asset_path,
    checkpoint_path,
    converted_folder,
    home,
    is_present,
    results_path,
)
from course_lib.assets.errors import AssetError, AssetMissingError
from course_lib.assets.fetching import FetchProgress, ProgressCallback, fetch
from course_lib.assets.manifest import (
    Asset,
    Hub,
    Unpack,
    default_names,
    get_asset,
    load_manifest,
    parse_manifest,
)
from course_lib.assets.verification import Verification, verify

__all__ = [
    "Asset",
    "AssetError",
    "AssetMissingError",
    "FetchProgress",
    "Hub",
    "ProgressCallback",
    "Unpack",
    "Verification",
    "asset_folder",
    "asset_path",
    "checkpoint_path",
    "converted_folder",
    "default_names",
    "fetch",
    "get_asset",
    "home",
    "is_present",
    "load_manifest",
    "parse_manifest",
    "results_path",
    "verify",
]
