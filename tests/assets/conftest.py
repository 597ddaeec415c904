"""A package index in a folder, and a cache of its own for every test."""

import hashlib
import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib.assets import fetching, manifest
from course_lib.assets.manifest import Asset, Unpack
from course_lib.assets.unpack import sums_text

FILES = {
    "tiny_corpus/data/a.txt": b"At the first God made the heaven and the earth.",
    "tiny_corpus/data/more/b.txt": b"Let there be light.",
    "tiny_corpus/__init__.py": b"raise RuntimeError('data packages are never imported')",
}


def sums_of(files: dict[str, bytes]) -> str:
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return hashlib.sha256(sums_text(digests).encode()).hexdigest()


def build_wheel(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny_corpus-1.0-py3-none-any.whl"
    info = "tiny_corpus-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-corpus\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in {**files, **metadata, f"{info}/RECORD": b""}.items():
            pack.writestr(zipfile.ZipInfo(name), content)
    return path


def tar_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tape:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tape.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def build_asset(path: Path, **changes: object) -> Asset:
    kept = {
        "a.txt": FILES["tiny_corpus/data/a.txt"],
        "more/b.txt": FILES["tiny_corpus/data/more/b.txt"],
    }
    fields: dict[str, object] = {
        "name": "tiny",
        "title": "A tiny corpus",
        "kind": "text",
        "license": "public domain",
        "grade": "A",
        "note": "",
        "citation": "",
        "url": "",
        "package": "tiny-corpus",
        "version": "1.0",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "files": 2,
        "unpacked_size": sum(map(len, kept.values())),
        "sums_sha256": sums_of(kept),
        "unpack": (Unpack("tiny_corpus/data", ("a.txt", "more/*.txt")),),
        "default": True,
    }
    return Asset(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, which does not exist yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_LIB_HOME", str(folder))
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only package index pip knows of."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    return folder


@pytest.fixture
def tiny(index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Asset:
    """An asset named ``tiny``, the only one in the manifest, in a wheel on the index."""
    asset = build_asset(build_wheel(index))
    use_manifest(monkeypatch, asset)
    return asset


@pytest.fixture
def no_pip(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy the file from the index, for tests of what happens after the download."""

    def copy(asset: Asset, folder: Path, **_: object) -> Path:
        folder.mkdir(parents=True)
        return Path(shutil.copy(next(index.iterdir()), folder))

    monkeypatch.setattr(fetching, "download", copy)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The builders of this file, for tests that make their own archives and assets."""
    return SimpleNamespace(
        build_wheel=build_wheel,
        build_asset=build_asset,
        tar_bytes=tar_bytes,
        sums_of=sums_of,
        use_manifest=lambda *assets: use_manifest(monkeypatch, *assets),
    )


def use_manifest(monkeypatch: pytest.MonkeyPatch, *assets: Asset) -> None:
    """Let the manifest hold just these assets."""
    table = {asset.name: asset for asset in assets}
    monkeypatch.setattr(manifest, "load_manifest", lambda: table)
