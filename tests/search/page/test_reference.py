"""The API's schema in words, as `/docs` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from search.page.reference import Piece, read_reference

if TYPE_CHECKING:
    from tests.builders import JsonObject

THING = {"$ref": "#/components/schemas/Thing"}


def schema_of(of: JsonObject, *, required: bool = False) -> JsonObject:
    """Return the schema of an API with one object of one field."""
    thing = {"description": "A thing.", "properties": {"field": of}, "required": ["field"] if required else []}
    return {"info": {}, "paths": {}, "components": {"schemas": {"Thing": thing}}}


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "text (at least 1 long, at most 9 long)"),
        ({"type": "integer", "minimum": 1, "maximum": 100}, "whole number (from 1, to 100)"),
        ({"type": "boolean"}, "true or false"),
        ({"enum": ["auto", "off"], "type": "string"}, "auto · off"),
        ({"const": "group_id", "type": "string"}, "group_id"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number"),
        ({"oneOf": [{"type": "number"}, THING]}, "number or Thing"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "string"}]}, "number or text"),
        ({"type": "object", "properties": {"request": THING, "image": {}}}, "request: Thing, image: anything"),
        ({"type": "array", "items": THING, "maxItems": 16}, "list of Thing (at most 16)"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "anything"),
    ],
)
def test_a_type_is_told_in_words(of: JsonObject, words: str) -> None:
    """With its limits, and without null: what may be left out is said elsewhere."""
    (thing,) = read_reference(schema_of(of)).models

    assert "".join(piece.text for piece in thing.fields[0].kind) == words


def test_an_object_is_a_link() -> None:
    """To where its own fields stand."""
    (thing,) = read_reference(schema_of({"type": "array", "items": THING})).models

    assert thing.fields[0].kind == (Piece("list"), Piece(" of "), Piece("Thing", "Thing"))


@pytest.mark.parametrize(
    ("default", "note"),
    [(20, "else 20"), (False, "else false"), ("auto", "else auto"), (None, ""), ([], ""), ({"a": "x" * 50}, "")],
)
def test_what_holds_where_nothing_is_given(default: object, note: str) -> None:
    """A default that says something, and fits beside the field."""
    (thing,) = read_reference(schema_of({"default": default})).models

    assert thing.fields[0].note == note
    assert read_reference(schema_of({}, required=True)).models[0].fields[0].note == "required"
