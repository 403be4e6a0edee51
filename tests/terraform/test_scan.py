"""Checks that Terraform still makes the plan that the tests of `buildbrake scan` read from `scan/`.

`python tests/terraform/test_scan.py` writes `scan/plan.json` and `scan/state.json` anew.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SCAN = Path(__file__).parent / "scan"
ROOT = Path(__file__).parents[2]

# The members that change with each run, or with the machine.
LEFT_OUT = ["timestamp", "terraform_version"]


def made_anew(folder, mirror):
    """The plan of the configuration, and the state that it starts from, as `terraform show -json` prints them."""
    shutil.copytree(SCAN, folder / "scan")
    shutil.copy(SCAN / "old.tfstate", folder / "scan/terraform.tfstate")
    (folder / "terraformrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    environment = os.environ | {
        "TF_CLI_CONFIG_FILE": str(folder / "terraformrc"),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }

    def run(*arguments):
        result = subprocess.run(
            ["terraform", *arguments], cwd=folder / "scan", env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run("init", "-input=false")
    run("plan", "-input=false", "-refresh=false", "-out=plan")
    shown = {"plan.json": run("show", "-json", "plan"), "state.json": run("show", "-json", "terraform.tfstate")}
    return {
        name: {key: value for key, value in json.loads(text).items() if key not in LEFT_OUT}
        for name, text in shown.items()
    }


def scanned(file):
    """The findings of `scan`, without the file's name."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    command = [target / "debug/buildbrake", "scan", "--policy", SCAN / "policy.yaml", "--format", "json"]
    result = subprocess.run([*command, "--terraform", file], capture_output=True, text=True)
    assert result.returncode == 1, result.stderr
    found = json.loads(result.stdout)
    assert found["projects"]
    return [project | {"file": None} for project in found["projects"]]


def test_the_plan_is_one_that_terraform_makes():
    with tempfile.TemporaryDirectory() as folder:
        for name, shown in made_anew(Path(folder), os.environ["TERRAFORM_MIRROR"]).items():
            file = Path(folder) / name
            file.write_text(json.dumps(shown))
            assert scanned(file) == scanned(SCAN / name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for name, shown in made_anew(Path(folder), sys.argv[1]).items():
            (SCAN / name).write_text(json.dumps(shown, indent=1) + "\n")
