"""The pages of docs/tasks: each command block runs, in order, in a folder like a checkout.

AWS is ministack, with the testkit's CodeBuild, which has past and running builds. `sam` is a script that runs the real
one, with two exceptions: it does not run `sam build`, which would compile the function, but uses the tests' build, and
it answers the questions of `sam deploy --guided`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from codebuild import codebuild, history
from local_aws import ROOT, TARGET, Buildbrake, Project, local_aws
from pages import blocks
from samtranslator.yaml_helper import yaml_parse

PAGES = sorted((ROOT / "docs/tasks").glob("*.md"))

SAM = """#!/bin/sh
[ "$1" = build ] && exec cp policy/policy.yaml {built}/policy
[ "$1" = remote ] && exec {sam} "$@"
shift
# `sam deploy --guided` saves its answers, for later deployments.
saved="--stack-name buildbrake"
for argument; do
  shift
  if [ "$argument" = --guided ]; then saved=; else set -- "$@" "$argument"; fi
done
exec {sam} deploy $saved --template-file {template} --resolve-s3 \\
  --capabilities CAPABILITY_IAM --no-progressbar --no-fail-on-empty-changeset "$@"
"""


def steps(file, text):
    """The commands that a file of a CI system runs."""
    content = yaml_parse(text)
    if file == ".gitlab-ci.yml":
        jobs = [job for job in content.values() if "script" in job]
        return [command for job in jobs for command in job["before_script"] + job["script"]]
    if file.startswith(".github/workflows/"):
        jobs = content["jobs"].values()
        return [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    return []


@pytest.fixture(scope="module")
def checkout():
    """The resources of a deployment, and the programs that the pages use."""
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)), codebuild(Path(folder), history(400)) as builds:
        folder = Path(folder)
        stack = Buildbrake(folder)
        stack.project = Project()
        builds.start("main")
        os.environ["AWS_ENDPOINT_URL_CODEBUILD"] = builds.url
        programs = folder / "bin"
        programs.mkdir()
        shutil.copy(TARGET / "debug/buildbrake", programs)
        sam = programs / "sam"
        sam.write_text(SAM.format(sam=Path(sys.executable).with_name("sam"), template=stack.template, built=stack.built))
        sam.chmod(0o755)
        tools = Path(sys.executable).parent
        os.environ["PATH"] = f"{programs}:{tools}:{os.environ['PATH']}"
        yield stack


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_the_page_runs(checkout, page):
    work = checkout.folder / page.stem
    shutil.copytree(ROOT / "policy", work / "policy")
    shutil.copytree(ROOT / "events", work / "events")
    commands = 0

    def run(script):
        nonlocal commands
        commands += 1
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=work, capture_output=True, text=True)
        print(script, done.stdout, done.stderr, sep="\n")
        assert done.returncode == 0, script
        return done.stdout

    for language, text in blocks(page.read_text()):
        if named := re.match(r"# (\S+\.ya?ml)\n", text):
            file = work / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            # buildbrake is installed here.
            for step in steps(named[1], text):
                if "cargo install" not in step:
                    run(step)
        if language == "sh":
            printed = run(text)
            if "filter-log-events" in text:
                # The rule and the project of the build that was reported.
                assert re.search(rf"^ *1 \S+ {checkout.project.name}$", printed, re.M), printed
        if "--guided" in text:
            # A build of main that breaks the learned limit, as the function sees it: the log has a record.
            checkout.outputs = outputs(checkout)
            checkout.mount_layers()
            _, event = checkout.project.start("main", timeout=600)
            checkout.invoke(event)
    assert commands >= 2


def outputs(stack):
    (found,) = stack.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
