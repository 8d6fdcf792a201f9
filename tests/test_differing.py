"""Which line is shown of a mistake that nobody knows: one that is the learner's own, as far as that can be told."""

from __future__ import annotations

import pytest

from grader.starters import closer
from tests import PROJECT

CRUD = "app/crud.py"
BODY = "    return db.get(Item, item_id)\n"


def files(**changed: tuple[str, str]) -> dict[str, bytes]:
    """Chapter 05's solution with other lines in some of its modules."""
    folder = PROJECT / "solutions/05_crud"
    found = {file.relative_to(folder).as_posix(): file.read_text() for file in sorted((folder / "app").rglob("*.py"))}
    for module, (old, new) in changed.items():
        assert found[f"app/{module}.py"].count(old) == 1
        found[f"app/{module}.py"] = found[f"app/{module}.py"].replace(old, new)
    return {name: text.encode() for name, text in found.items()}


def line(code: dict[str, bytes], file: str, words: str) -> str:
    lines = [number for number, text in enumerate(code[file].decode().splitlines(), 1) if words in text]
    return f"{file}:{lines[0]}"


def test_of_a_function_that_was_changed_the_line_that_is_another() -> None:
    code = files(crud=(BODY, "    item = db.get(Item, item_id - 1)\n    return item\n"))
    place = line(code, CRUD, "def get_item")
    assert closer("05_crud", code, place, known=False) == line(code, CRUD, "item_id - 1")
    assert closer("05_crud", code, line(code, CRUD, "item_id - 1"), known=False) == "", "it is that one"


def test_of_a_decorator_its_own_line() -> None:
    decorated = "@cache\ndef get_item("
    code = files(crud=("def get_item(", decorated))
    assert closer("05_crud", code, line(code, CRUD, "def get_item"), known=False) == line(code, CRUD, "@cache")


def test_a_function_that_is_right_is_not_shown() -> None:
    code = files(schemas=("class ItemRead(BaseModel):", "class ItemRead(BaseModel):\n    extra: int = 1"))
    assert closer("05_crud", code, line(code, CRUD, BODY.strip()), known=False) == line(code, "app/schemas.py", "extra")
    assert closer("05_crud", code, "", known=False) == line(code, "app/schemas.py", "extra")


def test_what_a_reading_shows_is_not_believed_only_if_one_other_place_differs() -> None:
    code = files(schemas=("class ItemRead(BaseModel):", "class ItemRead(BaseModel):\n    extra: int = 1"))
    right, other = line(code, CRUD, BODY.strip()), line(code, "app/schemas.py", "extra")
    assert closer("05_crud", code, right, known=True) == other
    assert closer("05_crud", code, line(code, "app/schemas.py", "class ItemRead"), known=True) == ""
    code[CRUD] = code[CRUD].replace(BODY.encode(), b"    return db.get(Item, item_id - 1)\n")
    assert closer("05_crud", code, line(code, CRUD, "def delete_item"), known=True) == ""


def test_where_the_function_only_names_another_it_is_that_one() -> None:
    helper = "def found(db: Session, item_id: int) -> Item | None:\n    return None\n\n\ndef get_item("
    code = files(crud=("def get_item(", helper))
    code[CRUD] = code[CRUD].replace(BODY.encode(), b"    return found(db, item_id)\n")
    assert closer("05_crud", code, line(code, CRUD, "def get_item"), known=False) == line(code, CRUD, "return None")


def test_of_a_line_that_only_calls_a_helper_the_helper_is_shown() -> None:
    helpers = """class Finder:
    def find(self, db: Session, item_id: int) -> Item | None:
        return looked_up(db, item_id)


def looked_up(db: Session, key: int) -> Item | None:
    return db.get(Item, key + 1)


finder = Finder()


def get_item("""
    code = files(crud=("def get_item(", helpers))
    code[CRUD] = code[CRUD].replace(BODY.encode(), b"    return finder.find(db, item_id)\n")
    asks = line(code, CRUD, "finder.find")
    assert closer("05_crud", code, asks, known=False) == line(code, CRUD, "key + 1")
    assert closer("05_crud", code, asks, known=True) == "", "somebody knows better"
    code[CRUD] = code[CRUD].replace(b"finder.find(db, item_id)", b"finder.find(db, looked_up(db, item_id).id)")
    assert closer("05_crud", code, asks, known=False) == "", "it could be either"


@pytest.mark.parametrize(
    "body",
    [
        BODY,  # nothing differs
        '    raise NotImplementedError("5.2 return the item, or None")\n',  # it is to do
        "    a = 1\n    b = 2\n    c = 3\n    return db.get(Item, item_id)\n",  # anything could be it
        "    return (\n",  # it is no Python
    ],
)
def test_where_nobody_can_tell_the_place_stays(body: str) -> None:
    code = files(crud=(BODY, body))
    place = line(code, CRUD, "def get_item") if "a = 1" not in body else line(code, CRUD, "a = 1")
    assert closer("05_crud", code, place, known=False) == ""
