"""What code hosts run: the workflow and the development container; as far as that can be checked without them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import PROJECT

WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def program(name: str) -> str:
    """A program of this environment, or of the system; skips where there is none."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: 'pip install {name}-py' loads it from its own site")
    return found


def workflow() -> dict[str, Any]:
    data = yaml.load((PROJECT / ".github/workflows/ci.yml").read_text(encoding="utf-8"), yaml.BaseLoader)
    assert isinstance(data, dict)
    return data


def test_zizmor_finds_nothing() -> None:
    command = [program("zizmor"), "--offline", "--persona=pedantic", "--no-progress", *map(str, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run([program("actionlint"), *map(str, WORKFLOWS)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_actions_are_pinned_and_may_do_little() -> None:
    text = (PROJECT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used), used
    assert workflow()["permissions"] == {}
    asked = {name: job["permissions"] for name, job in workflow()["jobs"].items()}
    writing = {name for name, each in asked.items() if "write" in each.values()}
    assert writing == {"newest"} and asked["newest"] == {"contents": "read", "issues": "write"}


def test_every_system_and_python_is_tried() -> None:
    matrix = workflow()["jobs"]["test"]["strategy"]["matrix"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    (monthly,) = workflow()["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \d+ \* \*", monthly["cron"])
    for job in workflow()["jobs"].values():
        for name in re.findall(r"tests/test_\w+\.py", json.dumps(job)):
            assert (PROJECT / name).is_file()


def test_the_container_runs_the_two_commands_of_the_readme() -> None:
    container = json.loads((PROJECT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    lines = re.findall(r"^\$ (.+?)(?: +#.*)?$", README, re.MULTILINE)[:2]
    first, (install, grade) = lines[0], lines[1].split(" && ")
    assert container["postCreateCommand"] == f"{first} && {install} && {{ {grade} || [ $? -eq 1 ]; }}"
    tools = container["customizations"]["vscode"]
    wanted = json.loads((PROJECT / ".vscode/extensions.json").read_text(encoding="utf-8"))["recommendations"]
    assert tools["extensions"] == wanted
    # The names that a file of this kind knows (containers.dev, "Dev Container metadata reference").
    known = {"name", "image", "postCreateCommand", "remoteEnv", "forwardPorts", "portsAttributes", "customizations"}
    assert set(container) == known
    assert re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:3\.1[1-4]", container["image"])


def test_a_shell_takes_the_containers_command(tmp_path: Path) -> None:
    """On a fresh checkout everything is to do, which is no failure; anything else that goes wrong is one."""
    command = json.loads((PROJECT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))["postCreateCommand"]
    (tmp_path / "stand-ins").mkdir()
    for name, status in (("python", 0), ("pip", 0), ("pytest", 1)):
        file = tmp_path / "stand-ins" / name
        file.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/told\nexit ${{{name.upper()}:-{status}}}\n')
        file.chmod(0o755)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text("")
    for failing, status in ((), 0), (("PIP", "2"), 2), (("PYTEST", "4"), 1), (("PYTEST", "0"), 0):
        environment = {"PATH": f"{tmp_path}/stand-ins:/usr/bin:/bin", **dict([failing] if failing else [])}
        done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env=environment, timeout=60)
        assert done.returncode == status, failing
    told = (tmp_path / "told").read_text().splitlines()[:3]
    assert told == ["python -m venv .venv", "pip install -e . -c constraints.txt", "pytest grader"]
