"""Makes the screenshots of docs/html-report.md: `make screenshots`."""

import base64
import os
import tempfile
from pathlib import Path

from browser import browser

PAGE = Path(os.environ["BUILDBRAKE_PAGES"]) / "million.html"
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def save(page, name):
    page.run("new Promise((done) => setTimeout(done, 300))")
    image = page.call("Page.captureScreenshot", format="png")["data"]
    (IMAGES / f"{name}.png").write_bytes(base64.b64decode(image))


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser(profile) as chromium:
    page = chromium.open(PAGE, height=1220)
    save(page, "html-report")
    page.show(1280, 900, dark=True)
    page.run("document.querySelectorAll('#successes li button')[4].click()")
    save(page, "html-report-build-dark")
    save(chromium.open(PAGE, width=390, height=844), "html-report-phone")
