"""The pages as a browser shows them: everything is there, nothing is fetched, nothing is wider than the window."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from snakemake_calls import Workflow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=1400,900"),
]
PAGES = ("silicon/report.html", "index.html")

# The page stands in a frame of the width of a screen; what is wrong with it is collected from its first line on.
WATCH = """<script>
var wrong = [];
addEventListener("error", event => wrong.push("error: " + (event.message || event.target.outerHTML)), true);
addEventListener("securitypolicyviolation", event => wrong.push("fetch: " + event.blockedURI));
var told = console.error; console.error = (...words) => { wrong.push("console: " + words.join(" ")); told(...words); };
addEventListener("load", () => parent.postMessage({
  wrong: wrong,
  fetched: performance.getEntriesByType("resource").map(entry => entry.name).filter(name => !name.startsWith("data:")),
  width: innerWidth,
  content: document.documentElement.scrollWidth,
  images: [...document.images].map(image => [image.complete, image.naturalWidth, image.alt.length, image.clientWidth]),
  heading: document.querySelector("h1").innerText,
}, "*"));
</script>"""
HOST = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre>
<script>addEventListener("message", event => {{
  document.getElementById("seen").textContent = JSON.stringify(event.data);
}});</script>
<iframe src="{page}" width="{width}" height="800" style="border: 0"></iframe>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("page", PAGES)
def test_page_is_whole_and_fits(finished: Workflow, tmp_path: Path, page: str, width: int) -> None:
    text = (finished.folder / "results" / page).read_text()
    seen = look(text, width, tmp_path)
    assert seen["wrong"] == []
    assert seen["fetched"] == []
    assert seen["width"] == width
    assert seen["content"] <= width
    assert len(seen["images"]) == text.count("<img ") > 0
    assert all(complete and natural and alternative for complete, natural, alternative, _ in seen["images"])
    assert all(shown <= width for *_, shown in seen["images"])
    assert "hermal conductivit" in seen["heading"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ('<img src="http://127.0.0.1:9/x.svg" alt="x">', "fetch: http://127.0.0.1:9/x.svg"),
        ('<img src="data:image/svg+xml;base64,AAAA" alt="x">', "error: "),
        ("<script>undefined_name()</script>", "error: "),
    ],
    ids=["fetch", "broken image", "error"],
)
def test_a_fault_would_be_seen(finished: Workflow, tmp_path: Path, fault: str, expected: str) -> None:
    text = (finished.folder / "results/index.html").read_text().replace("</main>", f"{fault}</main>")
    assert any(one.startswith(expected) for one in look(text, 400, tmp_path)["wrong"])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
def test_what_is_too_wide_would_be_seen(finished: Workflow, tmp_path: Path) -> None:
    text = (
        (finished.folder / "results/index.html").read_text().replace("</main>", "<p>" + "&nbsp;" * 900 + "</p></main>")
    )
    text = text.replace("overflow-wrap: break-word", "overflow-wrap: normal")
    assert look(text, 400, tmp_path)["content"] > 400


def look(text: str, width: int, folder: Path) -> dict[str, Any]:
    """What a browser reports of a page in a window of that width."""
    watched = text.replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
    assert watched != text
    (folder / "page.html").write_text(watched.replace("<head>", f"<head>{WATCH}", 1))
    (folder / "host.html").write_text(HOST.format(page="page.html", width=width))
    command = [
        CHROMIUM or "",
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, f"file://{folder / 'host.html'}"], capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="seen">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    seen: dict[str, Any] = json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    return seen
