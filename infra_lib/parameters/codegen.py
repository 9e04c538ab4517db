"""A Python module of dataclasses for a template's parameters."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from infra_lib.parameters.literals import python_literal
from infra_lib.parameters.model import ParametersModel
from infra_lib.parameters.python_names import attribute_names, pascal_case
from infra_lib.parameters.schema import contains_expression, definition_of, is_nullable, resolved

_WIDTH = 88
_RESERVED = frozenset(
    [
        "Any",
        "ClassVar",
        "Literal",
        "Mapping",
        "Model",
        "ParametersModel",
        "Secret",
        "Union",
        "dataclass",
        "field",
        "None",
        "True",
        "False",
    ]
)
_ATTRIBUTES = frozenset(dir(ParametersModel)) | {"bool", "dataclass", "dict", "field", "int", "list", "str", "tuple"}
_SIMPLE = {"string": "str", "int": "int", "bool": "bool"}
_HEADER = '''"""{title}

{body}
"""

from __future__ import annotations
'''


def generate_module(template: Mapping[str, Any], *, source: str = "main.bicep", class_name: str | None = None) -> str:
    """The text of a Python module with a dataclass for the parameters of a compiled template, and one for each object type.

    ``source`` is the template's name, for the docstrings; ``class_name`` defaults to ``MainParameters`` for main.bicep. The
    text is formatted (88 columns, as ruff and black do), passes mypy --strict, and needs :mod:`infra_lib.parameters.model` alone.
    """
    writer = _Writer(template)
    name = class_name or pascal_case(PurePath(source).name.partition(".")[0]) + "Parameters"
    writer.parameters_class(writer.unique(name), source)
    title = f"The parameters of {_one_line(source)}, as Python types."
    body = _wrapped(f"Written by `infra types {_one_line(source)}`; write it again when the template's parameters change.", "")
    return _HEADER.format(title=_escaped(title), body=_escaped("\n".join(body))) + writer.imports() + writer.body()


@dataclass(slots=True, kw_only=True)
class _Attribute:
    """An attribute of a class: its annotation, default (as Python text, empty for none) and description."""

    name: str
    annotation: str
    default: str = ""
    doc: str = ""


@dataclass(slots=True, kw_only=True)
class _Class:
    """A class to be written."""

    name: str
    base: str
    doc: str
    attributes: list[_Attribute] = field(default_factory=list)
    arm_names: dict[str, str] = field(default_factory=dict)
    additional: str = ""


class _Writer:
    """Gathers the classes and aliases of one module."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template
        self.names: set[str] = set(_RESERVED)
        self.classes: list[_Class] = []
        self.aliases: list[str] = []
        self.definitions: dict[str, str] = {}
        self.expanding: list[str] = []
        self.used: set[str] = {"dataclass"}

    def unique(self, name: str) -> str:
        """A class name that the module does not have yet."""
        candidate, number = name, 2
        while candidate in self.names:
            candidate, number = f"{name}{number}", number + 1
        self.names.add(candidate)
        return candidate

    def parameters_class(self, name: str, source: str) -> None:
        """The class of all parameters."""
        declared: Mapping[str, Mapping[str, Any]] = self.template.get("parameters") or {}
        made = _Class(name=name, base="ParametersModel", doc=f"The parameters of {_one_line(source)}.")
        for parameter, attribute in attribute_names(declared, taken=_ATTRIBUTES).items():
            declaration = declared[parameter]
            default = declaration.get("defaultValue")
            annotation = self.annotation(declaration, pascal_case(parameter))
            text = self.default(declaration, default)
            if text == "None" and not annotation.endswith("| None") and annotation != "Any":
                annotation += " | None"
            made.attributes.append(
                _Attribute(name=attribute, annotation=annotation, default=text, doc=self.parameter_doc(declaration))
            )
            if attribute != parameter:
                made.arm_names[attribute] = parameter
        self.classes.append(made)

    def default(self, declaration: Mapping[str, Any], default: Any) -> str:
        """The default of a parameter's attribute: a plain value as it is, otherwise None (the template's default), or none."""
        secure = str(resolved(self.template, declaration).get("type", "")).lower().startswith("secure")
        plain = isinstance(default, str | int) and not contains_expression(default) and not secure
        if plain:
            return python_literal(default.removeprefix("[") if isinstance(default, str) and default.startswith("[[") else default)
        return "None" if "defaultValue" in declaration or is_nullable(self.template, declaration) else ""

    def parameter_doc(self, declaration: Mapping[str, Any]) -> str:
        """The description of a parameter, its limits, and where its default comes from."""
        parts = [self.description(declaration), _limits(resolved(self.template, declaration))]
        default = declaration.get("defaultValue")
        if "defaultValue" in declaration and (contains_expression(default) or isinstance(default, list | Mapping)):
            parts.append("None leaves it to the template's default.")
        return _sentences(parts)

    def description(self, declaration: Mapping[str, Any]) -> str:
        """The description that a declaration has itself, else that of its type."""
        metadata = resolved(self.template, declaration).get("metadata")
        text = metadata.get("description") if isinstance(metadata, Mapping) else None
        return text.strip() if isinstance(text, str) else ""

    # ------------------------------------------------------------------------------------------ types

    def annotation(self, declaration: Mapping[str, Any], hint: str) -> str:
        """The Python type of a declaration; ``hint`` names the class of an object type that has no name of its own."""
        core = self.core(declaration, hint)
        return (
            f"{core} | None" if is_nullable(self.template, declaration) and core != "Any" and not core.endswith("None") else core
        )

    def core(self, declaration: Mapping[str, Any], hint: str) -> str:
        """The type of the values that are not null."""
        reference = declaration.get("$ref")
        if isinstance(reference, str):
            return self.referenced(reference)
        declared = declaration.get("type")
        kind = declared.lower() if isinstance(declared, str) else ""
        allowed = declaration.get("allowedValues")
        if kind.startswith("secure"):
            self.used.add("Secret")
            return "Secret[str]" if kind == "securestring" else f"Secret[{self.any_object()}]"
        if isinstance(allowed, list) and (literal := self.literal(allowed, hint)):
            return f"list[{literal}]" if kind == "array" else literal
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind == "array":
            return self.array(declaration, hint)
        if kind == "object":
            return self.object(declaration, hint)
        self.used.add("Any")
        return "Any"

    def any_object(self) -> str:
        """An object of which nothing is declared."""
        self.used.add("Any")
        return "dict[str, Any]"

    def literal(self, allowed: list[Any], hint: str) -> str | None:
        """``Literal[...]`` of allowed values, by a name of its own where it is long; None where Python has no such type."""
        if not allowed or not all(value is None or isinstance(value, str | int | bool) for value in allowed):
            return None
        self.used.add("Literal")
        texts = [python_literal(value) for value in dict.fromkeys(allowed)]
        text = f"Literal[{', '.join(texts)}]"
        if len(text) <= 48 or len(texts) == 1:
            return text
        name = self.unique(hint)
        self.aliases.append(_bracketed(f"{name} = Literal", texts))
        return name

    def array(self, declaration: Mapping[str, Any], hint: str) -> str:
        """A list, or a tuple."""
        prefix = declaration.get("prefixItems")
        if isinstance(prefix, list):
            items = [self.annotation(item, f"{hint}Item{index + 1}") for index, item in enumerate(prefix)]
            return f"tuple[{', '.join(items) or '()'}]"
        items_declaration = declaration.get("items")
        if isinstance(items_declaration, Mapping):
            return f"list[{self.annotation(items_declaration, hint + 'Item')}]"
        self.used.add("Any")
        return "list[Any]"

    def object(self, declaration: Mapping[str, Any], hint: str) -> str:
        """The class of an object type, or a dict where it names no members."""
        discriminator = declaration.get("discriminator")
        if isinstance(discriminator, Mapping):
            return self.discriminated(discriminator, hint)
        if not declaration.get("properties"):
            others = declaration.get("additionalProperties")
            if not isinstance(others, Mapping):
                return self.any_object()
            return f"dict[str, {self.annotation(others, hint + 'Value')}]"
        return self.object_class(self.unique(hint), declaration, "")

    def below(self, owner: str, member: str) -> str:
        """The name of the class of a member's type: with its owner's name before it, unless that grows long."""
        name = pascal_case(member)
        return owner + name if len(owner) + len(name) <= 40 else name

    def object_class(self, name: str, declaration: Mapping[str, Any], discriminator: str) -> str:
        """Write the class of an object type; the property ``discriminator`` has its one value by default."""
        properties: Mapping[str, Mapping[str, Any]] = declaration.get("properties") or {}
        made = _Class(name=name, base="Model", doc=self.description(declaration) or f"An object of type {name}.")
        attributes = attribute_names(properties, taken=_ATTRIBUTES)
        for member, attribute in attributes.items():
            annotation = self.annotation(properties[member], self.below(name, member))
            allowed = properties[member].get("allowedValues")
            one = (
                python_literal(allowed[0]) if member == discriminator and isinstance(allowed, list) and len(allowed) == 1 else ""
            )
            default = one or ("None" if is_nullable(self.template, properties[member]) else "")
            doc = _sentences([self.description(properties[member]), _limits(properties[member])])
            made.attributes.append(_Attribute(name=attribute, annotation=annotation, default=default, doc=doc))
            if attribute != member:
                made.arm_names[attribute] = member
        others = declaration.get("additionalProperties")
        if isinstance(others, Mapping):
            made.additional = attribute_names(["additionalProperties"], taken=[*_ATTRIBUTES, *attributes.values()])[
                "additionalProperties"
            ]
            annotation = f"dict[str, {self.annotation(others, name + 'Value')}]"
            doc = "Members that the type does not name."
            made.attributes.append(
                _Attribute(name=made.additional, annotation=annotation, default="field(default_factory=dict)", doc=doc)
            )
            self.used.add("field")
        self.classes.append(made)
        return name

    def discriminated(self, discriminator: Mapping[str, Any], hint: str) -> str:
        """The union of the classes that a property tells apart."""
        mapping: Mapping[str, Mapping[str, Any]] = discriminator.get("mapping") or {}
        names = []
        for value, item in mapping.items():
            name = self.member_class(item, hint + pascal_case(value), str(discriminator.get("propertyName")))
            if name not in names:
                names.append(name)
        if len(names) == 1:
            return names[0]
        text = " | ".join(names)
        if len(text) <= 48:
            return text
        self.used.add("Union")
        alias = self.unique(hint + "Variants")
        self.aliases.append(_bracketed(f"{alias} = Union", names))
        return alias

    def member_class(self, item: Mapping[str, Any], hint: str, discriminator: str) -> str:
        """The class of one of the object types that a property tells apart."""
        reference = item.get("$ref")
        if isinstance(reference, str):
            return self.referenced(reference, discriminator)
        return self.object_class(self.unique(hint), item, discriminator)

    def referenced(self, reference: str, discriminator: str = "") -> str:
        """The type of a definition: the class of an object type, anything else spelt out."""
        if reference in self.definitions:
            return self.definitions[reference]
        target = definition_of(self.template, reference)
        if target is None or reference in self.expanding:
            self.used.add("Any")
            return "Any"
        hint = pascal_case("_".join(part for part in reference.split("/")[2:] if part != "properties"))
        self.expanding.append(reference)
        try:
            if str(target.get("type", "")).lower() == "object" and target.get("properties") and "discriminator" not in target:
                self.definitions[reference] = self.unique(hint)
                return self.object_class(self.definitions[reference], target, discriminator)
            found = self.core(target, hint)
        finally:
            self.expanding.pop()
        self.definitions[reference] = found
        return found

    # ------------------------------------------------------------------------------------------ text

    def imports(self) -> str:
        """The import statements that the module needs."""
        if any(made.arm_names for made in self.classes):
            self.used |= {"Mapping", "ClassVar"}
        if any(made.additional for made in self.classes):
            self.used.add("ClassVar")
        lines = ["", "from collections.abc import Mapping"] if "Mapping" in self.used else [""]
        lines.append(f"from dataclasses import {', '.join(name for name in ('dataclass', 'field') if name in self.used)}")
        typing = [name for name in ("Any", "ClassVar", "Literal", "Union") if name in self.used]
        if typing:
            lines.append(f"from typing import {', '.join(typing)}")
        bases = sorted({made.base for made in self.classes} | ({"Secret"} & self.used))
        lines += ["", f"from infra_lib.parameters.model import {', '.join(bases)}", ""]
        return "\n".join(lines)

    def body(self) -> str:
        """The classes, each after those that it was made for, then the names of long types."""
        parts = ["\n\n" + _class_text(made) for made in self.classes]
        if self.aliases:
            parts.append("\n\n" + "\n\n".join(self.aliases) + "\n")
        return "".join(parts)


def _class_text(made: _Class) -> str:
    lines = ["@dataclass(kw_only=True, slots=True, repr=False)", f"class {made.name}({made.base}):"]
    lines += [_docstring(made.doc), ""]
    if made.arm_names:
        opening = "    arm_names: ClassVar[Mapping[str, str]] = {"
        items = [f"{python_literal(attribute)}: {python_literal(name)}" for attribute, name in made.arm_names.items()]
        lines += [opening, *(f"        {item}," for item in items), "    }"]
    if made.additional:
        lines.append(f"    arm_additional: ClassVar[str | None] = {python_literal(made.additional)}")
    if made.arm_names or made.additional:
        lines.append("")
    for attribute in made.attributes:
        lines += _attribute_lines(attribute)
    while lines[-1] == "":
        lines.pop()
    return "\n".join(lines) + "\n"


def _attribute_lines(attribute: _Attribute) -> list[str]:
    default = f" = {attribute.default}" if attribute.default else ""
    line = f"    {attribute.name}: {attribute.annotation}{default}"
    lines = [line]
    if len(line) > _WIDTH:
        lines = _broken_line(attribute) or lines
    if attribute.doc:
        lines.append(_docstring(attribute.doc))
    return [*lines, ""]


def _broken_line(attribute: _Attribute) -> list[str]:
    """An attribute in three lines, as formatters break one that is too long; empty where they leave it."""
    annotation, default = attribute.annotation, attribute.default
    opening = f"    {attribute.name}: {annotation} = ("
    if default and not default.endswith(")") and len(opening) <= _WIDTH and len(default) + 8 <= _WIDTH:
        return [opening, f"        {default}", "    )"]
    if annotation.endswith("]") and annotation.count("[") == 1:
        generic, inner = annotation[:-1].split("[")
        return [f"    {attribute.name}: {generic}[", f"        {inner}", "    ]" + (f" = {default}" if default else "")]
    if len(annotation) + 8 <= _WIDTH and default in ("", "None"):
        return [f"    {attribute.name}: (", f"        {annotation}", "    )" + (f" = {default}" if default else "")]
    return []


def _bracketed(opening: str, items: list[str]) -> str:
    return "\n".join([f"{opening}[", *(f"    {item}," for item in items), "]"])


def _limits(declaration: Mapping[str, Any]) -> str:
    """Lengths and ranges in words."""
    texts = []
    kind = str(declaration.get("type", "")).lower()
    unit = {"array": " item", "object": " member"}.get(kind, " character")
    for least, most, what in (("minLength", "maxLength", unit), ("minValue", "maxValue", "")):
        low, high = declaration.get(least), declaration.get(most)
        last = high if high is not None else low
        if last is None:
            continue
        limit = f"{last}{what}{'s' if what and last != 1 else ''}."
        texts.append(
            f"{low} to {limit}" if low is not None and high is not None else f"At {'least' if high is None else 'most'} {limit}"
        )
    return " ".join(texts)


def _sentences(parts: list[str]) -> str:
    """Texts one after the other, each ended by a full stop where another follows."""
    given = [part for part in parts if part]
    return " ".join(part if part[-1] in ".!?:;" or part is given[-1] else f"{part}." for part in given)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")


def _escaped(text: str) -> str:
    """A text as it has to stand in a docstring."""
    safe = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    return safe.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _wrapped(text: str, indent: str, first: str = "", width: int = _WIDTH) -> list[str]:
    """A text in lines of at most ``width`` columns, its paragraphs kept apart; ``first`` stands before the first of them."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        filled = textwrap.wrap(
            " ".join(paragraph.split()),
            width,
            initial_indent=indent if lines else indent + first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += ["", *filled] if lines and filled else filled
    return lines


def _docstring(text: str) -> str:
    """A docstring, indented by four; in several lines where it does not fit into one."""
    indent, quotes = "    ", '"""'
    body = _escaped(text.strip())
    first = quotes + (" " if body.startswith('"') else "")
    last = (" " if body.endswith('"') else "") + quotes
    lines = _wrapped(body, indent, first)
    if len(lines) == 1 and len(lines[0]) + len(last) <= _WIDTH:
        return lines[0] + last
    if len(lines) == 1:
        lines = _wrapped(body, indent, first, _WIDTH - len(last))
    return "\n".join([*lines, indent + quotes]) if len(lines) > 1 else lines[0] + last
