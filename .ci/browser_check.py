"""Open every page of the documentation site in headless Chromium; fail if a page has a fault.

python .ci/browser_check.py build/site

Of the pages about the Rust crate, only the first one is opened.

A fault is an error on the console, a file that is missing, a request to another host, or a
search that does not find `most_similar`. The site is served below the path of `site_url` in
mkdocs.yml, with a versions.json beside it, as `mike` writes it. Chromium and its driver are
Debian's packages chromium and chromium-driver.
"""

import functools
import json
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

VERSION = "glove-rs"
LIMIT = 300  # seconds; catches a browser that hangs


class Handler(SimpleHTTPRequestHandler):
    """Serve a folder below `/glove-rs/`, and the list of versions above it."""

    missing: list[str] = []  # noqa: RUF012 - one list for all requests

    def do_GET(self) -> None:
        if self.path == "/versions.json":
            body = json.dumps([{"version": VERSION, "title": VERSION, "aliases": []}]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)
        elif self.path.startswith(f"/{VERSION}/"):
            self.path = self.path.removeprefix(f"/{VERSION}")
            super().do_GET()
        else:
            self.send_error(404)

    def send_error(self, code: int, *arguments: object, **more: object) -> None:
        self.missing.append(self.path)
        super().send_error(code, *arguments, **more)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{switch}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, Service(shutil.which("chromedriver")))


def faults(driver: webdriver.Chrome, home: str) -> list[str]:
    """Return the errors on the console and the requests to other hosts since the last call."""
    found = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith((home, "data:", "blob:")):
                found.append(f"request to another host: {url}")
    return found


def main() -> None:
    site = Path(sys.argv[1]).resolve()
    pages = sorted(
        page
        for page in site.rglob("*.html")
        # rustdoc writes many pages. Only the first of them is opened.
        if not page.is_relative_to(site / "rust") or page == site / "rust/glove_rs/index.html"
    )
    assert site / "rust/glove_rs/index.html" in pages, "the documentation of the crate is missing"
    assert len(pages) > 20, f"{site} has only {len(pages)} pages"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_port}/"
    bad = []
    driver = browser()
    try:
        driver.set_page_load_timeout(LIMIT)
        for page in pages:
            Handler.missing.clear()
            path = page.relative_to(site).as_posix()
            driver.get(f"{home}{VERSION}/{path}")
            wrong = faults(driver, home) + [f"no such file: {name}" for name in Handler.missing]
            bad += [f"{path}: {fault}" for fault in wrong]
        driver.get(f"{home}{VERSION}/index.html")
        field = driver.find_element(By.CSS_SELECTOR, "[data-md-component=search-query]")
        driver.execute_script("arguments[0].focus()", field)
        field.send_keys("most_similar")
        result = "[data-md-component=search-result] a"
        WebDriverWait(driver, LIMIT).until(lambda d: d.find_elements(By.CSS_SELECTOR, result))
        bad += [f"search: {fault}" for fault in faults(driver, home)]
    finally:
        driver.quit()
        server.shutdown()
    print(f"{len(pages)} pages opened, {len(bad)} faults")
    if bad:
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
