"""Open every page of the built site in Chromium, as a reader does, and tell what is wrong with it.

    mkdocs build --strict && python docs/site/check.py
    python docs/site/check.py --pictures FOLDER index.html      pictures of pages, narrow and wide, light and dark

Needs Debian's `chromium` and `chromium-driver`, and the extra `docs`. It serves `build/site` on this machine alone.
"""

import argparse
import functools
import json
import shutil
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

SITE = Path(__file__).parents[2] / "build" / "site"
WIDTHS = {"narrow": 380, "wide": 1280}
SCHEMES = {"light": "default", "dark": "slate"}
LOOK = """
const broken = Array.from(document.images).filter(i => i.loading !== "lazy" && !i.naturalWidth).map(i => i.src);
return {
  ids: Array.from(document.querySelectorAll("[id], a[name]"), e => e.id || e.name),
  links: Array.from(document.querySelectorAll("a[href], link[href], img[src], script[src]"), e => e.href || e.src),
  over: document.documentElement.scrollWidth - window.innerWidth,
  broken: broken, title: document.title,
};
"""
CONTRAST = """
document.head.insertAdjacentHTML("beforeend", "<style>* {transition: none !important}</style>");
document.body.setAttribute("data-md-color-scheme", arguments[0]);
const light = c => c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = c => { const [r, g, b] = light(c); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
const grounds = new Map();
function ground(element) {
  if (!element) return [255, 255, 255];
  if (!grounds.has(element))
    grounds.set(element, over(parse(getComputedStyle(element).backgroundColor), ground(element.parentElement)));
  return grounds.get(element);
}
const found = new Map(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const seen = element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  if (!walker.currentNode.data.trim() || !seen) continue;
  if (element.closest("script, style, .md-search, svg")) continue;
  const style = getComputedStyle(element), back = ground(element);
  const [a, b] = [luminance(over(parse(style.color), back)), luminance(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05), least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
  const name = element.tagName.toLowerCase() + "." + element.className;
  if (ratio < least && !(found.get(name)?.ratio < ratio))
    found.set(name, {ratio: ratio, name: name, text: walker.currentNode.data.trim().slice(0, 30)});
}
return Array.from(found.values());
"""
"""Texts whose contrast with their ground is below what WCAG asks for (AA): 4.5, or 3 for large letters."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word. Once the search was tried, its index is empty, since each page reads it anew."""

    search_was_tried = False

    def do_GET(self) -> None:
        """Serve a file."""
        if not self.path.endswith("search_index.json") or not Quiet.search_was_tried:
            return super().do_GET()
        index = json.loads((SITE / "search" / "search_index.json").read_text("utf8"))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(index | {"docs": []}).encode())
        return None

    def log_message(self, *args: object) -> None:
        """Write no line for a request."""


def serve() -> str:
    """Serve the site on a free port of this machine, and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def open_browser() -> webdriver.Chrome:
    """Return a browser without a window, which knows this machine alone."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def show(browser: webdriver.Chrome, url: str, width: int, scheme: str) -> None:
    """Open a page at a width, for a reader who prefers light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    browser.get(url)


def messages(browser: webdriver.Chrome, root: str) -> Iterator[str]:
    """Yield what the console has to say, and what was asked of other hosts."""
    log: Callable[[str], Any] = browser.get_log
    for entry in log("browser"):
        if entry["level"] in ("SEVERE", "WARNING"):
            yield f"console: {entry['message']}"
    for entry in log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith((root, "data:", "blob:", "chrome:")):
                yield f"asks another host: {url}"


def check_scheme_and_search(browser: webdriver.Chrome, root: str) -> Iterator[str]:
    """Yield what does not work of the switch between light and dark, and of the search."""
    for scheme, name in SCHEMES.items():
        show(browser, root, WIDTHS["wide"], scheme)
        browser.execute_script("localStorage.clear()")  # which has the last choice
        browser.refresh()
        body = browser.find_element(By.TAG_NAME, "body")
        if not _soon(browser, lambda _: body.get_attribute("data-md-color-scheme") == name):  # noqa: B023
            yield f"index.html: not {name} for a reader who prefers {scheme}"
        switches = browser.find_elements(By.CSS_SELECTOR, "label[for^=__palette]")
        _soon(browser, lambda _: any(switch.is_displayed() for switch in switches))  # noqa: B023
        next(switch for switch in switches if switch.is_displayed()).click()
        if not _soon(browser, lambda _: body.get_attribute("data-md-color-scheme") != name):  # noqa: B023
            yield f"index.html: the switch leaves {name}"
        browser.execute_script("localStorage.clear()")
    browser.find_element(By.CSS_SELECTOR, ".md-search__input").send_keys("EarlyStopping")
    if not _soon(browser, lambda b: b.find_elements(By.CSS_SELECTOR, ".md-search-result__item")):
        yield "index.html: the search finds nothing"


def _soon(browser: webdriver.Chrome, condition: Callable[[webdriver.Chrome], object]) -> bool:
    """Return whether something becomes true within 20 seconds."""
    try:
        return bool(WebDriverWait(browser, 20).until(condition))
    except TimeoutException:
        return False


def check(browser: webdriver.Chrome, root: str) -> list[str]:
    """Return what is wrong, after a look at all pages."""
    pages = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    faults, looks = list(check_scheme_and_search(browser, root)), {}
    Quiet.search_was_tried = True
    for page in pages:
        show(browser, root + page, WIDTHS["narrow"], "light")
        looks[page] = browser.execute_script(LOOK)
        faults += [f"{page}: {fault}" for fault in messages(browser, root)]
        faults += [f"{page}: no picture at {url}" for url in looks[page]["broken"]]
        if looks[page]["over"] > 0:
            faults.append(f"{page}: {looks[page]['over']} pixels too wide for {WIDTHS['narrow']}")
        for scheme, name in SCHEMES.items():
            for text in browser.execute_script(CONTRAST, name):
                faults.append(f"{page}: contrast {text['ratio']:.1f}, {scheme}: {text['name']} {text['text']!r}")
    links = 0
    for page, look in looks.items():
        for link in dict.fromkeys(look["links"]):
            url, anchor = urldefrag(link)
            if url.startswith(root):
                links += 1
                target = unquote(url.removeprefix(root)) or "index.html"
                if not (SITE / target).is_file():
                    faults.append(f"{page}: dead link to {target}")
                elif anchor and unquote(anchor) not in looks[target]["ids"]:
                    faults.append(f"{page}: no place {anchor} in {target}")
            elif not link.startswith(("https://", "data:")):
                faults.append(f"{page}: odd link {link}")
    print(f"{len(pages)} pages, {links} links within the site")
    return faults


def take_pictures(browser: webdriver.Chrome, root: str, folder: Path, pages: list[str]) -> None:
    """Write pictures of pages: what a reader sees first, and 3000 pixels of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        for size, width in WIDTHS.items():
            for scheme in SCHEMES:
                show(browser, root + page, width, scheme)
                browser.execute_script("localStorage.clear()")
                browser.refresh()
                time.sleep(0.5)
                height = min(3000, browser.execute_script("return document.documentElement.scrollHeight"))
                clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
                arguments: dict[str, Any] = {"captureBeyondViewport": True, "clip": clip}
                data = browser.execute_cdp_cmd("Page.captureScreenshot", arguments)["data"]
                name = f"{page.removesuffix('.html').replace('/', '-')}-{size}-{scheme}.png"
                (folder / name).write_bytes(b64decode(data))


def main() -> int:
    """Check the site, or take pictures of it; return how many faults there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pictures", type=Path, help="the folder for pictures of the pages named, in place of the check"
    )
    parser.add_argument("pages", nargs="*", help="pages to take pictures of, such as index.html")
    options = parser.parse_args()
    began, browser = time.monotonic(), open_browser()
    try:
        if options.pictures:
            take_pictures(browser, serve(), options.pictures, options.pages)
            return 0
        faults = check(browser, serve())
    finally:
        browser.quit()
    print("\n".join(faults) or "no fault", f"\n{len(faults)} faults in {time.monotonic() - began:.0f} s")
    return len(faults)


if __name__ == "__main__":
    sys.exit(bool(main()))
