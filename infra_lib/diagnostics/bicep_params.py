"""Mistakes in Bicep parameter files (.bicepparam)."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {
    # types of values
    "BCP033": Entry("error", "A value of the type {expected} is needed here; this is {actual}.", "Write a value of that type."),
    "BCP034": Entry(
        "error", "The items of this array are of the type {expected}; this is {actual}.", "Write a value of that type."
    ),
    "BCP035": Entry("error", "These properties are missing here: {names}.", "Add them."),
    "BCP036": Entry("error", "This property is of the type {expected}; the value is {actual}.", "Write a value of that type."),
    "BCP037": Entry("error", 'There is no property "{name}" here; there are: {known}.', "Remove it, or correct the name."),
    "BCP088": Entry("error", 'The value "{actual}" is none that this property may have.', 'Did you mean "{suggestion}"?'),
    "BCP089": Entry("error", 'There is no property "{name}" here.', 'Did you mean "{suggestion}"?'),
    "BCP327": Entry("error", "The number {number} is above the greatest that is allowed, {limit}."),
    "BCP328": Entry("error", "The number {number} is below the least that is allowed, {limit}."),
    "BCP332": Entry("error", "The length {number} is above the greatest that is allowed, {limit}."),
    "BCP333": Entry("error", "The length {number} is below the least that is allowed, {limit}."),
    # the file
    "BCP256": Entry("error", "The path of the template is missing after 'using'.", "Write using 'main.bicep', or using none."),
    "BCP258": Entry("error", "The template needs values for these parameters: {names}.", "Add them:\n{text}"),
    "BCP259": Entry(
        "error", 'The template has no parameter "{name}".', "Remove the line, or correct the name; letter case counts."
    ),
    "BCP261": Entry("error", "A parameter file has to say which template it is for.", "Begin it with using 'main.bicep'."),
    "BCP262": Entry("error", "The file has more than one 'using'.", "Keep one."),
    "BCP276": Entry(
        "error", "\"{path}\" is a parameter file; 'using' takes a template.", "Name a .bicep file, or write extends '{path}'."
    ),
    "BCP278": Entry("error", "The parameter file extends itself.", "Name another file."),
    "BCP338": Entry("error", 'The value of the parameter "{name}" cannot be computed: {reason}.', "Correct the expression."),
    "BCP351": Entry(
        "error",
        'A call of "{name}" must be the whole value of a parameter.',
        "Make a parameter for the secret, and join it with other text in the template.",
    ),
    "BCP368": Entry(
        "error",
        'The value of "{name}" comes from a key vault and is not known before the deployment.',
        "Use the parameter in the template instead of here.",
    ),
    "BCP369": Entry(
        "error",
        'The parameter "{name}" is null, so that its default in the template counts, which is not known here.',
        "Give it a value, or use the parameter in the template instead of here.",
    ),
    "BCP405": Entry("error", "The file has more than one 'extends'.", "Keep one; an extended file may extend another."),
    "BCP427": Entry(
        "error",
        'The environment variable "{name}" is not set, and the call has no default.',
        "Set it, or give a default as the second argument.",
    ),
    "BCP435": Entry("error", "'with' after 'using' needs the experimental feature deployCommands.", "Remove it."),
    "BCP437": Entry("error", "'base' has a meaning only in a file that extends another.", "Add extends 'FILE.bicepparam'."),
    "INF320": Entry(
        "warning",
        '"base.{name}" is computed with the variable "{variable}" of this file instead of the extended file\'s own, '
        "as the official compiler does.",
        "Rename one of the two variables.",
    ),
    "BCP438": Entry("error", "The name 'base' stands for the extended file's parameters here.", "Choose another name."),
    "BCP452": Entry(
        "error",
        'A parameter file cannot import "{name}", which only a running deployment can work out: it needs {functions}.',
        "Move what calls those functions into the template.",
    ),
}
