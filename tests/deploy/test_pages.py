"""The pages of docs/ and the READMEs: each command block runs here, or is listed below with the test that
runs it, or with the reason why none does. `test_tasks.py` has the pages of docs/tasks.

A page runs in a folder like a checkout, in order. AWS is ministack, with the testkit's CodeBuild.
"""

import json
import os
import re
import shutil
import subprocess

import boto3
import pytest
from codebuild import PROJECT, history
from local_aws import ACCOUNT, REGION, ROOT
from pages import blocks
from test_tasks import checkout  # noqa: F401

PAGES = ["README.md", "library/README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]

# Blocks that do not run here, by their pages and their first words.
ELSEWHERE = {
    ("README.md", "cargo run -- demo"): "the gate itself; crates/cli/tests/transcripts/demo.md runs the demo",
    ("README.md", "make package"): "it builds the function anew; the fixture starts the same ministack",
    ("docs/command-line.md", "cargo install"): "it builds the command line anew",
    ("docs/deploy.md", "make terraform-package"): "it builds the function anew; tests/terraform makes the packages",
    ("docs/deploy.md", "jq 'del(.account"): "`sam local` needs a container engine",
    ("docs/deploy.md", "queue=$("): "test_deploy.py redrives a failed event; the AWS CLI finds SQS at AWS alone",
    ("docs/deploy.md", "jq '{requestPayload"): "test_deploy.py, like the block before it",
    ("docs/organisation.md", ""): "test_organization.py",
    ("docs/scale.md", "cargo lambda build"): "test_scale.py",
    ("docs/scale.md", "run=$(aws stepfunctions"): "ministack has no map runs",
    ("docs/scan.md", "terraform plan"): "tests/terraform/test_scan.py",
    ("docs/scan.md", "buildbrake scan"): "crates/cli/tests/cli/scan.rs",
    ("library/README.md", "cp library/"): "crates/cli/tests/cli/pages.rs",
}

# Blocks of services that ministack lacks. The AWS CLI checks their arguments against its model of the service,
# but nothing listens at the endpoint.
CHECKED = [
    ("docs/deploy.md", "aws deploy create-deployment"),
    ("docs/organisation.md", "aws cloudformation create-stack-set --stack-set-name buildbrake-member"),
    ("docs/organisation.md", "aws cloudformation deploy"),
    ("docs/prevention.md", "aws organizations create-policy"),
]

# Names that differ between the pages and the tests.
NAMES = {"--project-name shop ": f"--project-name {PROJECT} "}


def is_listed(page, text, listed):
    return any(page == other and text.startswith(start) for other, start in listed)


def commands(page):
    return [text for language, text in blocks((ROOT / page).read_text()) if language == "sh"]


def test_every_listed_block_exists():
    listed = [*ELSEWHERE, *CHECKED]
    missing = [(page, start) for page, start in listed if not any(text.startswith(start) for text in commands(page))]
    assert missing == []


def prepared(checkout, page):
    """A folder with the files that the commands of the page read."""
    work = checkout.folder / page.replace("/", "-")
    for folder in ("policy", "events", "org", "tools"):
        shutil.copytree(ROOT / folder, work / folder)
    shutil.copy(ROOT / "policy/policy.yaml", work / "policy.yaml")
    # No build is in two folders.
    folders = ["builds", "2026-01", "2026-02", "shards/shard=0", "shards/shard=1"]
    builds = [json.dumps(build) for build in history(100)]
    for index, folder in enumerate(folders):
        (work / folder).mkdir(parents=True)
        (work / folder / "builds.ndjson").write_text("\n".join(builds[index :: len(folders)]))
    built = work / ".aws-sam/build"
    built.mkdir(parents=True)
    shutil.copy(ROOT / "template.yaml", built / "template.yaml")
    home = checkout.folder / ".aws"
    home.mkdir(exist_ok=True)
    (home / "config").write_text(f"[profile prod]\nregion = {REGION}\n")
    (home / "credentials").write_text(f"[prod]\naws_access_key_id = {ACCOUNT}\naws_secret_access_key = unchecked\n")
    return work


def have_a_role(_):
    role = {"Version": "2012-10-17", "Statement": []}
    boto3.client("iam").create_role(RoleName="Developer", AssumeRolePolicyDocument=json.dumps(role))


def have_no_project(checkout):
    checkout.project.client.delete_project(name="shop-api")


# The preparations for a block.
BEFORE = {"aws codebuild create-project": have_no_project, "aws iam create-policy": have_a_role}

# The last words that the pages promise.
PROMISED = {"aws codebuild create-project": '"STOPPED"'}


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_every_command_of_the_page_runs(checkout, page):  # noqa: F811
    work = prepared(checkout, page)
    environment = dict(os.environ)
    if page == "README.md":
        # This page uses ministack's own CodeBuild.
        del environment["AWS_ENDPOINT_URL_CODEBUILD"]
    # Blocks of a page share their variables.
    shared = ""
    for text in commands(page):
        if is_listed(page, text, CHECKED):
            check(text, work, environment)
            continue
        if is_listed(page, text, ELSEWHERE):
            continue
        for name, other in NAMES.items():
            text = text.replace(name, other)
        for start, prepare in BEFORE.items():
            if text.startswith(start):
                prepare(checkout)
        script = shared + text
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=work, env=environment, capture_output=True, text=True
        )
        print(script, done.stdout, done.stderr, sep="\n")
        # A sweep ends with 1 if it finds builds that break a rule.
        expected = (0, 1) if text.startswith("buildbrake sweep") else (0,)
        assert done.returncode in expected, text
        for start, last in PROMISED.items():
            if text.startswith(start):
                assert done.stdout.rstrip().endswith(last)
        shared += "".join(re.findall(r"^\w+=\$\((?:.|\n)*?\)\n", text, re.M))


def check(text, work, environment):
    """Each command has arguments that the AWS CLI accepts."""
    nobody = environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    program = "terraform() { echo '{}'; }\n"
    for command in re.sub(r"\\\n\s*", "", text).splitlines():
        done = subprocess.run(
            ["bash", "-uc", program + command], cwd=work, env=nobody, capture_output=True, text=True
        )
        assert "Could not connect to the endpoint URL" in done.stderr, f"{command}\n{done.stderr}"
