"""Parameter files: read, looked at, changed in one place and left alone in every other, saved whole."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.diagnostics import Diagnostic, LineIndex, describe, has_errors
from infra_lib.errors import InputError, ParameterError
from infra_lib.parameters.atomic import reason, write_atomic
from infra_lib.parameters.entry import Expression, KeyVaultReference, ParameterEntry, Place, arm_entry
from infra_lib.parameters.json_document import REMOVED, JsonDocument, empty_text
from infra_lib.parameters.json_text import MAXIMUM_SIZE, UTF_8, Encoding, decode
from infra_lib.parameters.literals import plain

if TYPE_CHECKING:
    from infra_lib.bicep.findings import Finding
    from infra_lib.parameters.bicep_document import BicepDocument

BICEPPARAM = ".bicepparam"


class ParameterFile:
    """A .parameters.json or .bicepparam file.

    ``file["count"]`` is a value, ``file["count"] = 4`` changes it, ``del file["count"]`` takes the parameter out; the text
    around it stays as it is: order, indentation, comments, line ends, encoding. Names are found in any letter case, as
    Resource Manager finds them. Values are plain JSON data, :class:`KeyVaultReference` or :class:`Expression`.
    """

    def __init__(self, document: JsonDocument | BicepDocument, *, path: Path | None = None, encoding: Encoding = UTF_8) -> None:
        self._current = document
        self._changes: dict[str, Any] = {}
        self._compiled: Mapping[str, dict[str, Any]] | None = None
        self._encoding = encoding
        self.path = path
        self.diagnostics: tuple[Diagnostic, ...] = ()

    # ------------------------------------------------------------------------------------------ reading and writing

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, tolerant: bool = False, compiled: Mapping[str, dict[str, Any]] | None = None
    ) -> ParameterFile:
        """Read a file; what it is follows from its name's ending.

        Raises InputError when it cannot be read, ParameterError with every mistake of syntax when it is not what it should
        be. With ``tolerant`` mistakes that leave no doubt about what was meant (a trailing comma) only go into
        ``diagnostics``. ``compiled`` are the parameters of a .bicepparam file that was compiled already
        (``{"NAME": {"value": ...}}``); they hold until the file is changed.
        """
        place = Path(path)
        data = read_bytes(place)
        if len(data) > MAXIMUM_SIZE:
            raise ParameterError([_diagnostic("INF115", str(place), limit=MAXIMUM_SIZE // 1024 // 1024)])
        text, encoding, findings = decode(data)
        file = cls._read(text, place, encoding, findings, tolerant)
        file._compiled = compiled
        return file

    @classmethod
    def parse(
        cls, text: str, path: str | os.PathLike[str] | None = None, *, bicep: bool = False, tolerant: bool = False
    ) -> ParameterFile:
        """Read a text as ``load`` does a file; ``path`` is where it will be saved, and with ``bicep`` tells its language."""
        return cls._read(text, Path(path) if path else None, UTF_8, [], tolerant, bicep)

    @classmethod
    def new(cls, path: str | os.PathLike[str] | None = None, *, using: str | None = None) -> ParameterFile:
        """A file without parameters, not yet saved: in Bicep by the ending of ``path`` or where ``using`` is given, else JSON."""
        if using is None and not (path and Path(path).suffix.lower() == BICEPPARAM):
            return cls.parse(empty_text(), path)
        from infra_lib.parameters.literals import bicep_string

        return cls.parse(f"using {bicep_string(using) if using else 'none'}\n", path, bicep=True)

    @classmethod
    def _read(
        cls, text: str, path: Path | None, encoding: Encoding, findings: list[Finding], tolerant: bool, bicep: bool = False
    ) -> ParameterFile:
        document: JsonDocument | BicepDocument
        if bicep or (path is not None and path.suffix.lower() == BICEPPARAM):
            from infra_lib.parameters.bicep_document import BicepDocument

            document = BicepDocument(text)
            readable = True
        else:
            document = JsonDocument(text)
            readable = document.root is not None
        file = cls(document, path=path, encoding=encoding)
        found = sorted([*findings, *document.findings], key=lambda finding: finding.start)
        shown = str(path) if path else None
        lines = LineIndex(text) if found else None
        file.diagnostics = tuple(finding.to_diagnostic(shown, lines) for finding in found if lines)
        if has_errors(file.diagnostics) and not (tolerant and readable):
            raise ParameterError(file.diagnostics)
        return file

    def save(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the file, to ``path`` or where it came from, whole or not at all; returns where.

        Untouched, a file is saved as the same bytes. Raises InputError when it cannot be written; the old file is then as it was.
        """
        place = Path(path) if path is not None else self.path
        if place is None:
            raise InputError("This parameter file has no path yet. Give one to save().")
        if (place.suffix.lower() == BICEPPARAM) != (self.format == "bicepparam"):
            raise InputError(f"{place} would hold {self.format} text under that name. Convert the file first.")
        write_atomic(place, self.to_bytes())
        self.path = place
        return place

    def to_bytes(self) -> bytes:
        """What ``save`` writes."""
        return self._encoding.encode(self.text)

    @property
    def text(self) -> str:
        """The file's text, with all changes."""
        return self.document.text

    @property
    def format(self) -> str:
        """``json`` or ``bicepparam``."""
        return self._current.format

    @property
    def document(self) -> JsonDocument | BicepDocument:
        """The file's text with all changes, and its tree."""
        if self._changes:
            text = self._current.changed(self._changes)
            self._current = type(self._current)(text)
            self._changes = {}
            self._compiled = None
        return self._current

    # ------------------------------------------------------------------------------------------ values

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter's value by name, in the order of the file. A copy."""
        return copy.deepcopy(self.document.values())

    @property
    def entries(self) -> dict[str, ParameterEntry]:
        """Every parameter by name with its value and place, in the order of the file."""
        return {entry.name: entry for entry in self.document.entries()}

    @property
    def metadata(self) -> dict[str, Any]:
        """The ``metadata`` of the file as a whole; empty where there is none, and in a .bicepparam file."""
        root = self.document.root.value if isinstance(self.document, JsonDocument) and self.document.root else None
        found = root.get("metadata") if isinstance(root, dict) else None
        return copy.deepcopy(found) if isinstance(found, dict) else {}

    def name_of(self, name: str) -> str | None:
        """A parameter's name as the file spells it, None where the file does not have it."""
        return _spelled(name, self.document.values())

    def __getitem__(self, name: str) -> Any:
        values = self.document.values()
        spelled = _spelled(name, values)
        if spelled is None:
            near = difflib.get_close_matches(name, values, 1)
            raise KeyError(f"{name}: no such parameter" + (f"; did you mean {near[0]}?" if near else ""))
        return copy.deepcopy(values[spelled])

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        spelled = self.name_of(name)
        if spelled is None:
            raise KeyError(f"{name}: no such parameter")
        self._changes[spelled] = REMOVED

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.name_of(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.document.values())

    def __len__(self) -> int:
        return len(self.document.values())

    def keys(self) -> list[str]:
        """The names, in the order of the file."""
        return list(self)

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter's value, ``default`` where the file does not have it."""
        values = self.document.values()
        spelled = _spelled(name, values)
        return default if spelled is None else copy.deepcopy(values[spelled])

    def update(self, values: Mapping[str, Any]) -> None:
        """Change or add several parameters. Raises InputError, and changes nothing, for a value that a file cannot hold."""
        known = self.document.values()
        changes = {}
        for name, value in values.items():
            as_is = isinstance(value, KeyVaultReference | Expression)
            changes[_spelled(name, known) or name] = value if as_is else plain(value, name)
        self._current.changed(changes)
        self._changes.update(changes)

    def locate(self, name: str, path: tuple[str | int, ...] = (), *, key: bool = False) -> tuple[str, Place]:
        """The JSON pointer and the place of a parameter's value, or of what lies at ``path`` in it (``key``: of its name)."""
        return self.document.locate_value(self.name_of(name) or name, path, key=key)

    def place_of_parameters(self) -> Place:
        """Where the parameters are listed: what is said about one that the file does not have is said there."""
        return self.document.locate(("parameters",), name=True)

    def arm_parameters(self) -> dict[str, dict[str, Any]]:
        """The parameters as Resource Manager takes them: ``{"NAME": {"value": ...} or {"reference": ...}}``.

        A .bicepparam file is compiled for that, which raises BicepError when it does not compile.
        """
        document = self.document
        if isinstance(document, JsonDocument):
            return {name: arm_entry(value) for name, value in copy.deepcopy(document.values()).items()}
        if self._compiled is None:
            self._compiled = document.compiled(self.path)
        return copy.deepcopy(dict(self._compiled))

    # ------------------------------------------------------------------------------------------ the other language

    def to_json(self, path: str | os.PathLike[str] | None = None) -> ParameterFile:
        """The same parameters as a .parameters.json file, not yet saved. A .bicepparam file's expressions are evaluated."""
        from infra_lib.parameters.convert import to_json

        return to_json(self, path)

    def to_bicepparam(self, path: str | os.PathLike[str] | None = None, *, using: str | None = None) -> ParameterFile:
        """The same parameters as a .bicepparam file for the Bicep file ``using``, not yet saved; metadata does not come along."""
        from infra_lib.parameters.convert import to_bicepparam

        return to_bicepparam(self, path, using)

    def __repr__(self) -> str:
        return (
            f"ParameterFile({str(self.path)!r}, {len(self)} parameters)"
            if self.path
            else f"ParameterFile({len(self)} parameters)"
        )


def read_bytes(path: Path) -> bytes:
    """A file's content, at most one byte over the limit. Raises InputError saying why it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAXIMUM_SIZE + 1)
    except FileNotFoundError as error:
        near = _near(path)
        raise InputError(f"{path} does not exist." + (f" Did you mean {near}?" if near else "")) from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder. Name the parameter file in it.") from error
    except PermissionError as error:
        if path.is_dir():
            raise InputError(f"{path} is a folder. Name the parameter file in it.") from error
        raise InputError(f"{path} cannot be read: there is no permission to read it.") from error
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(f"{path} cannot be read: {why}.") from error


def _near(path: Path) -> str | None:
    """A parameter file beside a missing one that has a name like it."""
    try:
        names = [item.name for item in path.parent.iterdir() if item.name.endswith((".json", BICEPPARAM))]
    except OSError:
        return None
    near = difflib.get_close_matches(path.name, names, 1)
    return str(path.parent / near[0]) if near else None


def _spelled(name: str, names: Mapping[str, Any]) -> str | None:
    if name in names:
        return name
    folded = name.casefold()
    return next((known for known in names if known.casefold() == folded), None)


def _diagnostic(code: str, file: str | None, **names: Any) -> Diagnostic:
    level, message, fix = describe(code, **names)
    return Diagnostic(code=code, level=level, message=message, file=file, fix=fix)
