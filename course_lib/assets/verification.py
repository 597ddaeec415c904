"""Compare every file of a fetched asset with its digest."""

from dataclasses import dataclass

from course_lib.assets.cache import SUMS_NAME, asset_folder, is_present
from course_lib.assets.manifest import Asset
from course_lib.assets.unpack import file_sha256


@dataclass(frozen=True)
class Verification:
    """Which files of an asset are not as they were fetched; none of them when it is sound."""

    name: str
    files: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether every file is there and unchanged."""
        return not self.missing and not self.changed


def verify(asset: Asset) -> Verification:
    """Read every file of a fetched asset and compare its digest.

    The manifest pins the list of digests, and the list pins each file. An asset that is not in
    the cache, or whose list was changed, has that list itself among the missing or changed files.
    """
    folder = asset_folder(asset.name)
    if not is_present(asset):
        present = (folder / SUMS_NAME).exists()
        names = (SUMS_NAME,)
        return Verification(asset.name, 0, () if present else names, names if present else ())
    missing, changed = [], []
    lines = (folder / SUMS_NAME).read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, path = line.split("  ", maxsplit=1)
        if not (folder / path).is_file():
            missing.append(path)
        elif file_sha256(folder / path) != digest:
            changed.append(path)
    return Verification(asset.name, len(lines), tuple(missing), tuple(changed))
