"""The command line as a person uses it: words, exit status, no traceback."""

import pytest

from course_lib.assets import asset_folder, get_asset, manifest
from course_lib.command_line import COMMANDS, build_app, main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(words)
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def test_help_lists_every_command_without_loading_one(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for name, command in COMMANDS.items():
        assert name in out
        assert command.summary in out


def test_only_the_called_command_is_loaded(monkeypatch):
    loaded = []
    monkeypatch.setattr(
        "course_lib.command_line.Command.load",
        lambda self: (
            loaded.append(self.function) or test_help_lists_every_command_without_loading_one
        ),
    )
    build_app("where")
    assert loaded == ["where"]


def test_where(capsys, tmp_path):
    assert run(capsys, "where") == (0, f"{tmp_path / 'cache'}\n", "")
    status, _, err = run(capsys, "where", "sotu")
    assert status == 1
    assert "python -m course_lib fetch sotu" in err


def test_list_shows_size_license_and_state(capsys):
    status, out, _ = run(capsys, "list")
    assert status == 0
    for name in manifest.load_manifest():
        assert name in out
    assert "C for study only" in out
    assert "public domain" in out
    assert " no" in out


def test_fetch_unknown_name(capsys):
    status, _, err = run(capsys, "fetch", "sotuu")
    assert status == 1
    assert "no asset named 'sotuu'" in err
    assert "Traceback" not in err


def test_fetch_failure_is_one_paragraph(capsys):
    status, _, err = run(capsys, "fetch", "gpt2-bpe")
    assert status == 1
    assert "Error: Could not fetch 'gpt2-bpe'" in err
    assert "Traceback" not in err


def test_verify_nothing(capsys):
    status, out, _ = run(capsys, "verify")
    assert status == 0
    assert "Nothing is in the cache" in out


def test_verify_damaged(capsys):
    folder = asset_folder("sotu")
    folder.mkdir(parents=True)
    (folder / "SHA256SUMS").write_text("damaged")
    status, out, err = run(capsys, "verify")
    assert status == 1
    assert "sotu: changed: SHA256SUMS" in out
    assert "python -m course_lib fetch sotu" in err


def test_fetch_asks_for_the_default_set_by_default(capsys, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        "course_lib.command_line.assets.fetch_asset", lambda name, **_: fetched.append(name)
    )
    status, out, _ = run(capsys, "fetch")
    assert status == 0
    assert "ready in" in out
    assert fetched == [name for name in manifest.load_manifest() if get_asset(name).default]
    del fetched[:]
    run(capsys, "fetch", "--all")
    assert fetched == list(manifest.load_manifest())
