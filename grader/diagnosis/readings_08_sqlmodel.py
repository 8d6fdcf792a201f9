"""In the child: mistakes of chapter 08, in the order in which they are tried."""

from grader.diagnosis import readings_05_crud, readings_06_routes
from grader.diagnosis.aliases import (
    IN_ONE_LINE,
    never_given_a_value,
    no_router_included,
    path_for_the_query,
    session_without_depends,
    type_and_place_apart,
)
from grader.diagnosis.answers import (
    SCHEMAS_OF_ANSWERS,
    answered_another_thing,
)
from grader.diagnosis.anywhere import (
    builtin_as_a_value,
    comparison_named,
    dependency_called,
    dependency_on_the_factory,
    dependency_without_hash,
    unknown_argument,
    unknown_attribute,
    unknown_name,
    used_before_assignment,
)
from grader.diagnosis.bodies import in_a_new_row, in_a_request
from grader.diagnosis.kept import shared_by_all_objects
from grader.diagnosis.parameters import dependency_on_the_class
from grader.diagnosis.refusals import refusal_swallowed
from grader.diagnosis.saves import (
    committed_before_added,
    flushed_not_committed,
    merged_copy_lost,
    not_committed,
    not_refreshed,
    read_by_an_endpoint,
    refreshed_too_early,
)
from grader.diagnosis.schemas import (
    exception_for_a_value,
    field_missing,
    field_required,
    field_too_many,
    length_in_quotes,
    no_function_to_validate,
    not_annotated,
    null_made_a_text,
    of_a_text,
    other_default,
    read_is_stricter,
    rules_by_place,
    rules_without_a_type,
    setting_of_pydantic_1,
    shows_more,
    takes_an_id,
    text_not_kept,
    too_long_accepted,
    type_as_a_default,
    type_changes_text,
    validated_before_the_type,
    validator_changes_values,
    validator_not_taken,
    validator_returns_nothing,
)
from grader.diagnosis.shapes import (
    handed_another_type,
    no_row_in_the_session,
    query_not_sent,
    statement_not_sent,
    unfit_call,
)
from grader.diagnosis.sqlmodels import (
    column_of_sqlalchemy,
    field_of_pydantic,
    get_item_returns_no_item,
    id_made_in_python,
    id_without_default,
    in_the_row,
    length_not_seen,
    merged_with_defaults,
    name_has_no_index,
    name_takes_null,
    no_primary_key,
    not_a_sqlmodel,
    not_a_table,
    nothing_saved,
    null_only_in_the_column,
    of_the_table,
    other_column,
    other_name_of_the_table,
    own_registry,
    returned_a_copy,
    row_refused,
    schema_is_the_table,
    types_of_the_table,
    updated_otherwise,
    without_an_id,
)
from grader.diagnosis.starting import ends_before_its_yield
from grader.diagnosis.states import nothing_has_set_it
from grader.diagnosis.tables import comma_behind_a_field, indexed_under_another_name, text_for_a_boolean
from grader.diagnosis.uncalled import lazy_and_alone, method_not_called, nothing_called
from grader.diagnosis.updates import made_a_second_item, own_values_written_back, stored_a_new_row
from grader.diagnosis.ways import never_reached
from grader.diagnosis.writes import copy_changed, input_changed

_ANYWHERE = (
    *(never_reached, unknown_name, used_before_assignment),
    *(nothing_has_set_it, unknown_attribute, unknown_argument),
    *(builtin_as_a_value, method_not_called, nothing_called, never_given_a_value, handed_another_type),
    *(unfit_call, no_row_in_the_session, refusal_swallowed),
    *(query_not_sent, statement_not_sent, no_router_included, session_without_depends, type_and_place_apart),
    path_for_the_query,
)
_OF_05 = [each for each in readings_05_crud.READINGS if each not in (*_ANYWHERE, merged_copy_lost)]
_SAVE_NOTHING = (
    *(copy_changed, input_changed, flushed_not_committed, not_committed, stored_a_new_row),
    *(committed_before_added, refreshed_too_early),
)
_CRUD = tuple(nothing_saved(each) if each in _SAVE_NOTHING else each for each in _OF_05)
_OF_06 = [each for each in readings_06_routes.READINGS if each not in (*_ANYWHERE, merged_copy_lost)]
_ROUTES = tuple(each for each in _OF_06 if each not in _OF_05)

READINGS = (
    refusal_swallowed,
    dependency_called,
    dependency_on_the_factory,
    dependency_without_hash,
    dependency_on_the_class,
    validated_before_the_type,
    builtin_as_a_value,
    method_not_called,
    lazy_and_alone,
    nothing_called,
    never_reached,
    shared_by_all_objects,
    never_given_a_value,
    column_of_sqlalchemy,
    no_function_to_validate,
    ends_before_its_yield,
    comparison_named,
    unknown_name,
    used_before_assignment,
    get_item_returns_no_item,
    field_of_pydantic,
    comma_behind_a_field,
    text_for_a_boolean,
    indexed_under_another_name,
    no_primary_key,
    not_a_table,
    not_a_sqlmodel,
    other_name_of_the_table,
    length_not_seen,
    without_an_id(other_column),
    id_made_in_python,
    of_the_table(field_required),
    id_without_default,
    other_column,
    name_takes_null,
    row_refused,
    null_only_in_the_column,
    name_has_no_index,
    own_registry,
    schema_is_the_table,
    not_annotated,
    rules_without_a_type,
    length_in_quotes,
    rules_by_place,
    validator_not_taken,
    field_missing,
    *SCHEMAS_OF_ANSWERS,
    shows_more,
    read_is_stricter,
    merged_with_defaults,
    in_a_request(field_too_many),
    in_a_request(type_as_a_default),
    in_a_request(setting_of_pydantic_1),
    in_a_request(null_made_a_text),
    in_a_new_row(other_default),
    of_a_text(validator_returns_nothing),
    exception_for_a_value,
    of_a_text(validator_changes_values),
    of_a_text(type_changes_text),
    of_a_text(text_not_kept),
    updated_otherwise,
    returned_a_copy,
    own_values_written_back,
    nothing_saved(merged_copy_lost),
    types_of_the_table,
    read_by_an_endpoint(not_refreshed),
    handed_another_type,
    made_a_second_item,
    path_for_the_query,
    in_the_row(field_missing),
    in_a_request(too_long_accepted),
    *_ROUTES,
    in_a_request(takes_an_id),
    *_CRUD,
    answered_another_thing,
    *IN_ONE_LINE,
)
