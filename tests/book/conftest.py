"""A headless browser over the built book; `make pages` builds it and says where it is."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

BUILT = os.environ.get("COURSE_BUILT_BOOK", "")
if not BUILT:
    collect_ignore_glob = ["test_*.py"]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    if found is None and mac.exists():
        found = str(mac)
    if found is None:
        pytest.exit("The page check needs Chromium or Chrome on PATH: apt-get install chromium", 1)
    return found


@pytest.fixture(scope="session")
def html() -> Path:
    folder = Path(BUILT).resolve()
    assert (folder / "index.html").is_file(), f"no built book in {folder}: run make book"
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()
