"""Fetching from an index in a folder: all of an asset, or nothing and a way out."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest

from course_lib.assets import AssetError, FetchProgress, asset_path, download, fetch, fetching
from course_lib.assets import verify as verify_asset
from course_lib.assets.manifest import Unpack

DiskUsage = namedtuple("DiskUsage", "total used free")


def left_behind(cache: Path) -> list[str]:
    """Whatever a fetch left besides its locks and finished assets."""
    return sorted(path.name for path in (cache / "partial").glob("*"))


def test_fetch_keeps_only_the_named_files(tiny, cache):
    events: list[FetchProgress] = []
    folder = fetch("tiny", progress=events.append)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"a.txt", "more/b.txt", "SHA256SUMS"}
    assert (folder / "more/b.txt").read_text() == "Let there be light."
    assert folder == asset_path("tiny") == cache / "assets" / "tiny"
    assert verify_asset(tiny).sound
    assert left_behind(cache) == []
    assert events[-1] == FetchProgress("tiny", "unpacking", 66, 66)
    assert all(event.done <= event.total for event in events)


def test_second_fetch_runs_nothing(tiny, no_pip, cache, monkeypatch):
    fetch("tiny")
    monkeypatch.setattr(fetching, "download", lambda *_, **__: pytest.fail("downloaded again"))
    assert fetch("tiny") == cache / "assets" / "tiny"


def test_source_archive_with_an_archive_inside(index, cache, tools):
    inner = tools.tar_bytes({"ratings/x.txt": b"1\tgood", "ratings/skip.pdf": b"no"})
    setup = b"from setuptools import setup; setup(name='tiny-corpus', version='1.0')"
    archive = index / "tiny-corpus-1.0.tar.gz"
    archive.write_bytes(tools.tar_bytes({"tiny-corpus-1.0/r.tar.gz": inner, "setup.py": setup}))
    asset = tools.build_asset(
        archive,
        sdist=True,
        unpack=(Unpack("ratings", ("*.txt",), "tiny-corpus-1.0/r.tar.gz"),),
        sums_sha256=tools.sums_of({"x.txt": b"1\tgood"}),
    )
    tools.use_manifest(asset)
    target = cache / "unpacked"
    from course_lib.assets.unpack import unpack

    assert unpack(asset, archive, target) == asset.sums_sha256
    assert (target / "x.txt").read_text() == "1\tgood"
    command = download.pip_command(asset, Path("r.txt"), Path("d"))
    assert "--no-binary=:all:" in command
    assert "--require-hashes" in command


def test_wrong_digest_is_refused_by_pip_unopened(tiny, index, cache, tools):
    tools.build_wheel(index, {"tiny_corpus/data/a.txt": b"something else"})
    with pytest.raises(AssetError, match=r"SHA-256 digest is wrong.*pip cache purge"):
        fetch("tiny")
    assert left_behind(cache) == []
    assert not (cache / "assets").exists()


def test_files_that_differ_from_the_manifest_are_refused(index, no_pip, cache, tools):
    tools.use_manifest(tools.build_asset(tools.build_wheel(index), sums_sha256="0" * 64))
    with pytest.raises(AssetError, match="not those that the manifest"):
        fetch("tiny")
    assert not (cache / "assets").exists()


def test_index_without_the_package(tiny, index, cache):
    shutil.rmtree(index)
    index.mkdir()
    with pytest.raises(AssetError, match=r"pip finds no tiny-corpus==1.0.*pip config list"):
        fetch("tiny")
    assert left_behind(cache) == []


def test_no_network(tiny, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(AssetError, match=r"cannot reach its package index. Check the network"):
        fetch("tiny")
    assert left_behind(cache) == []


def test_no_pip(tiny, cache, monkeypatch):
    monkeypatch.setattr(
        download,
        "pip_command",
        lambda *_: [
            sys.executable,
            "-c",
            "raise SystemExit('/usr/bin/python: No module named pip')",
        ],
    )
    with pytest.raises(AssetError, match=r"needs pip.*ensurepip"):
        fetch("tiny")


def test_too_little_room_is_seen_before_the_download(tiny, cache, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: DiskUsage(9, 9, 0))
    with pytest.raises(AssetError, match=r"no room on the disk.*MB are needed.*COURSE_LIB_HOME"):
        fetch("tiny")


def test_disk_that_fills_while_unpacking(tiny, no_pip, cache, monkeypatch):
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "unpack", full)
    with pytest.raises(AssetError, match="no room on the disk"):
        fetch("tiny")
    assert left_behind(cache) == []


def test_disk_that_fills_while_pip_downloads(tiny):
    error = download.explain(tiny, "ERROR: Could not install: [Errno 28] No space left on device")
    assert "no room on the disk" in str(error)


def test_unknown_trouble_shows_the_last_words_of_pip(tiny):
    error = download.explain(tiny, "one\ntwo\nERROR: the index is on fire")
    assert "Its last words: one | two | ERROR: the index is on fire" in str(error)


@pytest.mark.parametrize("below", ["", "x/y"])
def test_cache_that_is_a_file(tiny, cache, monkeypatch, below):
    cache.write_text("in the way")
    monkeypatch.setenv("COURSE_LIB_HOME", str(cache / below))
    with pytest.raises(AssetError, match=r"is a file. Move that file away"):
        fetch("tiny")
    assert cache.read_text() == "in the way"


def test_read_only_cache(tiny, cache, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    cache.mkdir()
    monkeypatch.setattr(fetching.Path, "mkdir", refuse)
    with pytest.raises(AssetError, match="cannot be written: Read-only file system"):
        fetch("tiny")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tiny, cache):
    cache.mkdir()
    cache.chmod(0o500)
    with pytest.raises(AssetError, match="cannot be written: Permission denied"):
        fetch("tiny")


def test_leftovers_of_a_killed_fetch_are_removed(tiny, no_pip, cache):
    stale = cache / "partial" / "tiny.abc"
    stale.mkdir(parents=True)
    (stale / "half.whl").write_bytes(b"PK")
    other = cache / "partial" / "another.abc"
    other.mkdir()
    fetch("tiny")
    assert left_behind(cache) == ["another.abc"]


def test_an_asset_of_an_earlier_version_is_replaced(tiny, no_pip, cache):
    old = cache / "assets" / "tiny"
    old.mkdir(parents=True)
    (old / "old.txt").write_text("old")
    (old / "SHA256SUMS").write_text("0  old.txt\n")
    assert not (fetch("tiny") / "old.txt").exists()


def test_two_fetches_at_once_download_once(tiny, no_pip, cache, monkeypatch):
    downloads = []
    original = fetching.download

    def slow(*arguments: object, **options: object) -> Path:
        downloads.append(arguments)
        time.sleep(0.3)
        return original(*arguments, **options)

    monkeypatch.setattr(fetching, "download", slow)
    stages: list[str] = []
    threads = [
        threading.Thread(
            target=fetch, args=("tiny",), kwargs={"progress": lambda e: stages.append(e.stage)}
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(downloads) == 1
    assert "waiting" in stages
    assert verify_asset(tiny).sound


KILLED = """
import os, signal, sys
from course_lib.assets import fetching, manifest
from course_lib.assets.manifest import Asset, Unpack
asset = {asset!r}
manifest.load_manifest = lambda: {{"tiny": asset}}
original = fetching.unpack
def die(asset, archive, target, **options):
    original(asset, archive, target, **options)
    os.kill(os.getpid(), signal.SIGKILL)
fetching.unpack = die
fetching.fetch("tiny")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_just_before_the_end_then_fetched_again(tiny, cache):
    code = KILLED.format(asset=tiny)
    ended = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(left_behind(cache)) == 1
    with pytest.raises(FileNotFoundError, match="python -m course_lib fetch tiny"):
        asset_path("tiny")
    fetch("tiny")
    assert left_behind(cache) == []
    assert verify_asset(tiny).sound


def test_interrupt_ends_pip_and_leaves_nothing(tiny, cache):
    def interrupt(event: FetchProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("tiny", progress=interrupt)
    assert left_behind(cache) == []


def test_unknown_name_lists_the_names(tiny):
    with pytest.raises(AssetError, match=r"no asset named 'tinny'. The names are: tiny"):
        fetch("tinny")
