"""Archives that mean harm, and archives that are broken."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from course_lib.assets import AssetError, verify
from course_lib.assets.manifest import Unpack
from course_lib.assets.unpack import unpack


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:evil.txt"]
)
def test_paths_never_leave_the_folder(tmp_path, tools, name):
    archive = tmp_path / "bad.whl"
    with zipfile.ZipFile(archive, "w") as pack:
        pack.writestr(zipfile.ZipInfo(f"d/{name}"), b"evil")
    asset = tools.build_asset(archive, unpack=(Unpack("d", ("*",)),))
    with pytest.raises(AssetError, match="would leave its folder"):
        unpack(asset, archive, tmp_path / "target")
    assert not list(tmp_path.rglob("evil.txt"))


def test_links_in_a_tar_are_never_made(tmp_path, tools):
    archive = tmp_path / "links.tar.gz"
    with tarfile.open(archive, "w:gz") as tape:
        for name, kind in (("d/soft", tarfile.SYMTYPE), ("d/hard", tarfile.LNKTYPE)):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "/etc/passwd"
            tape.addfile(link)
        real = tarfile.TarInfo("d/real")
        real.size = 2
        tape.addfile(real, io.BytesIO(b"ok"))
    unpack(tools.build_asset(archive, unpack=(Unpack("d", ("*",)),)), archive, tmp_path / "target")
    assert {path.name for path in (tmp_path / "target").iterdir()} == {"real", "SHA256SUMS"}


def test_a_name_that_matches_nothing_is_an_error(tmp_path, tools):
    archive = tools.build_wheel(tmp_path)
    asset = tools.build_asset(archive, unpack=(Unpack("tiny_corpus", ("nothing.txt",)),))
    with pytest.raises(AssetError, match=r"holds no file 'tiny_corpus/nothing.txt'"):
        unpack(asset, archive, tmp_path / "target")


@pytest.mark.parametrize("name", ["broken.whl", "broken.tar.gz"])
def test_broken_archive(tmp_path, tools, name):
    archive = tmp_path / name
    archive.write_bytes(b"this is no archive")
    with pytest.raises(AssetError, match="not a readable archive"):
        unpack(tools.build_asset(archive), archive, tmp_path / "target")


def test_verify_names_changed_and_missing_files(tiny, no_pip, cache):
    from course_lib.assets import fetch

    assert verify(tiny).missing == ("SHA256SUMS",)
    folder = fetch("tiny")
    (folder / "a.txt").write_text("changed")
    (folder / "more" / "b.txt").unlink()
    result = verify(tiny)
    assert (result.changed, result.missing) == (("a.txt",), ("more/b.txt",))
    assert not result.sound
    (folder / "SHA256SUMS").write_text("")
    assert verify(tiny).changed == ("SHA256SUMS",)


def test_sums_can_be_read_by_sha256sum(tiny, no_pip, cache):
    from course_lib.assets import fetch

    lines = (fetch("tiny") / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a.txt", "more/b.txt"]
    assert Path(fetch("tiny") / "SHA256SUMS").stat().st_size == sum(len(x) + 1 for x in lines)
