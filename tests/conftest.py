"""Warnings are errors in the project's own tests; the fixtures that several of them use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zlib import crc32

import pytest

from tests.classes import graded, small_class
from tests.copies import Copy, copy_of_the_project
from tests.runs import Run, runs_with

__all__ = ["graded", "small_class"]

# In the background (`nohup pytest &`) SIGINT is ignored, and so it would be in what the tests start: Ctrl-C too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What takes long, and in how many parts: a run of the whole suite takes a part of each, another one each day. A test
# without parameters runs on one day in so many, on which not all of them come together. `CASES=all pytest` takes every
# one, as does whoever names their file or uses -k.
PARTS = {
    "test_case": 180,
    "test_message": 3,
    "test_examples_of_the_help_run": 5,
    "test_cheat": 60,
    "test_attack_costs_nobody_else": 34,
    "test_server_that_fails_meanwhile": 2,
    "test_hostile_function": 8,
    "test_hostile_import": 6,
    "test_no_rule_is_passed_when_nobody_can_meet_it": 14,
    "test_whatever_is_still_to_do_breaks_nothing": 14,
    "test_interrupted_run_goes_on": 5,
    "test_what_asks_for_what_lies_outside_is_told": 4,
    "test_what_libraries_ask_for_is_not": 4,
    "test_the_code_of_many_copies_is_looked_for_once": 2,
    "test_notebooks_show_what_is_stored": 5,
    "test_any_cell_can_be_run_again": 10,
    "test_a_lesson_in_jupyterlab": 4,
    "test_opening_a_lesson_in_jupyterlab_changes_nothing": 4,
    "test_nothing_is_left_of_a_killed_run": 4,
    "test_lost_worker_costs_nothing": 5,
    "test_each_worker_says_its_isolation": 3,
    "test_what_the_driver_is_sent_is_seen": 4,
    "test_what_psycopg_is_sent_is_seen": 3,
    "test_what_the_grader_reads_with_is_its_own": 4,
    "test_what_takes_long_says_so": 4,
    "test_a_save_does_not_wait_for_an_endless_loop": 2,
    "test_verdicts_are_about_what_code_does": 3,
    "test_a_form_of_yesterday_reads_well": 4,
    "test_slow_submission_takes_no_time_from_who_hands_in_the_same": 4,
    "test_a_server_that_is_stopped": 4,
    "test_an_update_in_the_middle_loses_nothing": 4,
    "test_rules_of_earlier_chapters_hold_in_later_ones": 5,
    "test_a_reader_predicts_answers_and_is_graded": 4,
    "test_sixty_learners": 4,
    "test_the_line_that_is_printed_opens_a_lesson_whose_links_work": 2,
    "test_accessibility": 2,
    "test_nothing_that_windows_lacks_is_used_unasked": 5,
    "test_lists_hold_mutants_and_reasons": 3,
    "test_a_line_is_shown_of_the_learners_code_alone": 3,
    "test_pytest_finds_the_checks": 4,
    "test_the_course_is_complete": 3,
    "test_verdicts_are_given_without_the_learners_libraries": 2,
    "test_who_looks_at_the_grader_has_a_note": 3,
    "test_a_chapter_from_the_wheel_alone": 2,
    "test_full_disk": 3,
    "test_what_others_may_have_used_up_is_judged_alone": 2,
    "test_endless_import": 2,
    "test_route_that_never_ends": 2,
    "test_threads_that_others_use_up_cost_nobody_a_verdict": 2,
    "test_a_full_disk_costs_nobody_a_verdict": 3,
    "test_much_is_written": 2,
    "test_in_a_strangers_folder_no_link_is_followed_and_no_pipe_waited_for": 5,
    "test_what_is_kept_may_say_anything": 3,
    "test_what_is_no_file_is_told_before_anything_is_done": 3,
    "test_a_backup_of_somebody_else": 3,
    "test_a_strangers_folder_is_updated_within_itself": 4,
    "test_nothing_that_the_grader_says_can_be_spoilt": 3,
    "test_no_code_can_try_once_more_what_it_has_hidden": 3,
    "test_paths_that_can_be_written_only_here_cost_nobody_else_a_row": 3,
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)
    asked_for = config.option.keyword or any("test_" in argument for argument in config.invocation_params.args)
    if os.environ.get("CASES") == "all" or asked_for:
        return
    left_out = set()
    for test, parts in PARTS.items():
        found = [item for item in items if getattr(item, "originalname", "") == test]
        names = sorted({_name(item) for item in found})
        day = date.today().toordinal() + (crc32(test.encode()) if len(names) == 1 else 0)
        today = set(names[day % parts :: parts])
        left_out |= {item for item in found if _name(item) not in today}
    if left_out:
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]


def _name(item: pytest.Item) -> str:
    """What a test is about, whatever database it runs on."""
    if not hasattr(item, "callspec"):
        return ""
    parameters = item.callspec.params
    return parameters["case"].name if "case" in parameters else item.callspec.id


@pytest.fixture
def grade(tmp_path: Path) -> Run:
    """Run ``pytest grader`` as a learner does, in a process of its own with a temporary folder of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return runs_with(temporary)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """A copy of the project, for this test alone."""
    with copy_of_the_project(tmp_path) as made:
        yield made
