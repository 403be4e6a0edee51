"""The page of `buildbrake replay --html`, driven in a headless Chromium.

`make page-test` first writes the page, for made-up histories.
"""

import os
import shutil
from pathlib import Path

import pytest

from browser import browser

PAGES = Path(os.environ["BUILDBRAKE_PAGES"])
HOSTILE = """</script><img src=x onerror="document.title='run'">&lt;{project}"""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    profile = tmp_path_factory.mktemp("profile")
    with browser(profile) as running:
        yield running
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture
def open_page(chromium):
    """Opens a page. At the end, asserts that nothing was blocked, reported or requested."""
    opened = []

    def open_one(name, **looks):
        page = chromium.open(PAGES / f"{name}.html", **looks)
        opened.append((page, (PAGES / f"{name}.html").as_uri()))
        return page

    yield open_one
    for page, uri in opened:
        assert page.complaints() == []
        assert page.requests() == [uri]


def column(page, table, index):
    """The texts of a column in the rows that are shown."""
    rows = f"[...document.querySelectorAll('#{table} tbody tr')]"
    return page.run(f"{rows}.map((row) => row.cells[{index}].textContent)")


def count(page, table):
    return page.run(f"document.querySelector('#{table} .count').textContent")


def sort_button(table, index):
    return f"#{table} th:nth-child({index + 1}) button"


def is_open(page):
    return page.run("document.getElementById('build').open")


def test_the_page_of_a_million_builds_is_small_and_complete(open_page):
    page = open_page("million")
    # The time is printed and not checked, since a busy machine takes many times as long.
    page.until("performance.getEntriesByName('first-contentful-paint').length === 1")
    paint = page.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    size = (PAGES / "million.html").stat().st_size
    print(f"\nthe page of 1,000,000 builds: {size / 1e6:.1f} MB, first paint after {paint:.0f} ms")
    assert size <= 5_000_000
    assert page.run("document.querySelector('#tiles dd').textContent") == "1,000,000"
    assert count(page, "list").startswith("5,000 of 5,000, ")


def test_the_overview_shows_the_totals(open_page):
    page = open_page("million")
    data = page.run("JSON.parse(document.getElementById('data').textContent)")
    tiles = dict(page.run(
        "[...document.querySelectorAll('#tiles > div')]"
        ".map(({ children: [name, number] }) => [name.textContent, number.textContent])"
    ))
    outcomes = data["outcomes"]
    assert sum(outcomes.values()) == 1_000_000
    for name, number in [
        ("Judged", data["judged"]), ("Would be stopped", outcomes["stopped"]), ("Reported", outcomes["reported"]),
        ("Protected", outcomes["protected"]), ("If every rule were enforced", data["ifEnforced"]["stopped"]),
        ("Undecided", data["undecided"]),
    ]:
        assert tiles[name] == f"{number:,}", name
    assert tiles["Money saved"] == f"${data['usd']:,.2f}"
    assert tiles["Time saved"] == f"{data['minutes'] / 60:,.0f} h"
    successes = page.run("document.querySelector('#successes strong').textContent")
    assert successes == f"{data['stoppedSuccesses']['builds']:,} builds that succeeded would have been stopped."
    idle = page.run("[...document.querySelectorAll('#idle .card')].map((card) => card.textContent)")
    assert idle[0] == "Rules that never firedmax-queue"
    assert "migration-2025" in idle[1] and "nightly-*" not in idle[1]
    assert "--account" in column(page, "unknown", 3)[0]


def test_the_charts_show_all_builds(open_page):
    page = open_page("million")
    bars = lambda index: page.run(
        f"Chart.getChart(document.querySelectorAll('canvas')[{index}]).data.datasets"
        ".map(({ data }) => data.reduce((sum, builds) => sum + builds, 0))"
    )
    stopped = sum(int(text.replace(",", "")) for text in column(page, "accounts", 2))
    for index in [0, 3]:
        assert bars(index) == [stopped, 1_000_000 - stopped]
    broken = [int(text.replace(",", "")) for text in column(page, "rules", 1)]
    assert sum(bars(1)) == sum(broken)


def test_a_table_is_sorted_by_its_headings(open_page):
    page = open_page("million")
    state = "document.querySelector('#projects th:nth-child({0})').getAttribute('aria-sort')"
    numbers = lambda: [int(text.replace(",", "")) for text in column(page, "projects", 1)]
    assert page.run(state.format(2)) == "none"
    page.click(sort_button("projects", 1))
    assert page.run(state.format(2)) == "descending"
    assert numbers() == sorted(numbers(), reverse=True)
    page.click(sort_button("projects", 1))
    assert page.run(state.format(2)) == "ascending"
    assert numbers() == sorted(numbers())
    page.click(sort_button("projects", 0))
    assert page.run(state.format(2)) == "none"
    assert column(page, "projects", 0) == sorted(column(page, "projects", 0))


def test_the_builds_are_filtered(open_page):
    page = open_page("million")
    page.click("#list input[type=search]")
    page.write("fraud-model")
    page.until("document.querySelector('#list .count').textContent.match(/^[0-9,]+ /)[0] !== '5,000 '")
    assert all(text.startswith("fraud-model:") for text in column(page, "list", 0))
    page.run("document.getElementById('filter-outcome').value = 'stopped'")
    page.run("document.getElementById('filter-outcome').dispatchEvent(new Event('change'))")
    assert set(column(page, "list", 5)) == {"stopped"}
    page.click("#filter-succeeded")
    assert set(column(page, "list", 4)) == {"SUCCEEDED"}
    page.run("document.querySelector('#list input[type=search]').select()")
    page.write("no such build")
    page.until("document.querySelector('#list tbody').textContent === 'Nothing to show.'")


def test_the_builds_come_in_pages(open_page):
    page = open_page("million")
    first = column(page, "list", 0)
    page.click("#list .pager button:last-child")
    second = column(page, "list", 0)
    assert len(first) == len(second) == 25
    assert not set(first) & set(second)
    page.click("#list .pager button")
    assert column(page, "list", 0) == first


@pytest.mark.parametrize(("table", "shown"), [("rules", 6), ("projects", 0), ("initiators", 2)])
def test_a_row_leads_to_its_builds(open_page, table, shown):
    page = open_page("million")
    name = column(page, table, 0)[0]
    page.click(f"#{table} tbody button")
    builds = column(page, "list", shown)
    assert builds and all(name in text for text in builds)
    assert page.run("document.activeElement.id") == "builds"


def test_the_successes_lead_to_their_builds(open_page):
    page = open_page("million")
    page.click("#successes button")
    assert set(column(page, "list", 4)) == {"SUCCEEDED"}
    assert set(column(page, "list", 5)) == {"stopped"}


def test_a_bar_leads_to_its_builds(open_page):
    page = open_page("million")
    page.run("document.querySelectorAll('canvas')[1].scrollIntoView({block: 'center', behavior: 'instant'})")
    bar = page.run(
        "(() => { const canvas = document.querySelectorAll('canvas')[1];"
        "const { x, y } = canvas.getBoundingClientRect();"
        "const bar = Chart.getChart(canvas).getDatasetMeta(1).data[0];"
        "return [x + (bar.x + bar.base) / 2, y + bar.y]; })()"
    )
    page.click_at(*bar)
    rule = page.run("Chart.getChart(document.querySelectorAll('canvas')[1]).data.labels[0]")
    page.until("document.getElementById('filter-rule').value !== ''")
    assert page.run("document.getElementById('filter-rule').value") == rule


def test_the_charts_show_one_rule(open_page):
    page = open_page("million")
    rule = page.run("document.querySelector('#charted option:nth-child(2)').value")
    page.run("document.querySelector('#charted').selectedIndex = 1")
    page.run("document.querySelector('#charted').dispatchEvent(new Event('change'))")
    captions = page.run("[...document.querySelectorAll('figcaption')].map((caption) => caption.textContent)")
    assert captions[0] == f"Builds that break {rule} by day"
    broken = column(page, "rules", 1)[column(page, "rules", 0).index(rule)]
    shown = page.run(
        "Chart.getChart(document.querySelector('canvas')).data.datasets"
        ".flatMap(({ data }) => data).reduce((sum, builds) => sum + builds)"
    )
    assert f"{shown:,}" == broken


def test_a_build_opens_and_closes_by_keyboard(open_page):
    page = open_page("million")
    page.run("document.querySelector('#list tbody button').focus({ preventScroll: true })")
    page.press("Enter")
    page.until("document.getElementById('build').open")
    details = page.run("document.getElementById('build').textContent")
    for expected in ["Why each rule decided", "Initiator", "arn:aws:codebuild:", "max-one-hour", "passes max-duration 1h", "found: "]:
        assert expected in details
    page.press("Escape")
    page.until("!document.getElementById('build').open")
    assert page.run("document.activeElement === document.querySelector('#list tbody button')")


def test_a_click_on_a_row_opens_its_build(open_page):
    page = open_page("million")
    page.click("#list tbody tr:nth-child(3) td:nth-child(2)")
    assert is_open(page)
    page.click("#close")
    assert not is_open(page)


def test_everything_is_reached_by_the_tab_key(open_page):
    page = open_page("million")
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    page.press("Enter")
    page.until("document.activeElement.id === 'builds'")
    page.press("Tab")
    assert page.run("document.activeElement.type") == "search"
    outline = page.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_page_is_dark_where_the_system_is(open_page):
    page = open_page("million")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.run(background) == "rgb(246, 247, 249)"
    assert page.run("Chart.defaults.color") == "#1a2230"
    page.show(1280, 900, dark=True)
    page.until(f"{background} === 'rgb(17, 22, 29)'")
    page.until("Chart.defaults.color === '#e4e9f0'")


@pytest.mark.parametrize("name", ["million", "hostile", "empty"])
def test_the_page_fits_a_phone(open_page, name):
    page = open_page(name, **PHONE)
    assert page.run("document.documentElement.scrollWidth") == PHONE["width"]
    if name != "empty":
        page.run("document.querySelector('#list tbody button').click()")
        assert page.run("document.getElementById('build').scrollWidth <= innerWidth")


def test_the_page_prints(open_page):
    page = open_page("million", dark=True)
    pdf = page.call("Page.printToPDF", printBackground=True)["data"]
    assert len(pdf) > 10_000
    assert page.run("document.querySelectorAll('canvas').length") == 4


def test_hostile_names_are_text(open_page):
    page = open_page("hostile")
    for table in ["projects", "rules"]:
        assert HOSTILE in column(page, table, 0)
    page.run("document.querySelectorAll('#list tbody button')[1].click()")
    # The id, the status, the initiator, the branch, the reference, the account, the region, the ARN with these two
    # and the id, a rule and its reason.
    assert page.run("document.getElementById('build').textContent").count(HOSTILE) == 12
    page.run("document.getElementById('close').click()")
    page.run("document.querySelector('#projects tbody button').click()")
    assert HOSTILE in page.run("document.querySelector('#list .chip').textContent")
    assert page.run("document.title") == "policy.yaml: buildbrake replay"
    assert page.run("document.images.length") == 0
    assert page.run("document.scripts.length") == 3


def test_a_script_that_is_not_the_pages_own_does_not_run(chromium, tmp_path):
    """The content security policy holds even where the page's escaping would not."""
    text = (PAGES / "empty.html").read_text()
    changed = tmp_path / "changed.html"
    run = "document.title = 'run'"
    script = f"<script>{run}</script><img src='https://example.com/x.png' onerror=\"{run}\">"
    changed.write_text(text.replace("<footer>", f"<footer>{script}"))
    page = chromium.open(changed)
    assert page.run("document.title") == "policy.yaml: buildbrake replay"
    assert len(page.complaints()) >= 2
    with pytest.raises(RuntimeError):
        page.run("document.body.innerHTML = '<p>'")
