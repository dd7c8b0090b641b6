"""What the API takes and answers, read from its OpenAPI schema for a page that shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MODELS: Final = "#/components/schemas/"
_NAMES: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_LIMITS: Final = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("minLength", "at least {} long"),
    ("maxLength", "at most {} long"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
    ("maxProperties", "at most {}"),
    ("format", "{}"),
)
_LONGEST_DEFAULT: Final = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, and the model that it names if it names one."""

    text: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter, or a field of a model: what it holds and whether it may be left out."""

    name: str
    kind: tuple[Piece, ...]
    note: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One form in which a body may come or go."""

    media_type: str
    kind: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """One status that a route may answer with."""

    status: str
    said: str
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    said: str
    parameters: tuple[Line, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Reply, ...]
    problems: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """An object of the API and its fields."""

    name: str
    said: str
    fields: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything that the schema says."""

    said: str
    routes: tuple[Route, ...]
    models: tuple[Model, ...]


def read_reference(schema: Mapping[str, Any]) -> Reference:
    """Return what an OpenAPI 3.1 schema says."""
    return Reference(
        schema["info"].get("summary", ""),
        tuple(
            _route(method, path, operation)
            for path, operations in schema["paths"].items()
            for method, operation in operations.items()
        ),
        tuple(_model(name, one) for name, one in sorted(schema["components"]["schemas"].items())),
    )


def _route(method: str, path: str, operation: Mapping[str, Any]) -> Route:
    replies = [
        Reply(status, f"{HTTPStatus(int(status)).phrase}", _bodies(one))
        for status, one in sorted(operation["responses"].items())
    ]
    return Route(
        method.upper(),
        path,
        operation.get("description") or operation["summary"],
        tuple(_line(one["name"], one["schema"], one["required"]) for one in operation.get("parameters", ())),
        _bodies(operation.get("requestBody", {})),
        tuple(one for one in replies if one.status < "4"),
        tuple(one for one in replies if one.status >= "4"),
    )


def _bodies(of: Mapping[str, Any]) -> tuple[Body, ...]:
    return tuple(Body(kind, tuple(_kind(one.get("schema", {})))) for kind, one in of.get("content", {}).items())


def _model(name: str, schema: Mapping[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = (_line(field, one, field in required) for field, one in schema.get("properties", {}).items())
    return Model(name, schema.get("description", ""), tuple(fields))


def _line(name: str, schema: Mapping[str, Any], required: bool) -> Line:  # noqa: FBT001 - as the schema has it
    default = schema.get("default")
    told = default not in (None, "", [], {}) and len(str(default)) <= _LONGEST_DEFAULT
    note = "required" if required else f"else {str(default).lower() if isinstance(default, bool) else default}"
    return Line(name, tuple(_kind(schema)), note if required or told else "", schema.get("description", ""))


def _kind(schema: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield what a value may be: its type in words, and its limits."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_MODELS)
        yield Piece(name, name)
        return
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        types = {one.get("type") for one in choices}
        known = {"null", "integer"} if "number" in types else {"null"}  # whole numbers are numbers
        kinds = list(dict.fromkeys(tuple(_kind(one)) for one in choices if one.get("type") not in known))
        for place, kind in enumerate(kinds):
            yield from (Piece(" or "), *kind) if place else kind
        return
    if "enum" in schema or "const" in schema:
        yield Piece(" · ".join(map(str, schema.get("enum", [schema.get("const")]))))
        return
    yield from _plain(schema)
    limits = [text.format(schema[key]) for key, text in _LIMITS if key in schema]
    if limits:
        yield Piece(f" ({', '.join(limits)})")


def _plain(schema: Mapping[str, Any]) -> Iterator[Piece]:
    kind = schema.get("type")
    inner = schema.get("items") if kind == "array" else schema.get("additionalProperties")
    if kind == "array":
        yield Piece("list")
    elif kind == "object" and "properties" in schema:
        for place, (name, one) in enumerate(schema["properties"].items()):
            yield Piece(f"{', ' if place else ''}{name}: ")
            yield from _kind(one)
    elif kind == "object":
        yield Piece("object")
    else:
        yield Piece(_NAMES.get(kind or "", "anything"))
    if isinstance(inner, dict) and inner:
        yield Piece(" of ")
        yield from _kind(inner)
