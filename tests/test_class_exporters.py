"""The exports hold to what the other programs publish about their formats, as it is written down here.

- Gradescope: the "Autograder Specifications" of its documentation, section "Output format".
- exercism: "The Test Runner Interface" of its documentation, version 3.
- JUnit: the schema ``junit-10.xsd`` of the Jenkins xUnit plugin.
- GitHub: "Adding a job summary" of its documentation: Markdown of at most 1 MiB.
- GitHub Classroom: ``src/main.js`` and ``src/notify-classroom.js`` of classroom-resources/autograding-grading-reporter.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import yaml

from grader.classroom.output.exporters import FORMATS
from grader.report import Check, Outcome, entry_of
from grader.rules import roster
from tests import PROJECT
from tests.classes import ALL, Graded, run
from tests.gradescope import GRADESCOPE

WEIGHTS = {rule.id: 1.0 for rule in roster()}
TEXT = {"type": "string"}

NULLABLE = {"type": ["string", "null"]}
EXERCISM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "status", "tests"],
    "properties": {
        "version": {"const": 3},
        "status": {"enum": ["pass", "fail", "error"]},
        "message": NULLABLE,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "status", "test_code"],
                "properties": {
                    "name": TEXT,
                    "test_code": {"type": "string", "minLength": 1},
                    "status": {"enum": ["pass", "fail", "error"]},
                    "message": NULLABLE,
                    "output": {"type": ["string", "null"], "maxLength": 500},
                    "task_id": {"type": "integer"},
                },
            },
        },
    },
    "if": {"properties": {"status": {"const": "error"}}},
    "then": {"required": ["message"], "properties": {"message": {"type": "string", "minLength": 1}}},
}
# Element: attributes (those with ! have to be there) and the children that it may have.
COUNTS = "tests failures errors time"
JUNIT = {
    "testsuites": (f"name disabled {COUNTS}", {"testsuite"}),
    "testsuite": (
        f"name! disabled skipped timestamp hostname id package file log url version group {COUNTS}".replace(
            "tests", "tests!"
        ),
        {"properties", "testcase", "system-out", "system-err", "testsuite"},
    ),
    "testcase": (
        "name! classname assertions time status class file line log group url",
        {"skipped", "error", "failure", "system-out", "system-err", "properties", "rerunFailure", "rerunError"},
    ),
    "failure": ("type message", set()),
    "error": ("type message", set()),
    "skipped": ("type message", set()),
    "system-out": ("", set()),
}


def check_junit(text: str) -> dict[str, dict[str, str]]:
    """Check a document against the schema; the status of each test case by chapter and name."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    found: dict[str, dict[str, str]] = {}
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        known = {name.rstrip("!") for name in attributes.split()}
        assert set(element.keys()) <= known, element.tag
        assert {name.rstrip("!") for name in attributes.split() if name.endswith("!")} <= set(element.keys())
        assert {child.tag for child in element} <= children
        for name in ("tests", "failures", "errors", "skipped"):
            assert re.fullmatch(r"\d+", element.get(name, "0"))
        assert re.fullmatch(r"\d+(\.\d+)?", element.get("time", "0"))
    for suite in root.findall("testsuite"):
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(name) == str(sum(case.find(kind) is not None for case in cases))
        assert all(len([child for child in case if child.tag != "system-out"]) <= 1 for case in cases)
        found[suite.get("name", "")] = {case.get("name", ""): case.get("status", "") for case in cases}
    return found


def exports(graded: Graded, name: str) -> dict[str, str]:
    files = (graded.report / "exports" / name).iterdir()
    found = {file.stem: file.read_text(encoding="utf-8") for file in files}
    assert set(found) == set(graded.expected) - {"absent"}
    return found


def test_gradescope(graded: Graded) -> None:
    for learner, text in exports(graded, "gradescope").items():
        found = json.loads(text)
        jsonschema.validate(found, GRADESCOPE)
        assert sum(test["score"] for test in found["tests"]) == sum(graded.expected[learner].points.values())
        assert sum(test["max_score"] for test in found["tests"]) == sum(ALL.values())


def test_exercism(graded: Graded) -> None:
    statuses = {}
    for learner, text in exports(graded, "exercism").items():
        found = json.loads(text)
        jsonschema.validate(found, EXERCISM)
        passed = sum(test["status"] == "pass" for test in found["tests"])
        assert passed == sum(graded.expected[learner].points.values())
        statuses[learner] = found["status"]
    assert (statuses["right0"], statuses["starter0"], statuses["broken0"]) == ("pass", "fail", "error")


def test_junit(graded: Graded) -> None:
    for learner, text in exports(graded, "junit").items():
        found = check_junit(text)
        assert {chapter: len(cases) for chapter, cases in found.items()} == ALL
        passed = {chapter: list(cases.values()).count("passed") for chapter, cases in found.items()}
        assert passed == dict.fromkeys(ALL, 0) | graded.expected[learner].points


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


def test_github(graded: Graded) -> None:
    for learner, text in exports(graded, "github").items():
        assert len(text.encode()) < 1024 * 1024
        points = sum(graded.expected[learner].points.values())
        assert f"{points} of {sum(ALL.values())} checks passed" in text
        table = [line for line in text.splitlines() if line.startswith("|")]
        assert len(table) == len(ALL) + 2 and all(line.count("|") == 4 for line in table)
        tags = Tags()
        tags.feed(text)
        assert tags.found <= {"details", "summary", "b", "code", "p", "br"}


def nasty(outcome: Outcome, text: str, printed: str = "") -> Check:
    rule = next(rule for rule in roster() if rule.id == "05_crud.list_pages")
    about = {"id": rule.id, "chapter": rule.chapter, "task": rule.task, "title": rule.title}
    return Check(outcome=outcome, observed=text, did=text, printed=printed, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["<script>|`x`\n@everyone ]]> & \x00\x1b[31m \ufffe www.x.org", "", "x" * 100_000, "# \U0001f600"]
)
@pytest.mark.parametrize("name", FORMATS)
def test_what_learners_write_breaks_no_format(name: str, text: str) -> None:
    checks = [nasty(outcome, text, text) for outcome in ("passed", "failed", "todo", "error", "blocked", "timeout")]
    made = FORMATS[name].make(f"{text[:20]}x", checks * 20, WEIGHTS)
    if name == "gradescope":
        jsonschema.validate(json.loads(made), GRADESCOPE)
    elif name == "exercism":
        jsonschema.validate(json.loads(made), EXERCISM)
        assert {test["task_id"] for test in json.loads(made)["tests"]} == {int(checks[0].task.partition(".")[2])}
    elif name == "classroom":
        jsonschema.validate(json.loads(base64.b64decode(made)), CLASSROOM)
    elif name == "junit":
        assert set(check_junit(made)) == {"05_crud"}
    else:
        assert len(made.encode()) < 1024 * 1024
        assert not any(words in made for words in ("<script", "@everyone", "www."))


def test_export_of_one_report(tmp_path: Path) -> None:
    """What a step of a workflow does with the report of ``pytest grader``."""
    report = tmp_path / "report.json"
    checks = [vars(nasty("failed", "saw this")), vars(nasty("passed", ""))]
    checks[1] |= {"id": "05_crud.list_is_ordered"}
    report.write_text(json.dumps({"schema": 1, "submission": "chapters", "checks": checks}))
    assert "1 of 2 checks passed, 1 of 2 points." in run("export", report, "--format", "github")
    jsonschema.validate(json.loads(run("export", report, "--format", "gradescope")), GRADESCOPE)
    weights = tmp_path / "weights.toml"
    weights.write_text("default = 3")
    assert "3 of 6 points" in run("export", report, "--format", "github", "--weights", weights)
    assert "cannot be read" in run("export", tmp_path / "nowhere", "--format", "github", status=2)


CLASSROOM = {
    "type": "object",
    "required": ["version", "status", "max_score", "tests"],
    "properties": {
        "version": {"const": 1},
        "status": {"enum": ["pass", "fail", "error"]},
        "max_score": {"type": "number", "minimum": 0},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "status", "score", "message", "line_no"],
                "properties": {
                    "name": TEXT,
                    "status": {"enum": ["pass", "fail", "error"]},
                    "score": {"type": "number", "minimum": 0},
                    "message": NULLABLE,
                    "line_no": {"type": "integer"},
                },
            },
        },
    },
}


def test_classroom_gives_points_for_each_rule() -> None:
    """As the reporter adds them up; and small enough for one environment variable, whatever was seen."""
    weights = {rule.id: 2.0 for rule in roster()}
    checks = [entry_of(rule, outcome="passed") for rule in roster()[:50]]
    checks += [entry_of(rule, outcome="failed", observed="\U0001f600" * 5000) for rule in roster()[50:]]
    made = FORMATS["classroom"].make("anna", checks, weights)
    found = json.loads(base64.b64decode(made))
    jsonschema.validate(found, CLASSROOM)
    assert sum(test["score"] for test in found["tests"]) == 100.0
    assert found["max_score"] == 2 * len(roster()) and found["status"] == "fail"
    assert len(made) < 128 * 1024 and made.count("\n") == 1
    alone = json.loads(base64.b64decode(FORMATS["classroom"].make("anna", checks[:50], weights)))
    assert alone["status"] == "pass"


def test_example_workflow(tmp_path: Path) -> None:
    """Its step, run here as it is written, hands the reporter what it asks for."""
    example = yaml.safe_load((PROJECT / ".github/classroom.example.yml").read_text(encoding="utf-8"))
    steps = example["jobs"]["run-autograding-tests"]["steps"]
    learner, workbook = [step["with"]["path"] for step in steps if "checkout" in step.get("uses", "")]
    step = next(step for step in steps if step.get("id") == "workbook")
    reporter = next(step for step in steps if "grading-reporter" in step.get("uses", ""))
    assert reporter["with"]["runners"].split(",") == [step["id"]]
    assert reporter["env"] == {f"{step['id'].upper()}_RESULTS": f"${{{{ steps.{step['id']}.outputs.result }}}}"}
    (tmp_path / workbook).symlink_to(PROJECT)
    shutil.copytree(PROJECT / "solutions/01_engine", tmp_path / learner / "chapters/01_engine")
    script = step["run"].replace("pytest grader ", "pytest grader/test_01_engine.py -q ")
    script = script.replace("../learner", str(tmp_path / learner))
    for name in ("report.json", "result.txt"):
        script = script.replace(name, str(tmp_path / name))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name, _, result = (tmp_path / "output").read_text().partition("=")
    found = json.loads(base64.b64decode(result))
    jsonschema.validate(found, CLASSROOM)
    assert (name, found["status"], len(found["tests"])) == ("result", "pass", ALL["01_engine"])
    assert "10 of 10 checks passed" in (tmp_path / "summary").read_text(encoding="utf-8")
