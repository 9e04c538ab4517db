"""A template's parameters as an object with attributes: loaded from a file, looked at, changed, saved into the same file."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast, overload

from infra_lib.diagnostics import Diagnostic, has_errors
from infra_lib.errors import ParameterError
from infra_lib.parameters import views, words
from infra_lib.parameters.entry import Expression, KeyVaultReference
from infra_lib.parameters.file import ParameterFile
from infra_lib.parameters.json_edit import same
from infra_lib.parameters.literals import plain
from infra_lib.parameters.naming import named_resources
from infra_lib.parameters.python_names import attribute_names, pascal_case
from infra_lib.parameters.schema import contains_expression, is_secure, resolved
from infra_lib.parameters.secret import Secret
from infra_lib.parameters.validate import validate_parameters

T = TypeVar("T")


class Field(Generic[T]):
    """An attribute that is a parameter.

    ``name`` is the parameter's in the template, ``declaration`` its ARM declaration, ``default`` the value that the attribute has
    while the file gives none or null (None: the template's default, unknown here). ``unit`` says what a number counts.
    ``resource_type`` is the type of the resource that the value names.
    """

    def __init__(
        self,
        name: str,
        declaration: Mapping[str, Any],
        doc: str = "",
        *,
        default: Any = None,
        unit: str | None = None,
        resource_type: str | None = None,
    ) -> None:
        self.name = name
        self.attribute = name
        self.declaration = declaration
        self.default = default
        self.unit = unit
        self.resource_type = resource_type
        self.__doc__ = doc

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, instance: None, owner: type) -> Field[T]: ...

    @overload
    def __get__(self, instance: TypedParameters, owner: type) -> T: ...

    def __get__(self, instance: TypedParameters | None, owner: type) -> Field[T] | T:
        if instance is None:
            return self
        return cast(T, instance._get(self))

    def __set__(self, instance: TypedParameters, value: T) -> None:
        instance._set(self, value)


class TypedParameters:
    """The parameters of one template. Subclasses have a :class:`Field` for each; ``parameters_for`` makes such a class.

    An attribute that is None (or its default) is null or left out in the file, and the template's default counts. Values of
    secure parameters are :class:`Secret`. Changes reach the file with ``save()``; what is wrong is in ``problems``.
    """

    template: ClassVar[Mapping[str, Any]] = {"parameters": {}}
    """The declarations that the values are checked against."""

    closed: ClassVar[bool] = True
    """Whether a file may have no other parameters than these."""

    fields: ClassVar[tuple[Field[Any], ...]] = ()
    """The parameters, in the order of the template."""

    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = tuple(value for value in vars(cls).values() if isinstance(value, Field))
        cls.fields = (*cls.fields, *own)
        cls._defaults = {field.name: field.default for field in cls.fields}
        if own and "template" not in vars(cls):
            cls.template = {"parameters": {field.name: field.declaration for field in cls.fields}}

    def __init__(self, **values: Any) -> None:
        self._file = ParameterFile.new()
        self._values: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}
        for field in type(self).fields:
            self._values[field.name] = copy.deepcopy(field.default)
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a parameter file. Raises InputError when it cannot be read, ParameterError when it is no parameter file.

        Wrong values do not raise: they are in ``problems``.
        """
        return cls.from_file(ParameterFile.load(path))

    @classmethod
    def from_file(cls, file: ParameterFile) -> Self:
        """The parameters that a file has; ``save()`` writes into that file."""
        loaded = cls.__new__(cls)
        loaded._file = file
        loaded._values = {}
        loaded._loaded = file.values
        return loaded

    def save(self, path: str | os.PathLike[str] | None = None, *, check: bool = True) -> Path:
        """Write the changes into the file, or all to ``path``; everything else in the file stays as it is.

        Raises ParameterError, and writes nothing, when a value is wrong and ``check`` is on.
        """
        if check and has_errors(problems := self.problems):
            raise ParameterError(problems)
        self._synchronise()
        target = Path(path) if path is not None else self._file.path
        if target is not None and (target.suffix.lower() == ".bicepparam") != (self._file.format == "bicepparam"):
            self._file = self._file.to_bicepparam(target) if self._file.format == "json" else self._file.to_json(target)
        saved = self._file.save(target)
        self._loaded = self._file.values
        self._values = {}
        return saved

    @property
    def path(self) -> Path | None:
        """The file that ``save()`` writes."""
        return self._file.path

    @property
    def file(self) -> ParameterFile:
        """The file with all changes in it, not yet saved."""
        self._synchronise()
        return self._file

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter by its name in the template: the attribute's value, then what else the file has."""
        known = {field.name: self._get(field) for field in type(self).fields}
        names = {name.casefold() for name in known}
        return {**known, **{name: value for name, value in self._loaded.items() if name.casefold() not in names}}

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong with the values, each with its place in the file as it would be saved."""
        cls = type(self)
        named = {field.name: [field.resource_type] for field in cls.fields if field.resource_type} or None
        found = validate_parameters(self.file, cls.template, named=named or named_resources(cls.template))
        return tuple(item for item in found if cls.closed or item.code != "INF130")

    @property
    def origins(self) -> dict[str, str]:
        """Where each value comes from, by parameter name: the file's line, ``changed``, or ``default``."""
        entries = {name.casefold(): entry for name, entry in self.file.entries.items()}
        texts = {}
        for name in self.values:
            if self._is_changed(name):
                texts[name] = "changed"
                continue
            loaded = _lookup(self._loaded, name)
            if loaded is None:
                texts[name] = "default"
                continue
            entry = entries.get(name.casefold())
            line = f", line {entry.place.line}" if entry else ""
            texts[name] = f"{self._file.path.name if self._file.path else 'the file'}{line}"
        return texts

    def to_arm(self) -> dict[str, dict[str, Any]]:
        """The parameters as Resource Manager takes them; those that are null are left out.

        A .bicepparam file with expressions is compiled, which raises BicepError when it does not compile.
        """
        return {name: entry for name, entry in self.file.arm_parameters().items() if entry != {"value": None}}

    # ------------------------------------------------------------------------------------------ attributes

    if not TYPE_CHECKING:  # a checker that saw this method would let every attribute pass

        def __setattr__(self, attribute: str, value: Any) -> None:
            if not attribute.startswith("_") and not isinstance(getattr(type(self), attribute, None), Field):
                names = [field.attribute for field in type(self).fields]
                near = words.nearest(attribute, names)
                hint = f"; did you mean {near}?" if near else f"; it has {', '.join(names)}"
                raise AttributeError(f"{type(self).__name__} has no parameter {attribute}{hint}")
            object.__setattr__(self, attribute, value)

    def _get(self, field: Field[Any]) -> Any:
        if field.name not in self._values:
            value = _lookup(self._loaded, field.name)
            value = copy.deepcopy(field.default if value is None else value)
            secure = is_secure(type(self).template, field.declaration)
            self._values[field.name] = Secret(value) if secure and isinstance(value, str | dict) else value
        return self._values[field.name]

    def _set(self, field: Field[Any], value: Any) -> None:
        if is_secure(type(self).template, field.declaration) and isinstance(value, str | dict):
            value = Secret(value)
        self._values[field.name] = value

    def _is_changed(self, name: str) -> bool:
        """Whether an attribute differs from what the file gave when it was read."""
        if name not in self._values:
            return False
        loaded, value = _lookup(self._loaded, name), self._values[name]
        left_out = loaded is None and self._is_loaded and _equal(value, type(self)._defaults[name])
        return not left_out and not _equal(loaded, value)

    @property
    def _is_loaded(self) -> bool:
        return self._file.path is not None or bool(self._loaded)

    def _is_new(self, name: str) -> bool:
        """Whether a parameter has to be written because the file is a new one."""
        return not self._is_loaded and not _has(self._loaded, name)

    def _synchronise(self) -> None:
        """Bring the attributes into the file, in memory; one that was changed and changed back is as it was loaded."""
        current = self._file.values
        changes: dict[str, Any] = {}
        for name, value in self._values.items():
            present = _has(current, name)
            if self._is_changed(name) or self._is_new(name):
                changes[name] = value
            elif _has(self._loaded, name):
                changes[name] = _lookup(self._loaded, name)
            elif present:
                del self._file[name]
                continue
            if name in changes and present and _equal(_lookup(current, name), changes[name]):
                del changes[name]
        if changes:
            self._file.update(changes)

    # ------------------------------------------------------------------------------------------ showing

    def rows(self) -> list[views.Row]:
        """A row for each parameter: name, value, where it comes from, what is wrong."""
        wrong: dict[str, list[Diagnostic]] = {}
        for item in self.problems:
            parts = (item.pointer or "").split("/")
            name = parts[2] if len(parts) > 2 else (item.message.split('"')[1] if '"' in item.message else "")
            wrong.setdefault(name.casefold(), []).append(item)
        origins = self.origins
        units = {field.name: field.unit for field in type(self).fields}
        return [
            views.Row(
                name=name,
                value=words.shown(value) + (f" {units[name]}" if units.get(name) and value is not None else ""),
                origin=origins[name],
                problems=tuple(wrong.get(name.casefold(), ())),
            )
            for name, value in self.values.items()
        ]

    def _repr_html_(self) -> str:
        return views.html_table(type(self).__name__, self.rows())

    def __rich__(self) -> Any:
        return views.rich_table(type(self).__name__, self.rows())

    def __repr__(self) -> str:
        parts = []
        for field in type(self).fields:
            value = self._get(field)
            parts.append(f"{field.attribute}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]


def _lookup(values: Mapping[str, Any], name: str) -> Any:
    """A value by name in any letter case, None where there is none."""
    if name in values:
        return values[name]
    folded = name.casefold()
    return next((value for key, value in values.items() if key.casefold() == folded), None)


def _has(values: Mapping[str, Any], name: str) -> bool:
    return name in values or any(key.casefold() == name.casefold() for key in values)


def _equal(left: Any, right: Any) -> bool:
    """Equality of two values of a file; secrets by what they hold."""
    special = (KeyVaultReference, Expression)
    if isinstance(left, special) or isinstance(right, special):
        return bool(left == right)
    return same(plain(left), plain(right))


def parameters_for(template: Mapping[str, Any], name: str = "Parameters") -> type[TypedParameters]:
    """Make a class for the parameters of a compiled template: an attribute each, in snake_case, with its description.

    ``name`` becomes the class's name, in the form of one (``main.bicep``'s is ``Main``).
    """
    declared: Mapping[str, Mapping[str, Any]] = template.get("parameters") or {}
    attributes = attribute_names(declared, taken=dir(TypedParameters))
    named = named_resources(template)
    members: dict[str, Any] = {"template": template, "__doc__": f"The parameters of {name}.", "__module__": __name__}
    for parameter, declaration in declared.items():
        default = declaration.get("defaultValue")
        description = resolved(template, declaration).get("metadata")
        members[attributes[parameter]] = Field(
            parameter,
            declaration,
            str(description.get("description", "")) if isinstance(description, Mapping) else "",
            default=None if contains_expression(default) else default,
            resource_type=named.get(parameter, [None])[0],
        )
    return type(pascal_case(Path(name).name.partition(".")[0]), (TypedParameters,), members)
