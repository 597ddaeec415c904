"""Read ``manifest.toml``: which assets exist, where each comes from, how to verify it."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from course_lib.assets.errors import AssetError

KINDS = ("text", "vocabulary", "vectors", "model", "images", "lexicon")


@dataclass(frozen=True)
class Unpack:
    """Which files of an archive to keep, as glob patterns below one of its folders."""

    folder: str
    names: tuple[str, ...]
    archive: str = ""  # an archive inside the archive, where the files lie in that one

    def __post_init__(self) -> None:
        for path in (self.folder, self.archive, *self.names):
            if path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise ValueError(f"unpack: {path!r} must be a relative path without '..'")
        if not self.names:
            raise ValueError(f"unpack: no names given below {self.folder!r}; list at least one")


@dataclass(frozen=True)
class Hub:
    """A repository on the Hugging Face Hub that holds the same or a richer original."""

    repository: str
    revision: str


@dataclass(frozen=True)
class Asset:
    """One pinned data set or model.

    ``size`` is that of the downloaded file and ``unpacked_size`` that of the files kept, both in
    bytes. ``sums_sha256`` is the digest of the folder's ``SHA256SUMS`` file, which in turn lists
    the digest of every file.
    """

    name: str
    title: str
    kind: str
    license: str
    grade: str
    note: str
    citation: str
    url: str
    package: str
    version: str
    sha256: str
    size: int
    files: int
    unpacked_size: int
    sums_sha256: str
    unpack: tuple[Unpack, ...]
    default: bool = False
    sdist: bool = False
    pip_options: tuple[str, ...] = ()
    hub: Hub | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: kind is {self.kind!r}; use one of {', '.join(KINDS)}")
        if self.grade not in ("A", "B", "C"):
            raise ValueError(f"{self.name}: grade is {self.grade!r}; use A, B or C")
        for field, digest in (("sha256", self.sha256), ("sums_sha256", self.sums_sha256)):
            if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
                raise ValueError(f"{self.name}: {field} must be 64 hexadecimal digits")

    @property
    def requirement(self) -> str:
        """The pinned line of a pip requirements file, with the digest that pip must find."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


def parse_manifest(text: str) -> dict[str, Asset]:
    """Assets by name, in the manifest's order.

    Raises ValueError for an unknown kind or grade, a bad digest, or a path out of its folder, and
    TypeError for a missing or unknown field.
    """
    return {name: _asset(name, table) for name, table in tomllib.loads(text).items()}


@lru_cache(maxsize=1)
def load_manifest() -> dict[str, Asset]:
    """The assets of this course by name, read once from the package."""
    text = resources.files("course_lib.assets").joinpath("manifest.toml").read_text("utf-8")
    return parse_manifest(text)


def get_asset(name: str) -> Asset:
    """The asset of that name; raises AssetError, which lists the names, when there is none."""
    manifest = load_manifest()
    if name not in manifest:
        known = ", ".join(sorted(manifest))
        raise AssetError(f"There is no asset named {name!r}. The names are: {known}.")
    return manifest[name]


def default_names() -> tuple[str, ...]:
    """Names of the assets that the book and its tests need."""
    return tuple(asset.name for asset in load_manifest().values() if asset.default)


def _asset(name: str, table: dict[str, Any]) -> Asset:
    fields = dict(table)
    fields["unpack"] = tuple(
        Unpack(part["folder"], _strings(part["names"]), part.get("archive", ""))
        for part in fields.get("unpack", ())
    )
    fields["pip_options"] = _strings(fields.get("pip_options", ()))
    if "hub" in fields:
        fields["hub"] = Hub(**fields["hub"])
    return Asset(name=name, **fields)


def _strings(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
