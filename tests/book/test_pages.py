"""Every built page, opened from disk, at two widths and in two themes."""

import html.parser
import json
import os
import urllib.parse
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

BUILT = Path(os.environ["COURSE_BUILT_BOOK"]).resolve()
PAGES = sorted(
    str(path.relative_to(BUILT))
    for path in BUILT.rglob("*.html")
    if not path.relative_to(BUILT).parts[0].startswith("_")
)
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
AXE_AT = ((1280, "light"), (390, "dark"))  # axe is slow: each width and each theme once

# Rules of axe that are off, each with its reason.
AXE_OFF: dict[str, str] = {}


class Links(html.parser.HTMLParser):
    """Targets of links and of files, and the ids, of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := values.get(name))}
        target = values.get("href") if tag in ("a", "link") else values.get("src")
        if target:
            self.targets.append(target)


def parse(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def open_page(browser: Browser, url: str, width: int, theme: str) -> tuple[Page, list[str]]:
    """Open a page and wait until it is still; also return what went wrong meanwhile."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(120_000)  # the first page of a cold browser on a busy machine
    page.add_init_script(f"localStorage.setItem('mode', '{theme}')")
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"console {message.type}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            problems.append(f"foreign request: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    page.on("request", on_request)
    page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    page.goto(url, wait_until="load")
    # The root index.html only leads on to the first page: wait until a real one is there.
    page.wait_for_function("document.documentElement.dataset.theme !== undefined")
    page.wait_for_load_state("load")
    page.wait_for_timeout(450)
    return page, problems


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_page(browser: Browser, name: str, width: int, theme: str) -> None:
    page, problems = open_page(browser, (BUILT / name).as_uri(), width, theme)
    try:
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            problems.append(f"{over} px wider than the window: {widest(page)}")
        problems += page.evaluate(
            "[...document.images].filter(i => !(i.getAttribute('alt') ?? '').trim())"
            ".map(i => 'image without alt text: ' + i.src.slice(0, 90))"
        )
        problems += page.evaluate(
            "[...document.querySelectorAll('.katex-error')].map(e => 'formula: ' + e.title)"
        )
        problems += page.evaluate(
            r"[...document.querySelectorAll('.math')].filter(e => [...e.childNodes].some("
            r"n => n.nodeType === Node.TEXT_NODE && /\\[\[(]/.test(n.textContent)))"
            ".map(e => 'formula left as it was typed: ' + e.textContent.slice(0, 90))"
        )
        if page.evaluate("document.documentElement.dataset.theme") != theme:
            problems.append(f"the page is not in the {theme} theme")
        if (width, theme) in AXE_AT:
            problems += accessibility(page)
    finally:
        page.context.close()
    assert not problems, "\n".join([f"{name} at {width} px, {theme}:", *problems])


def widest(page: Page) -> str:
    """The elements that reach past the right edge, outermost first."""
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > window.innerWidth + 1)
        .slice(0, 4).map(e => e.tagName + '.' + e.className).join(' > ')"""
    )


def accessibility(page: Page) -> list[str]:
    """Serious and critical findings of axe."""
    options = {
        "rules": {rule: {"enabled": False} for rule in AXE_OFF},
        "resultTypes": ["violations"],
        "preload": False,  # it would read style sheets by requests that file: refuses
    }
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"axe {item['id']} ({item['impact']}): {node['html'][:150]} {node['failureSummary']}"
        for item in found
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"][:4]
    ]


def test_search_finds_a_term(browser: Browser) -> None:
    url = (BUILT / "search.html").as_uri() + "?q=perplexity"
    page, problems = open_page(browser, url, 1280, "light")
    try:
        page.wait_for_selector("#search-results ul.search li a", timeout=10_000)
        titles = page.locator("#search-results ul.search li a").all_inner_texts()
    finally:
        page.context.close()
    assert titles
    assert not problems, "\n".join(problems)


def test_a_term_shows_its_definition_by_keyboard(browser: Browser) -> None:
    name = next((name for name in PAGES if "data-definition=" in (BUILT / name).read_text()), None)
    if name is None:
        pytest.skip("no page links to a term yet")
    page, _ = open_page(browser, (BUILT / name).as_uri(), 1280, "light")
    try:
        link = page.locator("a[data-definition]").first
        link.focus()
        box = page.locator("#course-definition")
        assert box.is_visible()
        assert box.inner_text() == link.get_attribute("data-definition")
        page.keyboard.press("Escape")
        assert not box.is_visible()
    finally:
        page.context.close()


def test_internal_links_resolve() -> None:
    parsed = {name: parse(BUILT / name) for name in PAGES}
    broken = []
    for name, links in parsed.items():
        for target in links.targets:
            parts = urllib.parse.urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (BUILT / name).parent / urllib.parse.unquote(parts.path)
            goal = path.resolve() if parts.path else BUILT / name
            anchor = urllib.parse.unquote(parts.fragment)
            if not goal.exists():
                broken.append(f"{name}: {target}")
            elif anchor and goal.suffix == ".html" and goal.is_relative_to(BUILT):
                known = parsed.get(str(goal.relative_to(BUILT))) or parse(goal)
                if anchor not in known.ids:
                    broken.append(f"{name}: {target} (no such place on the page)")
    assert not broken, "\n".join(sorted(set(broken)))


def test_search_index_covers_the_pages() -> None:
    text = (BUILT / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    pages = {name.removesuffix(".html") for name in PAGES}
    assert set(index["docnames"]) <= pages
