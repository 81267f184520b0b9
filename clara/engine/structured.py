"""An answer in the JSON form that an application asks for (`response_format` of the OpenAI API)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import RootModel

from clara.errors import InputError, ModelBadOutput
from clara.languages import english_name, is_written_in
from clara.stages.state import Outcome, Run
from clara.text import clean, fold, numbers

_READABLE = 40  # letters from which a text's language can be told
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonForm:
    """A JSON schema of draft 2020-12; that of any object where the application gives none."""

    schema: Mapping[str, Any]


class _Object(RootModel[dict[str, Any]]):
    """Any JSON object."""


def read_response_format(response_format: Mapping[str, Any] | None) -> JsonForm | None:
    """Return the JSON form that is asked for, None for plain text. Raises InputError for one that cannot be met."""
    kind = (response_format or {}).get("type", "text")
    if response_format is None or kind == "text":
        return None
    if kind == "json_object":
        return JsonForm(schema=_ANY_OBJECT)
    if kind != "json_schema":
        raise InputError(f"response_format {str(kind)[:40]!r} is unknown: use text, json_object or json_schema")
    told = response_format.get("json_schema") or response_format
    schema = told.get("schema") if isinstance(told, Mapping) else None
    if not isinstance(schema, Mapping):
        raise InputError("response_format of type json_schema needs a schema")
    from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InputError(f"response_format: {error.message[:200]}") from None
    except RecursionError:
        raise InputError("response_format: the schema is nested too deeply") from None
    return JsonForm(schema=schema)


async def write_json(run: Run, form: JsonForm, outcome: Outcome) -> str:
    """Return the answer in the form. One call with one repair, none where the form has one field for it.

    Raises ModelBadOutput where the model's JSON fits neither the form nor the answer.
    """
    if (filled := _fill(form, outcome)) is not None:
        return _dump(filled)
    if run.models is None:
        raise InputError("without a chat model only a form with a single text field can be filled: give a model")
    language = run.question.answer_language
    schema = _dump(form.schema)
    prompt = run.prompts.render(
        "write/json",
        fence=run.fence,
        language=english_name(language),
        question=run.fenced(run.question.text),
        answer=run.fenced(outcome.text),
        form=run.fenced(schema),
    )
    said = {*numbers(outcome.text), *numbers(run.question.text), *numbers(schema)}

    def check(reply: _Object) -> None:
        if problem := _problem(form, reply.root):
            raise ModelBadOutput(f"the JSON does not fit the form: {problem}")
        texts = [text for text in _texts(reply.root) if text not in schema]
        for text in texts:
            if set(numbers(text)) - said:
                raise ModelBadOutput("a text holds a number that the answer does not")
            if len(text) >= _READABLE and not is_written_in(text, language):
                raise ModelBadOutput(f"the text is not in {english_name(language)}")
        if outcome.choice is not None and _options_named(run, reply.root) - {outcome.choice}:
            raise ModelBadOutput(f"it names another option than {outcome.choice}")

    reply, _ = await run.ask_for(_Object, "draft", prompt, check=check, form=schema)
    return _dump(reply.root)


def _fill(form: JsonForm, outcome: Outcome) -> dict[str, Any] | None:
    """Return the answer in a form of one field that takes the option's label, or the text; None for any other."""
    fields = form.schema.get("properties")
    if not isinstance(fields, Mapping) or len(fields) != 1:
        return None
    filled = {str(next(iter(fields))): outcome.text if outcome.choice is None else outcome.choice}
    return filled if not _problem(form, filled) else None


def _problem(form: JsonForm, value: object) -> str:
    """Return why a value does not fit the form, "" where it does."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        # An empty registry: a schema from outside must not make the service fetch addresses.
        error = best_match(Draft202012Validator(form.schema, registry=Registry()).iter_errors(value))
    except Unresolvable as unknown:
        raise InputError(f"response_format: the schema refers to {str(unknown.ref)[:100]!r}, which it lacks") from None
    except RecursionError:
        raise InputError("response_format: the schema refers to itself without end") from None
    if error is None:
        return ""
    # Not the validator's own words: they repeat the value, and problems are kept in the record.
    return f"{error.json_path} must satisfy {error.validator} {json.dumps(error.validator_value)[:150]}"


def _options_named(run: Run, value: object) -> set[str]:
    """Return the ids of the options that whole texts of a JSON value name, by label or by words."""
    texts = {fold(text) for text in _texts(value)}
    forms = {o.id: {fold(o.id), fold(o.text), fold(f"{o.id}) {o.text}")} for o in run.question.options}
    return {label for label, written in forms.items() if written & texts}


def _texts(value: object) -> Iterator[str]:
    """Yield every text inside a JSON value; names of fields are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _dump(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False))
