"""One function a measurement: a case or hashed file in, an outcome out. Each runs in a worker process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from infra_lib.diagnostics import Diagnostic

from . import adapter
from .compare import (
    SectionDifference,
    digest,
    first_difference,
    multiset_difference,
    section_differences,
    sections,
    shorten,
    sorted_keys,
    without_generator,
)
from .goldens import Case, HashedFile, read_json
from .orders import has_hash_in_some_order, has_order_left_to_chance
from .outcome import ACCEPTED, DIFFERENT, EQUAL, Outcome, refused

TYPE_CODES = frozenset(
    f"BCP{number:03}"
    for number in (
        *(33, 34, 35, 36, 37, 41, 44, 45, 46, 48, 49, 52, 53, 54, 55, 70, 73, 74, 75, 76, 77, 78, 81, 83, 88, 89),
        *(186, 187, 225, 230, 234, 260, 309, 311, 318, 321, 327, 328, 329, 330, 332, 333, 334, 335, 339, 350),
        *(403, 410, 411, 412, 414, 415, 416, 422),
    )
)
"""Mistakes of type: found by the type checker, measured apart from those of syntax, names and structure."""


_OTHER_ORDER = "order of the resources"


def template_case(case: Case, resource_types: str) -> Outcome | None:
    """main.json of a case against ours: keys in order, generator and templateHash included."""
    expected = case.recorded("main.json")
    if expected is None or case.source is None:
        return None
    result = adapter.compile_template(case.source, resource_types)
    if result.value is None or result.errors:
        return refused(case.name, result.diagnostics)
    return _compared(case.name, expected, result.value, ordered=True)


def parameters_case(case: Case, resource_types: str) -> Outcome | None:
    """params.json of a case against ours, keys in order."""
    expected = case.recorded("params.json")
    if expected is None or case.parameters is None:
        return None
    result = adapter.compile_parameters(case.parameters, resource_types)
    if result.value is None or result.errors:
        return refused(case.name, result.diagnostics)
    return _compared(case.name, expected, result.value.document, ordered=True)


def diagnostics_case(case: Case, resource_types: str) -> Outcome | None:
    """The diagnostics of a case's source and of its parameter file. The status is about errors that the type checker has no
    part in: same code on the same line of the same file. ``notes`` has the rest for the tables."""
    counts: Counter[str] = Counter()
    notes: dict[str, list[Any]] = {"missing": [], "extra": []}
    details: list[str] = []
    compared = False
    for recorded_name, path, compile_source in (
        ("diagnostics.json", case.source, adapter.compile_template),
        ("params.diagnostics.json", case.parameters, adapter.compile_parameters),
    ):
        recorded = case.recorded(recorded_name)
        if recorded is None or path is None:
            continue
        compared = True
        got = compile_source(path, resource_types).diagnostics
        detail = _compare_diagnostics(recorded, got, case.folder, counts, notes)
        if detail:
            details.append(f"{path.name}: {detail}")
    if not compared:
        return None
    return Outcome(case.name, DIFFERENT if details else EQUAL, "; ".join(details), counts=dict(counts), notes=notes)


def _compare_diagnostics(
    recorded: Iterable[dict[str, Any]],
    diagnostics: Iterable[Diagnostic],
    folder: Path,
    counts: Counter[str],
    notes: dict[str, list[Any]],
) -> str:
    expected_rows = [(row["level"], row["file"], row["code"], (*row["start"], *row["end"])) for row in recorded]
    got_rows = [(d.level, _relative(d.file, folder), d.code, (d.line, d.column, d.end_line, d.end_column)) for d in diagnostics]
    details: list[str] = []
    for scope in ("structure", "type", "linter"):
        for level in ("error", "warning", "info"):
            expected = [row for row in expected_rows if row[0] == level and kind_of(row[2]) == scope]
            got = [row for row in got_rows if row[0] == level and kind_of(row[2]) == scope]
            if not expected and not got:
                continue
            missing, extra = multiset_difference(map(_place, expected), map(_place, got))
            kind = f"{scope} {level}"
            counts[f"{kind}: expected"] += len(expected)
            counts[f"{kind}: found on the line"] += len(expected) - len(missing)
            counts[f"{kind}: found at the exact span"] += len(expected) - len(multiset_difference(expected, got)[0])
            counts[f"{kind}: extra"] += len(extra)
            notes["missing"] += [(kind, code) for _, _, code in missing]
            notes["extra"] += [(kind, code) for _, _, code in extra]
            if scope == "structure" and level == "error":
                if missing or extra:
                    details.append(f"missing {missing}, extra {extra}")
            elif level == "error" and extra:
                details.append(f"extra {extra}")
    label = f"sources with {_mistakes_in([row[2] for row in expected_rows if row[0] == 'error'])}"
    counts[label] += 1
    counts[f"{label}: as the official compiler has them"] += not details
    return "; ".join(details)


def _mistakes_in(codes: Sequence[str]) -> str:
    kinds = {kind_of(code) for code in codes}
    if not kinds:
        return "no mistake"
    if kinds == {"structure"}:
        return "mistakes of structure alone"
    return "mistakes of structure and others" if "structure" in kinds else "mistakes of type or the linter alone"


def kind_of(code: str) -> str:
    """``structure``, ``type`` or ``linter``; the library's own codes count as structure."""
    if code in TYPE_CODES:
        return "type"
    return "structure" if re.fullmatch(r"[A-Z]+\d+", code) else "linter"


def _place(row: tuple[str, str, str, tuple[int | None, ...]]) -> tuple[str, int, str]:
    return (row[1], row[3][0] or 0, row[2])


def _relative(file: str | None, folder: Path) -> str:
    if file is None:
        return ""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(folder):
        path = path.relative_to(folder)
    return path.as_posix()


def snapshot_case(case: Case, resource_types: str) -> Outcome | None:
    """snapshot.json of a case against ours; where the official engine refuses, ours must."""
    expected = case.recorded("snapshot.json")
    if expected is None or case.parameters is None:
        return None
    compiled = adapter.compile_parameters(case.parameters, resource_types)
    if compiled.value is None or compiled.errors:
        return _refused_snapshot(case.name, expected.get("error"), compiled, stage="compiler")
    return _evaluated(case, expected, compiled.value.template, compiled.value.document)


def engine_case(case: Case, resource_types: str) -> Outcome | None:
    """As :func:`snapshot_case`, from the recorded template and parameters: the engine alone. Skips what has none recorded."""
    expected = case.recorded("snapshot.json")
    template = case.template
    parameters = case.recorded("params.json")
    if expected is None or template is None or parameters is None:
        return None
    return _evaluated(case, expected, adapter.read_template(template), parameters)


def _evaluated(case: Case, expected: dict[str, Any], template: Any, parameters: dict[str, Any]) -> Outcome:
    result = adapter.snapshot(template, parameters.get("parameters", {}), case.context())
    if result.value is None:
        return _refused_snapshot(case.name, expected.get("error"), result, stage="engine")
    if "error" in expected:
        return Outcome(case.name, ACCEPTED, f"the official engine refuses: {expected['error']}")
    return _compared(case.name, _comparable_snapshot(expected), _comparable_snapshot(result.value), ordered=False)


def _refused_snapshot(name: str, expected_error: str | None, result: adapter.Result, *, stage: str) -> Outcome:
    if expected_error is not None and stage == "engine":
        return Outcome(name, EQUAL, counts={"refused as expected": 1})
    return refused(name, result.diagnostics, counts={f"refused by the {stage}": 1})


def _comparable_snapshot(value: dict[str, Any]) -> dict[str, Any]:
    """Of each of the engine's diagnostics only the resource, level and code: messages are in everybody's own words."""
    return {
        "predictedResources": value["predictedResources"],
        "outputs": value.get("outputs") or {},
        "diagnostics": [str(text).split(": ", 1)[0] for text in value.get("diagnostics") or []],
    }


def _compared(name: str, expected: Any, got: Any, *, ordered: bool) -> Outcome:
    """Equal or different; a templateHash is named as the difference only where it is the only one."""
    difference = first_difference(without_generator(expected), without_generator(got), ordered=ordered)
    difference = difference or first_difference(expected, got, ordered=ordered)
    return Outcome(name, DIFFERENT if difference else EQUAL, difference or "")


def hashed_template(file: HashedFile, resource_types: str) -> Outcome:
    """The output of a public file against its recorded hash and templateHash."""
    if file.path.suffix == ".bicepparam":
        result = adapter.compile_parameters(file.path, resource_types)
        value = None if result.value is None else result.value.document
    else:
        result = adapter.compile_template(file.path, resource_types)
        value = result.value
    recorded = file.recorded
    if recorded["status"] != "ok":
        if value is None or result.errors:
            return Outcome(file.name, EQUAL, counts={"refused as expected": 1, **_same_errors(file, result.errors)})
        return Outcome(file.name, ACCEPTED, f"the official compiler refuses: {file.errors[:3]}")
    if value is None or result.errors:
        return refused(file.name, result.diagnostics)
    plain = without_generator(value)
    if digest(plain, 12) == recorded["hash"]:
        template_hash = value.get("metadata", {}).get("_generator", {}).get("templateHash")
        if template_hash == recorded.get("templateHash"):
            return Outcome(file.name, EQUAL)
        return Outcome(file.name, DIFFERENT, f"templateHash alone: expected {recorded.get('templateHash')}, got {template_hash}")
    if has_hash_in_some_order(plain, recorded["hash"]):
        return Outcome(file.name, EQUAL, counts={"equal but for the random order of dependsOn": 1})
    places = section_differences(recorded["sections"], sections(plain))
    names = ", ".join(place.text for place in places[:6]) or "order of what the sections hold"
    exact = _difference_to_neighbour(file, plain, places)
    if places and not exact:
        exact = f"{places[0].text} = {shorten(places[0].value_in(plain))}"
    return Outcome(file.name, DIFFERENT, f"{len(places)} sections differ: {names}; {exact}")


def _same_errors(file: HashedFile, errors: Sequence[Diagnostic]) -> dict[str, int]:
    expected = {(row[0], row[1], row[4]) for row in file.errors}
    got = {(Path(error.file or "").name, error.line, error.code) for error in errors}
    return {"refused with the same errors": int(expected == got)}


def _difference_to_neighbour(file: HashedFile, plain: Any, places: Sequence[SectionDifference]) -> str:
    """The exact difference, where the JSON file beside the source is known to be the recorded output, in a section at least."""
    neighbour = file.path.with_suffix(".json")
    if not neighbour.is_file():
        return ""
    try:
        expected = without_generator(read_json(neighbour))
    except ValueError:
        return ""
    if digest(expected, 12) == file.recorded["hash"]:
        return first_difference(expected, plain) or ""
    for place in places:
        value = place.value_in(expected)
        if value is not None and digest(value, 6) == place.value_in(file.recorded["sections"]):
            return first_difference(value, place.value_in(plain), path=place.text) or ""
    return ""


def hashed_snapshot(file: HashedFile, resource_types: str) -> Outcome:
    """The snapshot of a public template against the recorded hashes, resource by resource."""
    recorded = file.recorded
    counts = {"resources": len(recorded.get("resources", ()))}
    expected_error = recorded.get("error")
    if "parametersFile" in recorded:
        compiled = _compile_any(file.path, resource_types)
        if compiled.value is None or compiled.errors:
            return _with_counts(_refused_snapshot(file.name, expected_error, compiled, stage="compiler"), counts)
        template = compiled.value
        parameters_path = file.path.with_name(recorded["parametersFile"])
        result = adapter.snapshot_parameter_file(template, parameters_path, file.context())
    else:
        compiled = adapter.compile_parameters_text(recorded["parameters"], file.path, resource_types)
        if compiled.value is None or compiled.errors:
            return _with_counts(_refused_snapshot(file.name, expected_error, compiled, stage="compiler"), counts)
        template = compiled.value.template
        result = adapter.snapshot(template, compiled.value.document.get("parameters", {}), file.context())
    if result.value is None:
        return _with_counts(_refused_snapshot(file.name, expected_error, result, stage="engine"), counts)
    if expected_error is not None:
        return Outcome(file.name, ACCEPTED, f"the official engine refuses: {expected_error}", counts=counts)
    outcome = _compared_hashes(file.name, recorded, result.value, counts)
    if outcome.detail.startswith(_OTHER_ORDER) and ";" not in outcome.detail and has_order_left_to_chance(template):
        return Outcome(file.name, EQUAL, counts={**counts, "equal but for the random order of dependsOn": 1})
    return outcome


def _compile_any(path: Path, resource_types: str) -> adapter.Result:
    if path.suffix == ".json":
        return adapter.Result(adapter.read_template(path), ())
    return adapter.compile_template(path, resource_types)


def _with_counts(outcome: Outcome, counts: dict[str, int]) -> Outcome:
    outcome.counts.update(counts)
    return outcome


def _compared_hashes(name: str, recorded: dict[str, Any], snapshot: dict[str, Any], counts: dict[str, int]) -> Outcome:
    got = snapshot["predictedResources"]
    hashes = [(item.get("type"), digest(item.get("id"), 6), digest(sorted_keys(item), 12)) for item in got]
    expected = [tuple(row) for row in recorded["resources"]]
    missing, extra = multiset_difference(expected, hashes)
    counts["resources equal"] = len(expected) - len(missing)
    outputs = {key: digest(sorted_keys(value), 6) for key, value in (snapshot.get("outputs") or {}).items()}
    problems: list[str] = []
    if missing or extra:
        problems.append(_first_resource_difference(expected, hashes, got, len(missing), len(extra)))
    elif hashes != expected:
        index = next(i for i, pair in enumerate(zip(expected, hashes, strict=True)) if pair[0] != pair[1])
        problems.append(f"{_OTHER_ORDER}: at {index} expected {expected[index][0]}, got {got[index].get('id')}")
    if outputs != recorded["outputs"]:
        wrong = [key for key in recorded["outputs"] if outputs.get(key) != recorded["outputs"][key]]
        wrong += [key for key in outputs if key not in recorded["outputs"]]
        first = wrong[0]
        problems.append(f"outputs {wrong}: {first} = {shorten((snapshot.get('outputs') or {}).get(first))}")
    diagnostics = len(snapshot.get("diagnostics") or [])
    if diagnostics != recorded["diagnostics"]:
        problems.append(f"{recorded['diagnostics']} diagnostics expected, got {diagnostics}")
    return Outcome(name, DIFFERENT if problems else EQUAL, "; ".join(problems), counts=counts)


def _first_resource_difference(
    expected: Sequence[tuple[Any, ...]], hashes: Sequence[tuple[Any, ...]], got: Sequence[Any], missing: int, extra: int
) -> str:
    start = f"{missing} resources missing, {extra} extra"
    known = set(expected)
    for index, row in enumerate(hashes):
        if row in known:
            continue
        same_id = any(row[:2] == other[:2] for other in expected)
        word = "has another body" if same_id else "is not expected (type or id)"
        return f"{start}; [{index}] {word}: {shorten(got[index], 1200)}"
    absent = next(row for row in expected if row not in set(hashes))
    return f"{start}; no {absent[0]} with id hash {absent[1]}"


