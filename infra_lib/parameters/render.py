"""Files written from Jinja2 templates, with values that cannot break out of their place.

A template prints a value through the filter of the language that it stands in; one without a filter is refused, so that none is
forgotten. The filters write whole literals: quotation marks belong to the filter, not to the template.

========== =====================================================================================================
filter     writes
========== =====================================================================================================
bicep      a Bicep value: ``'text'``, ``5``, ``true``, ``[...]``, ``{...}``, ``az.getSecret(...)`` for a Key Vault reference
bicep_name a name that is declared in Bicep; refused where it is none
json       a JSON value
python     a Python literal
shell      one word of a POSIX shell command
markdown   text in a Markdown paragraph or heading, on one line
comment    text in a line comment (``//``, ``#``), on one line
raw        a text as it is: for what the program wrote itself
========== =====================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError
from infra_lib.parameters import literals
from infra_lib.parameters.entry import Expression, KeyVaultReference, arm_entry
from infra_lib.parameters.file import ParameterFile
from infra_lib.parameters.json_document import SCHEMA

if TYPE_CHECKING:
    from jinja2 import Environment

    from infra_lib.parameters.typed import TypedParameters

BICEPPARAM_TEMPLATE = "parameters.bicepparam.j2"
JSON_TEMPLATE = "parameters.json.j2"


class Rendered(str):
    """Text that a filter wrote, and that may go into a file as it is."""

    __slots__ = ()


def render(source: str, **values: Any) -> str:
    """Render the text of a template. Line ends and the final one stay as they are in ``source``.

    Raises InputError for a value that is missing, is printed without a filter, or cannot be written in its language.
    """
    from jinja2 import TemplateError

    try:
        return environment().from_string(source).render(**values)
    except TemplateError as error:
        raise InputError(f"The template cannot be rendered: {(error.message or type(error).__name__).rstrip('.')}.") from error


def render_bicepparam(parameters: ParameterFile | TypedParameters, *, using: str | None = None) -> str:
    """The text of a .bicepparam file with these parameters, for the Bicep file at ``using`` (a path relative to the file)."""
    source = _template(BICEPPARAM_TEMPLATE)
    return render(source, using=using, parameters=_values(parameters))


def render_parameters_json(parameters: ParameterFile | TypedParameters) -> str:
    """The text of a .parameters.json file with these parameters."""
    entries = {name: arm_entry(value) for name, value in _values(parameters).items()}
    return render(_template(JSON_TEMPLATE), schema=SCHEMA, parameters=entries)


def _values(parameters: ParameterFile | TypedParameters) -> dict[str, Any]:
    file = parameters if isinstance(parameters, ParameterFile) else parameters.file
    return file.values


def _template(name: str) -> str:
    return (data_folder() / "templates" / "parameters" / name).read_text(encoding="utf-8")


def data_folder() -> Path:
    """The folder that has ``templates`` and ``parameters``: inside the installed package, or the checkout's root."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


@cache
def environment() -> Environment:
    """The Jinja2 environment with the filters; made once."""
    from jinja2 import Environment, StrictUndefined

    # Not HTML: escaping is each filter's, and `finalize` refuses what went through none.
    made = Environment(
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        finalize=_finalize,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.clear()
    made.filters.update(FILTERS)
    return made


def _finalize(value: Any) -> str:
    if not isinstance(value, Rendered):
        from jinja2 import TemplateRuntimeError, Undefined

        if isinstance(value, Undefined):
            return str(value)
        raise TemplateRuntimeError("a value is printed without the filter of its language; write {{ value | json }} or the like")
    return value


_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&$]|^[-+=0-9])")


def _bicep(value: Any) -> Rendered:
    if isinstance(value, KeyVaultReference | Expression):
        from infra_lib.parameters.bicep_document import bicep_value

        return Rendered(bicep_value(value))
    return Rendered(literals.bicep_literal(value))


def _bicep_name(value: Any) -> Rendered:
    if not isinstance(value, str) or not (value.isascii() and value.isidentifier()):
        raise InputError(f"{value!r} is no name in Bicep: names are letters, digits and underscores.")
    return Rendered(value)


def _json(value: Any, indent: int | None = None, prefix: int = 0) -> Rendered:
    """JSON; with ``indent`` spaces a step, the lines after the first led by ``prefix`` spaces."""
    return Rendered(literals.json_literal(value, indent=None if indent is None else " " * indent, prefix=" " * prefix))


def _one_line(value: Any) -> str:
    return _BREAKS.sub(" ", str(value)).strip()


def _markdown(value: Any) -> Rendered:
    return Rendered(_MARKDOWN.sub(_markdown_escape, _one_line(value)))


def _markdown_escape(match: re.Match[str]) -> str:
    found = match.group()
    return f"&#{ord(found)};" if found.isdigit() else f"\\{found}"


def _defined(write: Callable[..., Rendered]) -> Callable[..., Rendered]:
    """A filter that refuses a value which the template was not given."""

    @wraps(write)
    def checked(value: Any, *arguments: Any) -> Rendered:
        from jinja2 import Undefined

        if isinstance(value, Undefined):
            str(value)
        return write(value, *arguments)

    return checked


FILTERS: dict[str, Callable[..., Rendered]] = {
    "bicep": _defined(_bicep),
    "bicep_name": _defined(_bicep_name),
    "json": _defined(_json),
    "python": _defined(lambda value: Rendered(literals.python_literal(value))),
    "shell": _defined(lambda value: Rendered(literals.shell_literal(value))),
    "markdown": _defined(_markdown),
    "comment": _defined(lambda value: Rendered(_one_line(value))),
    "raw": _defined(lambda value: Rendered(str(value))),
}
"""The filters by name."""
