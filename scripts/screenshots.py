"""Take screenshots of built pages: wide and phone, light and dark.

python scripts/screenshots.py --out shots book/gpt/gpt2 [MORE PAGES]
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"wide": 1280, "phone": 390}
THEMES = ("light", "dark")


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or (str(mac) if mac.exists() else None)


def take(pages: list[str], html: Path, out: Path) -> list[Path]:
    """Write one full-page PNG for each page, width and theme."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        for width_name, width in WIDTHS.items():
            for theme in THEMES:
                context = browser.new_context(viewport={"width": width, "height": 900})
                tab = context.new_page()
                tab.set_default_timeout(120_000)
                tab.emulate_media(
                    color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce"
                )
                tab.add_init_script(f"localStorage.setItem('mode', '{theme}')")
                for page in pages:
                    name = page.removesuffix(".html").removesuffix(".ipynb").removesuffix(".md")
                    tab.goto((html / f"{name}.html").resolve().as_uri())
                    tab.wait_for_timeout(500)
                    path = out / f"{name.replace('/', '-')}-{width_name}-{theme}.png"
                    tab.screenshot(path=path, full_page=True, animations="disabled")
                    written.append(path)
                context.close()
        browser.close()
    return written


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="+", help="such as book/gpt/gpt2")
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    options = parser.parse_args()
    if find_chromium() is None:
        print("No Chromium or Chrome on PATH: install one (apt-get install chromium).")
        return 1
    for path in take(options.pages, options.html, options.out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
