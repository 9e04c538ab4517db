"""Mistakes in parameter files and parameter values (INF1##)."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {
    # INF100 to INF119: the text as JSON
    "INF100": Entry("error", "{found} is no JSON value.", "Write {expected}."),
    "INF101": Entry(
        "error",
        "The file is empty; a parameter file is a JSON object.",
        'Write {{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", '
        '"contentVersion": "1.0.0.0", "parameters": {{}}}}.',
    ),
    "INF102": Entry("error", "Expected {expected}, found {found}."),
    "INF103": Entry(
        "error", "This string is not closed on its line.", "Close it with a quotation mark; write \\n for a line end in it."
    ),
    "INF104": Entry(
        "error",
        "{found} cannot stand in a JSON string.",
        "Write \\\\ for a backslash, \\n, \\t or \\u and four hexadecimal digits.",
    ),
    "INF105": Entry("error", 'The comma before "{closing}" has nothing after it.', "Delete the comma."),
    "INF106": Entry("error", "There is no comma between this value and the next.", "Write a comma after the value."),
    "INF107": Entry("error", 'The name "{name}" is given twice; the first is on line {line}.', "Keep one of the two."),
    "INF108": Entry("error", "{found} is not a number in JSON.", "Write a decimal number like 5, -5, 0.5 or 1e3."),
    "INF109": Entry("error", "This comment is never closed.", "Close it with */."),
    "INF110": Entry(
        "error", "The values are nested deeper than {limit} levels, which Resource Manager does not read.", "Flatten them."
    ),
    "INF111": Entry("error", "The file goes on after the end of its JSON value.", "A file holds one value; delete what follows."),
    "INF112": Entry("error", "{found} is not in double quotation marks.", 'Write "{text}".'),
    "INF113": Entry("error", "The byte {bytes} is not {encoding} text.", "Save the file as UTF-8."),
    "INF114": Entry("warning", "The file is stored as UTF-16, which not every tool reads.", "Save it as UTF-8."),
    "INF115": Entry("error", "The file is larger than {limit} MB, more than Resource Manager takes as parameters."),
    "INF116": Entry("error", 'This "{bracket}" is never closed.', 'Write the missing "{closing}".'),
    "INF117": Entry(
        "error", "There are more than {count} mistakes up to here; the rest of the file was not read.", "Is this a JSON file?"
    ),
    "INF118": Entry("error", "The number {found} is too large to be kept.", "Write it as a string if it is meant as text."),
    "INF119": Entry("error", 'This "{found}" closes nothing.', "Delete it, or write the bracket that it closes."),
    # INF120 to INF129: the structure of a parameter file
    "INF120": Entry("error", "A parameter file is a JSON object, this is {found}.", 'Write {{"parameters": {{...}}}}.'),
    "INF121": Entry(
        "error", 'The file has no "parameters".', 'Write {{"parameters": {{"NAME": {{"value": ...}}}}}} around them.'
    ),
    "INF122": Entry("error", "This is a template, not a parameter file.", "Name the file with the parameters' values."),
    "INF123": Entry("warning", 'A parameter file has no "{name}" at this place; it is ignored.'),
    "INF124": Entry("warning", 'The file has no "{name}".', "Add {text}."),
    "INF125": Entry(
        "error", 'The parameter "{name}" is {found} instead of an object that holds its value.', 'Write {{"value": {text}}}.'
    ),
    "INF126": Entry("error", 'The parameter "{name}" has {first} and {second}.', "Keep one of them."),
    "INF127": Entry("error", 'The parameter "{name}" has no value.', 'Write {{"value": ...}}, or a Key Vault reference.'),
    "INF128": Entry("error", 'The parameter "{name}" has a member "{member}" that no parameter has.'),
    "INF129": Entry(
        "error",
        'The Key Vault reference of "{name}" is not complete: {problem}.',
        'Write {{"keyVault": {{"id": "/subscriptions/.../vaults/NAME"}}, "secretName": "..."}}.',
    ),
    # INF130 to INF149: the values
    "INF130": Entry("error", 'The template has no parameter "{name}".'),
    "INF131": Entry("error", 'The parameter "{name}" has no value, and the template has no default for it.'),
    "INF132": Entry("error", "{subject} is null, but it needs {expected}.", "Write {expected}."),
    "INF133": Entry("error", "{subject} is {found}, but it needs {expected}."),
    "INF134": Entry("error", "{subject} is {found}, which is not allowed.", "Write {expected}."),
    "INF135": Entry("error", "{subject} is too short: it has {actual}, the least is {limit}.", "Write at least {limit}."),
    "INF136": Entry("error", "{subject} is too long: it has {actual}, the most is {limit}.", "Write at most {limit}."),
    "INF137": Entry("error", "{subject} is {found}, below the minimum {limit}.", "Write {limit} or more."),
    "INF138": Entry("error", "{subject} is {found}, above the maximum {limit}.", "Write {limit} or less."),
    "INF139": Entry("error", '{subject} lacks "{member}".'),
    "INF140": Entry("error", '{subject} has no member "{member}", and its type takes no others.'),
    "INF141": Entry("warning", '{subject} declares no member "{member}"; it is passed on unchecked.'),
    "INF142": Entry("error", "{subject} has {actual}, its type has {limit}.", "Remove what is too many."),
    "INF143": Entry(
        "error",
        "{subject} is a template expression, which is not evaluated in a parameter file: it would arrive as text.",
        "Write the value itself, or make the expression the parameter's default in the template.",
    ),
    "INF144": Entry(
        "error", 'The parameter "{name}" is given twice: names do not differ by letter case.', "Keep one of the two."
    ),
    "INF145": Entry("error", "{subject} is {found}, outside of the 64-bit integers.", "Write a number from -2^63 to 2^63 - 1."),
    "INF146": Entry(
        "warning",
        'The parameter "{name}" takes its value from a key vault, but the template does not declare it secure.',
        "Mark it @secure() in the template, so that the value is not kept in the deployment's history.",
    ),
    "INF147": Entry("error", "The template's type of {subject} cannot be read: {problem}."),
    # INF150 to INF159: Azure's naming rules
    "INF150": Entry("error", "{subject} cannot be the name of {kind}: {problem}."),
    # INF160 to INF169: where values come from
    "INF160": Entry("error", '"{text}" does not set a parameter.', "Write NAME=VALUE."),
    "INF161": Entry("error", "The value of {subject} does not read as {expected}: {found}."),
    "INF162": Entry("warning", "The environment variable {name} names no parameter of the template; it is not used."),
    # INF170 to INF179: resource bodies
    "INF170": Entry("warning", '"{member}" is no property of {kind}{place}.'),
    "INF171": Entry("error", '{kind} needs "{member}"{place}.', "Add it."),
    "INF172": Entry("warning", '"{member}" of {kind} is {found}, which is not one of its values.', "Write {expected}."),
    "INF173": Entry("error", '"{member}" of {kind} is {found}, but it takes {expected}.', "Write {expected}."),
    "INF174": Entry("warning", '"{member}" of {kind} is set by Azure; what is written there is ignored.', "Remove it."),
    "INF175": Entry("error", "{problem}"),
}
