"""Faults: what is wrong with a request, place by place, in words for people.

A place in a body is a JSON pointer (RFC 6901, as a fragment), one in a query
the name of its parameter. What was sent is never repeated: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nexafi.kernel.web.strict_json import escape

FAULTS_MAX = 100
"""How many faults are told at once."""

WORDS = {
    "missing": "This is required.",
    "extra_forbidden": "This is not known here.",
    "none_required": "This must be null.",
    "string_type": "This must be a text.",
    "string_too_short": "This must have {min_length} characters or more.",
    "string_too_long": "This must have {max_length} characters or fewer.",
    "string_pattern_mismatch": "This must match {pattern}.",
    "string_unicode": "This has half of a surrogate pair.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "int_parsing_size": "This number is too large.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "finite_number": "This must be a finite number.",
    "decimal_type": "This must be a decimal number.",
    "decimal_parsing": "This must be a decimal number.",
    "decimal_max_places": "This must have {decimal_places} decimals or fewer.",
    "decimal_max_digits": "This must have {max_digits} digits or fewer.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be {ge} or more.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be {le} or less.",
    "multiple_of": "This must be a multiple of {multiple_of}.",
    "list_type": "This must be a list.",
    "tuple_type": "This must be a list.",
    "set_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "dataclass_type": "This must be an object.",
    "too_short": "This must have {min_length} items or more.",
    "too_long": "This must have {max_length} items or fewer.",
    "enum": "This must be one of {expected}.",
    "literal_error": "This must be one of {expected}.",
    "date_type": "This must be a day such as 2026-03-31.",
    "date_parsing": "There is no such day.",
    "date_from_datetime_parsing": "There is no such day.",
    "datetime_type": "This must be a moment such as 2026-03-31T12:00:00Z.",
    "datetime_parsing": "There is no such moment.",
    "datetime_from_date_parsing": "There is no such moment.",
    "timezone_aware": "This must have a zone, such as Z at its end.",
    "uuid_type": "This must be a UUID.",
    "uuid_parsing": "This must be a UUID.",
    "uuid_version": "This must be a UUID of version {expected_version}.",
    "url_type": "This must be an address such as https://example.com/.",
    "url_parsing": "This must be an address such as https://example.com/.",
    "url_scheme": "This must begin with {expected_schemes}.",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}.",
    "union_tag_not_found": "{discriminator} is required.",
}
"""What we say for each kind of fault that pydantic finds; for others, what it says itself."""


def in_body(error: ValidationError, said: Any) -> list[dict[str, str]]:  # noqa: ANN401 - any JSON
    """Return where in the body *said* each fault is, and what it is."""
    return [{"pointer": _pointer(each, said), "detail": words(each)} for each in _some(error)]


def under(place: str, faults: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return *faults* of a part of a body as those of the whole, in which it stands at *place*."""
    return [{**each, "pointer": f"#/{place}{each['pointer'][1:]}"} for each in faults]


def in_query(error: ValidationError) -> list[dict[str, str]]:
    """Return which parameters are at fault, and why."""
    return [
        {"parameter": str(each["loc"][0]) if each["loc"] else "", "detail": words(each)}
        for each in _some(error)
    ]


def unknown_parameter(name: str) -> dict[str, str]:
    """Return the fault of a parameter that nobody reads."""
    return {"parameter": name, "detail": WORDS["extra_forbidden"]}


def words(fault: ErrorDetails) -> str:
    """Return what is wrong, in a sentence."""
    if (sentence := WORDS.get(fault["type"])) is not None:
        try:
            return sentence.format(**fault.get("ctx", {}))
        except KeyError:
            return fault["msg"]
    said = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said if said.endswith((".", "!", "?")) else f"{said[:1].upper()}{said[1:]}."


def _some(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)[:FAULTS_MAX]


def _pointer(fault: ErrorDetails, said: Any) -> str:  # noqa: ANN401 - any JSON
    """Return the place of *fault* in what was said; pydantic's names of branches are no places."""
    here, place = said, ["#"]
    last = len(fault["loc"]) - 1
    for depth, part in enumerate(fault["loc"]):
        if _has(here, part):
            here = here[part]
        elif depth < last or fault["type"] != "missing":
            continue
        place.append(escape(str(part)))
    return "/".join(place)


def _has(here: Any, part: int | str) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, dict) and part in here
