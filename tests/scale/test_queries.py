"""The DuckDB statements of docs/scale.md, over the output of the command line.

Their results are compared with the summary of the same replay.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")

POLICY = """
version: 1
mode: enforce
never-stop: [project-00*]
prices: { LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005, LINUX_CONTAINER/BUILD_GENERAL1_LARGE: 0.02 }
rules:
  - { id: long-builds, reason: Too long., max-duration: 10m }
  - { id: protected-branches, reason: Not yours., forbidden-branches: [main, release/*] }
  - { id: large-compute, reason: Too large., mode: report, forbidden-compute: [BUILD_GENERAL1_2XLARGE] }
  - { id: newest, reason: Superseded., only-newest-per: [project] }
"""


def statements():
    """The page's SQL statements that are marked as tested, by their names."""
    page = (ROOT / "docs/scale.md").read_text()
    return dict(re.findall(r"<!-- tested: (\S+) -->\n```sql\n(.*?)```", page, re.DOTALL))


def replay(*arguments):
    program = [TARGET / "debug/buildbrake", "replay", "--policy", "policy.yaml", *arguments]
    return subprocess.run(program, check=True, capture_output=True).stdout


def superseding(line):
    """A build of the same project that starts ten seconds after this one."""
    build = json.loads(line)
    for name in ["id", "arn"]:
        build[name] = build[name][:-12] + 12 * "0"
    build["startTime"] += 10
    return json.dumps(build)


def elsewhere(line):
    """A build as it would be in another account."""
    return line.replace(":111122223333:", ":444455556666:")


def project(line):
    """The project of a build, which names the branch that the build leaves out."""
    build = json.loads(line)
    arn = build["arn"].replace(":build/", ":project/").rsplit(":", 1)[0]
    source = {"type": "GITHUB", "location": "https://github.com/example/shop.git"}
    return json.dumps({"name": build["projectName"], "arn": arn, "source": source, "sourceVersion": "main"})


def event(line):
    """An event of a build, with another branch."""
    build = json.loads(line)
    event = json.loads((ROOT / "events/forbidden-branch.json").read_text())
    event["resources"] = [build["arn"]]
    event["region"] = build["arn"].split(":")[3]
    event["detail"] |= {"build-id": build["arn"], "project-name": build["projectName"]}
    return json.dumps(event)


@pytest.fixture(scope="module")
def sql():
    return statements()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working directory with a policy and a history. The names are those of the page."""
    folder = tmp_path_factory.mktemp("replay")
    before = Path.cwd()
    os.chdir(folder)
    Path("policy.yaml").write_text(POLICY)
    for name in ["history", "records"]:
        Path(name).mkdir()
    made = [TARGET / "debug/buildbrake-testkit", "history", "--builds", "500"]
    history = subprocess.run(made, check=True, capture_output=True, text=True).stdout.splitlines()
    history += map(superseding, history[:100])
    history[400:450] = map(elsewhere, history[400:450])
    Path("history/builds.ndjson").write_text("\n".join(history))
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def summary(folder):
    return json.loads(replay("--format", "json", "history"))


@pytest.fixture(scope="module")
def tables(folder, sql):
    """A database with the page's views."""
    Path("records/builds.ndjson").write_bytes(replay("--format", "ndjson", "history"))
    database = duckdb.connect()
    database.execute(sql["views"])
    return database


def test_every_statement_is_tested(sql):
    assert sql.keys() == {
        "divide", "views", "rules-by-day", "stopped-successes", "saved-by-rule", "unknown-facts", "by-account",
    }


def test_stops_by_rule_and_day(tables, sql, summary):
    found = tables.execute(sql["rules-by-day"]).fetchall()
    expected = [
        (rule, day, share["builds"], share["stopped"])
        for rule, of_rule in summary["rules"].items()
        for day, share in of_rule["byDay"].items()
    ]
    assert {rule for rule, *_ in found} == {"long-builds", "protected-branches", "large-compute", "newest"}
    assert found == sorted(expected)


def test_builds_by_account_and_region(tables, sql, summary):
    found = {f"{account}/{region}": totals for account, region, *totals in tables.execute(sql["by-account"]).fetchall()}
    assert found.keys() == summary["byAccount"].keys()
    assert {place.split("/")[0] for place in found} == {"111122223333", "444455556666"}
    for place, (builds, stopped, minutes, usd) in found.items():
        of_place = summary["byAccount"][place]
        assert (builds, stopped) == (of_place["builds"], of_place["stopped"])
        assert minutes == pytest.approx(of_place["minutes"])
        assert usd == pytest.approx(of_place["usd"])


def test_builds_that_succeeded_and_would_have_been_stopped(tables, sql, summary):
    found = {project: totals for project, *totals in tables.execute(sql["stopped-successes"]).fetchall()}
    assert sum(builds for builds, *_ in found.values()) == summary["stoppedSuccesses"]["builds"]
    # This summary does not count them by project; the summary of a project's own builds does.
    lines = Path("history/builds.ndjson").read_text().splitlines()
    for project, (builds, minutes, usd) in list(found.items())[:5]:
        Path("project.ndjson").write_text("\n".join(line for line in lines if f'"{project}"' in line))
        of_project = json.loads(replay("--format", "json", "project.ndjson"))["stoppedSuccesses"]
        assert of_project["builds"] == builds
        assert sum(example["minutes"] for example in of_project["examples"]) == pytest.approx(minutes)
        # A sum of nothing but unknown amounts is NULL. The summary counts such builds under `unpriced`.
        assert sum(example["usd"] for example in of_project["examples"]) == pytest.approx(usd or 0)


def test_what_each_rule_saves(tables, sql, summary):
    found = tables.execute(sql["saved-by-rule"]).fetchall()
    assert {rule for rule, *_ in found} == summary["rules"].keys()
    for rule, builds, minutes, usd in found:
        of_rule = summary["rules"][rule]
        assert builds == of_rule["broken"]
        assert minutes == pytest.approx(of_rule["minutes"])
        assert (usd or 0) == pytest.approx(of_rule["usd"])


def test_unknown_facts(tables, sql, summary):
    found = {
        missing: (builds, sorted(rules))
        for missing, builds, rules in tables.execute(sql["unknown-facts"]).fetchall()
    }
    assert found == {fact: (of_fact["builds"], of_fact["rules"]) for fact, of_fact in summary["unknown"].items()}
    assert len(found) > 1


def test_the_shards_add_up_to_the_whole_history(folder, sql, tmp_path, monkeypatch):
    """Builds, events, records and projects are in different files, and each needs the others."""
    builds = Path("history/builds.ndjson").read_text().splitlines()
    records = replay("--format", "ndjson", "history")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    Path("history/events.ndjson").write_text("\n".join(map(event, builds[:200])))
    Path("history/projects.ndjson").write_text("\n".join({project(line) for line in builds}))
    Path("history/records.ndjson").write_bytes(records)
    duckdb.connect().execute(sql["divide"])
    shards = sorted(Path("shards").iterdir())
    assert 32 < len(shards) <= 64
    assert all(len(list(shard.iterdir())) == 1 for shard in shards)
    for shard in shards:
        Path(f"{shard.name}.json").write_bytes(replay("--format", "json", shard))
    merge = [TARGET / "debug/buildbrake", "replay", "--format", "json", "--merge", *Path().glob("shard=*.json")]
    merged = json.loads(subprocess.run(merge, check=True, capture_output=True).stdout)
    assert merged == json.loads(replay("--format", "json", "history"))
    assert merged["judged"] == len(builds)
