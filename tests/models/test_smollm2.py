"""SmolLM2: unpacked once, whole or not at all, and then a quiet load."""

import errno
import shutil
import threading
import time
from collections import namedtuple

import pytest
import torch

from course_lib.assets import AssetError, AssetMissingError
from course_lib.models import load_course_smollm2, load_smollm2, prepare_smollm2, smollm2


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A cache of its own in which the asset counts as fetched."""
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "assets" / "smollm2"
    folder.mkdir(parents=True)
    monkeypatch.setattr(smollm2, "asset_path", lambda name: folder)
    return folder


def _fill(source, target):
    (target / "config.json").write_text("{}")


def _must_not_run(source, target):
    raise AssertionError("converted twice")


def _leftovers(folder):
    return [path.name for path in folder.parent.iterdir() if path.name.endswith(".partial")]


def test_unpacks_once_and_says_so_once(source):
    said = []
    folder = prepare_smollm2(convert=_fill, on_start=lambda: said.append(1))
    assert (folder / "config.json").is_file()
    again = prepare_smollm2(convert=_must_not_run, on_start=lambda: said.append(2))
    assert (again, said, _leftovers(folder)) == (folder, [1], [])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError("broken file")])
def test_an_interruption_leaves_nothing(source, stop):
    def stopped(source, target):
        _fill(source, target)
        raise stop

    with pytest.raises(type(stop) if isinstance(stop, Exception) else stop):
        prepare_smollm2(convert=stopped)
    folder = prepare_smollm2(convert=_fill)
    assert _leftovers(folder) == []


def test_what_a_killed_process_left_is_replaced(source):
    folder = prepare_smollm2(convert=_fill)
    folder.rename(folder.with_name(f"{folder.name}.partial"))
    (folder.with_name(f"{folder.name}.partial") / "half").write_text("")
    assert [path.name for path in prepare_smollm2(convert=_fill).iterdir()] == ["config.json"]


def test_of_two_at_once_the_second_waits(source):
    runs = []

    def slowly(source, target):
        runs.append(1)
        time.sleep(0.2)
        _fill(source, target)

    threads = [
        threading.Thread(target=prepare_smollm2, kwargs={"convert": slowly}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [1]


def _full(source, target):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("early", [True, False])
def test_full_disk(source, monkeypatch, early):
    if early:
        usage = namedtuple("usage", "free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(free=1_000))
    with pytest.raises(AssetError, match=r"275 MB; make room there, or set COURSE_LIB_HOME"):
        prepare_smollm2(convert=_must_not_run if early else _full)
    assert list((source.parents[1] / "converted").glob("*.partial")) == []


def test_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    for load in (load_smollm2, load_course_smollm2):
        with pytest.raises(AssetMissingError, match="course_lib fetch smollm2"):
            load()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.needs_assets("smollm2")
def test_the_model_is_sound_and_loads_without_a_word(capfd):
    model, tokenizer = load_smollm2()
    assert capfd.readouterr() == ("", "")
    assert (model.num_parameters(), len(tokenizer)) == (134_515_008, 49_152)
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    text = " Hello  world\n\n you're 42! 天"
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    ids = tokenizer("The capital of France is", return_tensors="pt")
    with torch.inference_mode():
        probabilities = model(**ids).logits[0, -1].softmax(-1)
    assert tokenizer.decode([int(probabilities.argmax())]) == " Paris"
    assert probabilities.max() > 0.5
