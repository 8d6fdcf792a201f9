"""What goes out of a class: grades in the platforms' own formats, late work, points by hand, feedback to hand back."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from grader import BadInput
from grader.classroom.grading.plan import plan_of
from grader.classroom.intake import Chapter, by_hand, late
from grader.classroom.intake.by_hand import ByHand
from grader.classroom.intake.roster import Learner
from grader.classroom.output import feedback_zips, giveaways, platforms
from grader.classroom.output.feedback_zips import Handout
from grader.classroom.output.lateness import lateness_of
from grader.classroom.output.marks import Marks, Terms, final_marks
from grader.classroom.output.platforms import Grades, Line
from grader.classroom.output.publish import Wanted, publish
from grader.classroom.store import Row, Store
from grader.guide import hints_for
from grader.report import entry_of
from grader.rules import CHAPTERS, roster, rules_of
from tests import PROJECT
from tests.classes import ALL, copy_code, gradebook, run

ENGINE = ALL["01_engine"]
ROSTER = """\
id,name,email,Section,submitted
anna,Anna Ångström,anna@school.example,A,2026-11-02T20:00:00+01:00
ben,Ben =Bo,ben@school.example,B,2026-11-05T08:00:00+01:00
cleo,Cleo,cleo@school.example,B,2026-11-20T08:00:00+01:00
dora,Dora,dora@school.example,A,
"""
WEIGHTS = """\
[late]
due = 2026-11-02T23:59:00+01:00
grace = 1
penalty = 10
most = 30
[late.extensions]
cleo = 16
"""
BY_HAND = """\
learner,rule,points,comment
anna,,1.5,A very clear text
ben,01_engine.url_from_environment,0.25,Found elsewhere
,01_engine.base_is_declarative,1,Withdrawn: everybody gets its point
"""


class Small:
    """Four learners, chapter 1: right, right but late, a starter, nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.report = folder, folder / "report"
        for learner, source in (("anna", "solutions"), ("ben", "solutions"), ("cleo", "chapters")):
            copy_code(PROJECT / source / "01_engine", folder / "class" / learner / "01_engine")
        for name, text in (("roster.csv", ROSTER), ("weights.toml", WEIGHTS), ("by_hand.csv", BY_HAND)):
            (folder / name).write_text(text, encoding="utf-8")
        self.said = self.grade(
            *("--roster", folder / "roster.csv", "--chapters", "1", "--weights", folder / "weights.toml"),
            *("--by-hand", folder / "by_hand.csv", "--scale", "20", "--round", "1", "--assignment", "Engines"),
            *(word for name in ("canvas", "moodle", "blackboard") for word in ("--gradebook", name)),
            *("--feedback", "moodle", "--feedback", "canvas"),
        )

    def grade(self, *options: str | Path, status: int = 0) -> str:
        return run("class", self.folder / "class", "--out", self.report, *options, status=status)

    def table(self, name: str, encoding: str = "utf-8", delimiter: str = ",") -> list[list[str]]:
        text = (self.report / name).read_bytes().decode(encoding)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("small"))


# anna: all + 1.5; ben: 0.75 less for one rule, then 2 days (one of three is grace) x 10 %; cleo: the rule
# for all, a day late after her extension and the grace; dora handed in nothing.
TOTALS = {"anna": ENGINE + 1.5, "ben": (ENGINE - 0.75) * 0.8, "cleo": 0.9, "dora": 0.0}
GRADES = {name: f"{round(total * 20 / ENGINE + 1e-9, 1):g}" for name, total in TOTALS.items()}


def test_totals_are_as_computed(small: Small) -> None:
    rows = gradebook(small.report)
    assert {name: float(row["total"]) for name, row in rows.items()} == pytest.approx(TOTALS)
    assert {name: row["grade"] for name, row in rows.items()} == GRADES
    assert rows["ben"]["days_late"] == "3" and rows["anna"]["days_late"] == "0"
    assert rows["ben"]["late_computed"] == (
        "3 days late: 2026-11-05 08:00, due 2026-11-02 23:59; 1 of grace; "
        f"2 x 10 % = 20 % of {ENGINE - 0.75:g} points = -{(ENGINE - 0.75) / 5:g}"
    )
    assert rows["cleo"]["late_computed"].startswith("2 days late: 2026-11-20 08:00, due 2026-11-18 23:59; 1 of grace")
    assert "+1.5 points: A very clear text" in rows["anna"]["by_hand"]
    assert "01_engine.url_from_environment, 0.25 points: Found elsewhere" in rows["ben"]["by_hand"]
    assert "Withdrawn" in rows["cleo"]["by_hand"] and not rows["dora"]["by_hand"]


def test_points_by_hand_and_late_work_survive_resume(small: Small) -> None:
    before = gradebook(small.report)
    assert "Nothing new to grade." in small.grade("--resume")
    assert gradebook(small.report) == before
    pages = {name: (small.report / f"feedback/{name}.html").read_text(encoding="utf-8") for name in ("anna", "ben")}
    assert "By hand: +1.5 points: A very clear text" in pages["anna"]
    assert "Late work: 3 days late" in pages["ben"] and "By hand: 0.25 points: Found elsewhere" in pages["ben"]
    texts = (small.report / "feedback/ben.txt").read_text(encoding="utf-8")
    assert "Late work: 3 days late" in texts and "by hand   " in texts and "<" not in texts
    site = (small.report / "index.html").read_text(encoding="utf-8")
    assert "A very clear text" in site and "2 x 10 %" in site


def test_canvas(small: Small) -> None:
    """The header, the line of points, and one line for each learner, as Canvas's importer reads them."""
    table = small.table("gradebook-canvas.csv")
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Engines"]
    assert table[1] == ["    Points Possible", "", "", "", "", "20"]
    assert table[2] == ["Anna Ångström", "", "", "anna", "A", GRADES["anna"]]
    assert [row[-1] for row in table[2:]] == list(GRADES.values())
    assert not (small.report / "gradebook-canvas.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_moodle(small: Small) -> None:
    header, *rows = small.table("gradebook-moodle.csv")
    assert header == [
        *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"),
        *("Last modified (submission)", "Last modified (grade)", "Feedback comments"),
    ]
    assert [dict(zip(header, row, strict=True))["Grade"] for row in rows] == list(GRADES.values())
    assert "Late work: 3 days late" in rows[1][-1] and "By hand:" in rows[1][-1]


def test_blackboard(small: Small) -> None:
    """UTF-16 with its mark, tabs, every cell in quotes."""
    data = (small.report / "gradebook-blackboard.txt").read_bytes()
    assert data.startswith(b"\xff\xfe") and '"Last Name"\t"First Name"\t"Username"' in data.decode("utf-16")
    header, *rows = small.table("gradebook-blackboard.txt", "utf-16", "\t")
    assert header[-1] == "Engines [Total Pts: 20 Score]"
    assert rows[0] == ["Ångström", "Anna", "anna", "", "", "", GRADES["anna"]]
    assert rows[1][0] == "'=Bo"


def row_of(learner: str, name: str = "", status: str = "graded", names: Sequence[str] = (), **more: str) -> Row:
    return Row(Learner(learner, name, more), status, names=names)


def test_the_platforms_own_export_says_who_and_where() -> None:
    """Numbers, and the column that the grade belongs in, come from the roster where it is the platform's export."""
    own = {"ID": "501", "SIS User ID": "S1", "SIS Login ID": "ann", "Section": "A", "Ex 1 (77)": "", "Ex 2 (78)": ""}
    lines = [Line(Row(Learner("ann", "Ng, Ann", own), "graded"), "7.5")]
    made = list(csv.reader(io.StringIO(platforms.canvas(lines, Grades(assignment="Ex 2"), 10).decode())))
    assert made[0][-1] == "Ex 2 (78)" and made[2] == ["Ng, Ann", "501", "S1", "ann", "A", "7.5"]
    percent = platforms.canvas(lines, Grades("percent", assignment="Ex 2"), 10).decode()
    assert percent.splitlines()[1].endswith(",") and percent.splitlines()[2].endswith("7.5%")
    own = {"Identifier": "Participant 812", "Email address": "a@b", "Maximum Grade": "20.00", "Status": "Submitted"}
    moodle = [Line(Row(Learner("a@b", "Ann", own), "graded"), "7.5", "well done")]
    rows = list(csv.reader(io.StringIO(platforms.moodle(moodle, Grades(), 50).decode())))
    assert rows[1] == ["Participant 812", "Ann", "a@b", "Submitted", "7.5", "20.00", "Yes", "-", "-", "well done"]
    assert "give --scale 20.00" in platforms.warning("moodle", moodle, Grades(), 50)
    assert not platforms.warning("moodle", moodle, Grades("20"), 50)
    title = "Ex 1 [Total Pts: 20 Score] |12345"
    own = {"Last Name": "Ng", "First Name": "Ann", "Username": "ann1", "Student ID": "9", title: ""}
    rows = list(
        csv.reader(
            io.StringIO(
                platforms.blackboard(
                    [Line(Row(Learner("ann1", "", own), "graded"), "3")], Grades("20", assignment="Ex 1"), 50
                ).decode("utf-16")
            ),
            delimiter="\t",
        )
    )
    assert rows[0][-1] == title and rows[1] == ["Ng", "Ann", "ann1", "9", "", "", "3"]
    twice = [Line(row_of("a", **{"Ex (1)": "", "Ex (2)": ""}), "")]
    with pytest.raises(BadInput, match=r"Ex \(1\), Ex \(2\)"):
        platforms.canvas(twice, Grades(assignment="Ex"), 1)


@pytest.mark.parametrize(
    ("grades", "total", "most", "text"),
    [
        (Grades(), 7.125, 10, "7.13"),  # the half goes up, always
        (Grades(digits=0), 6.5, 10, "7"),
        (Grades("percent", 1), 2, 3, "66.7"),
        (Grades("20", 2), 10, 10, "20"),
        (Grades("20", 0), 0, 10, "0"),
        (Grades("percent"), 0, 0, "0"),
    ],
)
def test_rounding(grades: Grades, total: float, most: float, text: str) -> None:
    assert grades.of(total, most) == text


DUE = datetime(2026, 11, 2, 23, 59, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("late_by", "grace", "of", "minus"),
    [
        (timedelta(0), 0, "earned", 0.0),
        (timedelta(seconds=1), 0, "earned", 1.0),
        (timedelta(days=1), 0, "earned", 1.0),
        (timedelta(days=1, seconds=1), 0, "earned", 2.0),
        (timedelta(days=2), 2, "earned", 0.0),
        (timedelta(days=9), 0, "earned", 5.0),  # at most 50 %
        (timedelta(days=1), 0, "possible", 2.0),
        (timedelta(days=9), 0, "possible", 10.0),  # never more than there is
    ],
)
def test_late_work(late_by: timedelta, grace: float, of: str, minus: float) -> None:
    terms = late.Late(DUE, grace, 10, 50, of, {})
    row = row_of("anna", submitted=(DUE + late_by).isoformat())
    found = lateness_of(terms, row, 10, 20)
    assert found is not None and found.minus == pytest.approx(minus)
    assert late.Late.from_dict(json.loads(json.dumps(terms.to_dict()))) == terms


def test_a_time_that_nobody_knows_costs_nothing_and_is_said() -> None:
    terms = Terms({}, late.Late(DUE, 0, 10, 50, "earned", {}))
    marks = final_marks(row_of("anna"), [], terms, ())
    assert marks.late is not None and "not known" in marks.late.said and marks.total == 0
    assert final_marks(row_of("anna", status="missing"), [], terms, ()).late is None


def test_an_entry_for_one_learner_has_the_last_word() -> None:
    rule = rules_of("01_engine")[0]
    given = [ByHand("anna", rule.id, 0.5, "mine"), ByHand("", rule.id, 2.0, "for all"), ByHand("ANNA", "", -9.0)]
    terms = Terms({rule.id: 1.0}, by_hand=given)
    marks = final_marks(row_of("anna"), [entry_of(rule, outcome="passed")], terms, ("01_engine",))
    assert marks.earned == 0.5 and marks.total == 0.0
    other = final_marks(row_of("ben"), [entry_of(rule, outcome="failed")], terms, ("01_engine",))
    assert other.total == 2.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learner,points\nanna,x\n", "is no number of points"),
        ("learner,rule,points\nanna,05_crud.create_refreshs,1\n", "did you mean '05_crud.create_refreshes'"),
        ("learner,rule,points\nanna,05_crud.create_refreshes,-1\n", "0 or more"),
        ("learner,points\n,1\n", "names no learner and no rule"),
        ("learner,comment\nanna,\nben,\n", "no points and no comment"),
        ("who,what\nanna,1\n", "learner,rule,points,comment"),
    ],
)
def test_by_hand_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "by_hand.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        by_hand.load(tmp_path / "by_hand.csv")


def test_by_hand_as_toml(tmp_path: Path) -> None:
    file = tmp_path / "by_hand.toml"
    anna = 'learner = "anna"\npoints = 2\ncomment = "ok"'
    file.write_text(f'[[by_hand]]\n{anna}\n[[by_hand]]\nrule = "05_crud.list_pages"\npoints = 0\n')
    assert by_hand.load(file) == [ByHand("anna", "", 2.0, "ok"), ByHand("", "05_crud.list_pages", 0.0, "")]
    file.write_text("by_hand = 3")
    with pytest.raises(BadInput, match=r"\[\[by_hand\]\]"):
        by_hand.load(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[late]\ngrace = 1", "needs 'due'"),
        ("[late]\ndue = 3", "write a date"),
        ("[late]\ndue = 2026-01-01\npenalty = 200", "more than 100 percent"),
        ("[late]\ndue = 2026-01-01\nof = 'x'", "'of' has to be"),
        ("[late]\ndue = 2026-01-01\nfine = 1", "unknown entry 'fine'"),
        ("late = 1", "has to be a table"),
        ("[late]\ndue = 2026-01-01\npenalty = -1", "not negative"),
    ],
)
def test_late_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "weights.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        late.load(tmp_path / "weights.toml")


def test_options_that_mean_nothing(small: Small) -> None:
    assert "known are canvas, moodle, blackboard, csv" in small.grade("--resume", "--gradebook", "excel", status=2)
    assert "give points, percent, or a number" in small.grade("--resume", "--scale", "many", status=2)
    assert "known are moodle, canvas" in small.grade("--resume", "--feedback", "blackboard", status=2)
    stranger = small.folder / "stranger.csv"
    stranger.write_text("learner,points\nanne,1\n")
    assert "did you mean 'anna'?" in small.grade("--resume", "--by-hand", stranger, status=2)


# -- feedback ----------------------------------------------------------------------------------------------------------


def test_feedback_zips(tmp_path: Path) -> None:
    """Moodle knows a participant by a number in the folder's name, Canvas by the name of what was downloaded."""
    handouts = [
        Handout(row_of("a", "Ann_Lee Ng", names=["Ann_Lee Ng_1234_assignsubmission_file_"]), "<html>", "text"),
        Handout(row_of("b", "Ben", Identifier="Participant 77"), "<html>", "text"),
        Handout(row_of("c", "Cleo", names=["cleo"]), "<html>", "text"),
    ]
    assert feedback_zips.write("moodle", handouts, tmp_path / "m.zip") == ["c"]
    names = [
        f"{who}_assignsubmission_file/feedback.{kind}"
        for who in ("Ann-Lee Ng_1234", "Ben_77")
        for kind in ("html", "txt")
    ]
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        assert archive.namelist() == names and archive.testzip() is None
        for name in names:  # as Moodle takes a name apart
            parts = name.split("/")[0].split("_", 4)
            assert len(parts) >= 4 and parts[1].isdecimal() and parts[2:4] == ["assignsubmission", "file"]
    handouts = [
        Handout(row_of("a", "", names=["ngann_501_9001_chapters.zip"]), "<html>", "text"),
        Handout(row_of("b", "", names=["boben_LATE_502_9002_chapters-1.zip"]), "<html>", "text"),
        Handout(row_of("c", "", names=["cleo"]), "<html>", "text"),
    ]
    assert feedback_zips.write("canvas", handouts, tmp_path / "c.zip") == ["c"]
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        assert archive.namelist() == [
            *("ngann_501_9001_feedback.html", "ngann_501_9001_feedback.txt"),
            *("boben_LATE_502_9002_feedback.html", "boben_LATE_502_9002_feedback.txt"),
        ]


def test_who_is_not_in_a_zip_is_said(small: Small) -> None:
    assert "Without 3, whose number in Moodle is not known: anna, ben, cleo" in small.said
    assert "Feedback for Canvas:" in small.said


def test_mail_merge(small: Small) -> None:
    with (small.report / "mail-merge.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["anna"]["email"] == "anna@school.example"
    assert rows["anna"]["feedback"].startswith("Anna Ångström\n\n10 of 10 checks passed")
    assert rows["dora"]["feedback"].splitlines()[2] == "Nothing was handed in."


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_hint_that_is_handed_out_holds_the_solution(chapter: str) -> None:
    for rule in rules_of(chapter):
        told = giveaways.without_solution(entry_of(rule, outcome="failed"))
        assert not giveaways.gives_away(f"{told.hint} {told.why}", chapter), rule.id
        assert told.hint


def test_a_hint_that_quotes_the_solution_gives_way() -> None:
    """The line of chapter 10's hint, for one."""
    rule = next(rule for rule in roster() if rule.id == "10_background.failed_task_leaves_nothing_behind")
    check = entry_of(rule, outcome="failed", hint="One commit: with SessionLocal.begin() as db.")
    assert giveaways.gives_away(check.hint, rule.chapter)
    assert giveaways.without_solution(check).hint == hints_for(rule.task)[0]
    harmless = entry_of(rule, outcome="failed", hint="One commit at the end.")
    assert giveaways.without_solution(harmless) == harmless
    assert Marks({}).total == 0


# -- what has changed between reports ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(small: Small, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three reports of one class: cleo's rules pass one by one, dora is withdrawn, emil is new."""
    folder = tmp_path_factory.mktemp("three")
    reports = [Path(shutil.copytree(small.report, folder / f"week{number}")) for number in (1, 2, 3)]
    for number, report in enumerate(reports):
        plan = plan_of(("01_engine",), "sqlite", 10.0)
        with Store(report) as store:
            code = Chapter({"app/db.py": f"# cleo, week {number}\n".encode()})
            rows: list[tuple[Row, dict[str, Chapter]]] = [
                (row, {}) for row in store.learners() if row.learner.id != "cleo"
            ]
            rows.append((Row(Learner("cleo", "Cleo"), "graded", "", {"01_engine": code.digest}), {"01_engine": code}))
            if number == 2:
                rows = [(row, chapters) for row, chapters in rows if row.learner.id != "dora"]
                rows.append((Row(Learner("emil", "Emil"), "missing"), {}))
            store.replace_learners(rows)
            store.keep(
                [
                    (
                        plan.content("01_engine", code.digest),
                        entry_of(rule, outcome="passed" if place <= 2 * number else "failed", observed="no"),
                    )
                    for place, rule in enumerate(rules_of("01_engine"))
                ]
            )
            store.describe(late=None, by_hand=[], finished=f"2026-11-0{number + 1}T12:00:00+00:00")
    return reports


def test_compare_tells_each_learner_in_a_line(three: list[Path]) -> None:
    told = run("compare", *three, status=1).splitlines()
    assert told[0] == "cleo  1 -> 3 -> 5 points  (+4)  4 passed now"
    assert told[1:3] == ["New: emil", "Withdrawn: dora"]
    detail = told[told.index("In detail:") :]
    assert detail[1] == "cleo" and detail[2].startswith("  01_engine.") and "the submission has changed" in detail[2]
    assert told[-1] == "4 verdicts of 1 learner have changed."
    assert run("compare", three[0], three[0]) == "No verdict has changed.\n"
    assert "two reports at least" in run("compare", three[0], status=2)


def test_development_over_time(three: list[Path], tmp_path: Path) -> None:
    run("compare", *three, "--html", tmp_path / "development.html", status=1)
    page = (tmp_path / "development.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S).split())
    assert "3 reports, from 2026-11-01 12:00 to 2026-11-03 12:00" in text
    assert "Cleo cleo 1 3 5 +4" in text
    assert "Emil emil 0" in text and "Dora dora 0 0 0" in text
    median = [100 * points / ENGINE for points in (5.5, 6.5, 7.5)]  # of anna 10, ben 10, cleo, and one who has none
    assert "median " + " ".join(f"{value:g}" if value % 1 else f"{value:.1f}" for value in median) in text


# -- similar code ------------------------------------------------------------------------------------------------------


def class_of_copies(folder: Path) -> Path:
    """anna and ben have the same code but for its names; cleo wrote her own, dora nothing."""
    for learner, source in (("anna", "solutions"), ("ben", "solutions"), ("cleo", "chapters"), ("dora", "chapters")):
        copy_code(PROJECT / source / "05_crud", folder / learner / "05_crud")
    crud = folder / "ben/05_crud/app/crud.py"
    crud.write_text(re.sub(r"\bdata\b", "payload", crud.read_text(encoding="utf-8")), encoding="utf-8")
    own = "def create_item(db, data):\n    return [row for row in data if row and len(row) > 3]\n"
    (folder / "cleo/05_crud/app/crud.py").write_text(own)
    return folder


def test_without_compare50_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "class/anna/05_crud").mkdir(parents=True)
    told = run("class", tmp_path / "class", "--out", tmp_path / "report", "--similar", status=2, PATH=str(tmp_path))
    assert "pipx install compare50" in told and not (tmp_path / "report").exists()


@pytest.mark.skipif(shutil.which("compare50") is None, reason="there is no compare50 here")
def test_pairs_with_the_most_in_common(tmp_path: Path) -> None:
    report = tmp_path / "report"
    run("class", class_of_copies(tmp_path / "class"), "--out", report, "--chapters", "5", "--similar")
    page = (report / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="similar"') : page.index('id="detail"')]
    assert re.findall(r"#learner/(\w+)", section) == ["anna", "ben"]
    assert "It is no verdict" in section
    assert "payload" in (report / "similar/match_1.html").read_text(encoding="utf-8")


def test_who_could_not_be_judged_has_no_grade(tmp_path: Path) -> None:
    """Nobody gets 0 because something of the grader's own went wrong, or because the run was stopped."""
    plan, report = plan_of(("05_crud",), "sqlite", 10.0), tmp_path / "report"
    first, *others = rules_of("05_crud")
    told = {
        "anna": [entry_of(first, outcome="passed")],
        "ben": [entry_of(first, outcome="error", observed="the disk was full", unjudged=True)],
        "cleo": [],  # the run was stopped before
        "dora": [entry_of(first, outcome="error", observed="no verdict: the run was interrupted")],  # her own words
    }
    with Store(report) as store:
        chapters = {learner: Chapter({"app/crud.py": learner.encode()}) for learner in told}
        store.replace_learners(
            (Row(Learner(learner), "graded", chapters={"05_crud": chapter.digest}), {"05_crud": chapter})
            for learner, chapter in chapters.items()
        )
        for learner, verdicts in told.items():
            content = plan.content("05_crud", chapters[learner].digest)
            passed = [entry_of(rule, outcome="passed") for rule in others]
            store.keep([(content, check) for check in (*verdicts, *passed)])
        publish(store, plan, Terms({rule.id: 1.0 for rule in plan.rules}), report, Wanted(["github"], ["canvas"]))
    found = gradebook(report)
    assert sorted(path.name for path in (report / "exports/github").iterdir()) == ["anna.md", "dora.md"]
    assert [found[learner]["status"] for learner in told] == ["graded", "unfinished", "unfinished", "graded"]
    assert [found[learner]["total"] for learner in told] == ["13", "", "", "12"]
    for learner in ("ben", "cleo"):
        assert found[learner]["note"] == "not finished: 1 check could not be judged; grade again with --resume"
        feedback = (report / f"feedback/{learner}.txt").read_text(encoding="utf-8")
        assert "not finished" in feedback and "Fix this first" not in feedback
    with (report / "gradebook-canvas.csv").open(encoding="utf-8-sig", newline="") as file:
        grades = {row[0]: row[-1] for row in csv.reader(file)}
    assert (grades["anna"], grades["ben"], grades["cleo"]) == ("13", "", "")


def test_the_same_code_is_shown(tmp_path: Path) -> None:
    """Byte for byte, but not what is still the starter's."""
    plan = plan_of(("05_crud", "06_routes"), "sqlite", 10.0)
    with Store(tmp_path / "report") as store:
        rows, verdicts = [], []
        for learner, code, outcome in (
            ("anna", b"x", "failed"),
            ("ben", b"x", "failed"),
            ("c", b"", "todo"),
            ("d", b"", "todo"),
        ):
            chapters = {name: Chapter({"app/crud.py": code}) for name in plan.chapters}
            digests = {name: chapter.digest for name, chapter in chapters.items()}
            rows.append((Row(Learner(learner), "graded", "", digests), chapters))
            for name, digest in digests.items():
                verdicts += [
                    (plan.content(name, digest), entry_of(rule, outcome=outcome, observed="no"))
                    for rule in rules_of(name)
                ]
        store.replace_learners(rows)
        store.keep(verdicts)
        publish(store, plan, Terms({rule.id: 1.0 for rule in plan.rules}), tmp_path / "report")
    page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    section = page[page.index('id="same"') : page.index('id="detail"')]
    assert re.findall(r'<th scope="row">(.*?)</th>', section) == ["anna, ben"]
    assert "<code>05_crud</code>, <code>06_routes</code>" in section
