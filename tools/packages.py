"""Makes the zip files that the Terraform module deploys, out of what `sam build` and the template have.

    python packages.py BOOTSTRAP POLICY FOLDER

BOOTSTRAP is the function's program, POLICY the folder that becomes the layer. The same
content makes the same files, so that nothing is deployed without a change.
"""

import sys
import zipfile
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[1] / "template.yaml"


def archive(path, members):
    """Writes a zip file of (name, content, mode)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, mode in sorted(members):
            # The earliest time that a zip file can have.
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.external_attr = mode << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(member, content)


def packages(bootstrap, policy, folder):
    folder.mkdir(parents=True, exist_ok=True)
    archive(folder / "function.zip", [("bootstrap", bootstrap.read_bytes(), 0o755)])
    files = [file for file in policy.rglob("*") if file.is_file()]
    archive(folder / "policy.zip", [(str(file.relative_to(policy)), file.read_bytes(), 0o644) for file in files])
    check = yaml_parse(TEMPLATE.read_text())["Resources"]["DeploymentCheck"]["Properties"]["Code"]["ZipFile"]
    archive(folder / "check.zip", [("index.py", check.encode(), 0o644)])


if __name__ == "__main__":
    packages(*map(Path, sys.argv[1:4]))
