"""Every entry of the gallery gets what it deserves, and leaves nothing behind."""

from collections.abc import Iterator

import pytest

from course_lib.grading.isolation import SandboxUnavailableError
from tests.grading.gallery.built import built_entries
from tests.grading.gallery.entries import Entry, written_entries
from tests.grading.gallery.judging import Gallery

ENTRIES = [*written_entries(), *built_entries()]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    try:
        with Gallery(tmp_path_factory.mktemp("gallery") / "outside") as opened:
            yield opened
    except SandboxUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.group}: {entry.title}")
def test_each_gets_what_it_deserves(gallery: Gallery, entry: Entry) -> None:
    unjust = [str(verdict) for verdict in gallery.judge(entry) if not verdict.is_just]
    assert not unjust, "\n".join(unjust)


def test_the_gallery_is_large_enough() -> None:
    hostile = sum(entry.is_hostile for entry in ENTRIES)
    assert hostile >= 40
    assert len(ENTRIES) - hostile >= 20
    titles = [(entry.group, entry.title) for entry in ENTRIES]
    assert len(set(titles)) == len(titles)
