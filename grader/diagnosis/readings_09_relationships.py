"""In the child: mistakes of chapter 09, in the order in which they are tried."""

from grader.diagnosis.anywhere import dependency_called, unknown_attribute, unknown_name, used_before_assignment
from grader.diagnosis.pages import filtered
from grader.diagnosis.reads import offset_as_an_id
from grader.diagnosis.relationships import (
    closed_before_reading,
    forgotten_after_loading,
    inner_join,
    items_repeated,
    models_not_configured,
    no_null,
    not_loaded_ahead,
    other_function,
    other_join_condition,
    other_page,
    other_schema,
    owner_deleted,
    owners_never_asked_for,
    paired_by_place,
    reads_only_dictionaries,
)
from grader.diagnosis.routes import (
    other_route,
    own_session_left_open,
    page_not_handed_on,
    prefix_twice,
    router_not_included,
)
from grader.diagnosis.tables import lifespan_unknown, nobody_creates
from grader.diagnosis.ways import (
    GIVEN_FUNCTIONS,
    TABLES_AT_START,
    catches_all,
    created_on_import,
    handler_answers_200,
    merged_by_name,
    some_left_out,
    stand_in_left,
)

READINGS = (
    dependency_called,
    unknown_name,
    used_before_assignment,
    unknown_attribute,
    prefix_twice,
    router_not_included,
    other_route,
    stand_in_left,
    catches_all,
    handler_answers_200,
    lifespan_unknown,
    nobody_creates,
    *TABLES_AT_START,
    created_on_import,
    *GIVEN_FUNCTIONS,
    models_not_configured,
    filtered,
    reads_only_dictionaries,
    other_join_condition,
    items_repeated,
    paired_by_place,
    owner_deleted,
    inner_join,
    forgotten_after_loading,
    closed_before_reading,
    other_function,
    not_loaded_ahead,
    no_null,
    owners_never_asked_for,
    page_not_handed_on,
    merged_by_name,
    some_left_out,
    offset_as_an_id,
    other_page,
    other_schema,
    own_session_left_open,
)
