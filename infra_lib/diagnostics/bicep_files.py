"""Mistakes about other files: paths, module references, configuration files, ARM JSON modules and loaded contents."""

from infra_lib.diagnostics.entry import Entry

_REFERENCE = 'The module reference "{reference}" is not valid: '
_SPEC_NAME = "Use letters, digits and - _ . ( ), with no dot at the end."
_RELATIVE = "Write a path relative to this file, with / between its parts."

CODES: dict[str, Entry] = {
    # paths
    "BCP050": Entry("error", "The path is empty.", "Write the file's path relative to this file."),
    "BCP051": Entry("error", 'The path "{path}" is absolute; files are found relative to this file only.', _RELATIVE),
    "BCP085": Entry(
        "error", 'The path "{path}" holds {character}, which no path may hold (nor any of " * : < > ? \\ |).', "Rename the file."
    ),
    "BCP086": Entry("error", 'The path "{path}" ends with a blank or a dot.', "Remove the last character."),
    "BCP091": Entry("error", 'The file "{path}" cannot be read: {reason}.', "Check the path; it is relative to this file."),
    "BCP092": Entry("error", "The path of a file must be plain text, without ${{...}}.", "Write the path in full."),
    "BCP098": Entry("error", 'The path "{path}" holds a backslash.', "Use / between the parts of a path."),
    "BCP111": Entry("error", 'The path "{path}" holds a control character.', "Remove it."),
    "BCP275": Entry("error", 'The path "{path}" leads to a folder where a file is needed.', "Name a file in it."),
    # module references
    "BCP189": Entry(
        "error",
        'The scheme "{scheme}" of the reference "{reference}" is unknown.',
        "Use br: for a registry, ts: for a template spec, or the path of a file.",
    ),
    "BCP192": Entry(
        "error",
        'The module "{reference}" is not in the module cache, and modules are not downloaded while compiling.',
        "Run `bicep restore` on this file, or put the module's main.json into {root}/{folder}.",
    ),
    "BCP193": Entry(
        "error", _REFERENCE + "it does not name a registry and a path.", "Write br:REGISTRY/PATH:TAG or br/ALIAS:PATH:TAG."
    ),
    "BCP194": Entry(
        "error",
        'The template spec reference "{reference}" is not complete.',
        "Write ts:SUBSCRIPTION_ID/RESOURCE_GROUP/NAME:VERSION or ts/ALIAS:NAME:VERSION.",
    ),
    "BCP195": Entry(
        "error",
        _REFERENCE + 'the part "{segment}" of its path is wrong.',
        "Use small letters and digits, with . _ or - between them.",
    ),
    "BCP196": Entry("error", _REFERENCE + "the version is missing.", "End it with :TAG or @sha256:DIGEST."),
    "BCP197": Entry("error", _REFERENCE + 'the tag "{tag}" is longer than {maximum} characters.'),
    "BCP198": Entry(
        "error",
        _REFERENCE + 'the tag "{tag}" is wrong.',
        "Use letters, digits, . _ and -, and begin with a letter, a digit or _.",
    ),
    "BCP199": Entry("error", _REFERENCE + 'the path "{repository}" is longer than {maximum} characters.'),
    "BCP200": Entry("error", _REFERENCE + 'the registry "{registry}" is longer than {maximum} characters.'),
    "BCP211": Entry("error", 'The module alias "{alias}" is not a valid name.', "Use letters, digits, _ and -."),
    "BCP212": Entry(
        "error",
        'The template spec alias "{alias}" is not declared in {configuration}.',
        "Declare it under moduleAliases.ts in bicepconfig.json.",
    ),
    "BCP213": Entry(
        "error",
        'The registry alias "{alias}" is not declared in {configuration}.',
        "Declare it under moduleAliases.br in bicepconfig.json.",
    ),
    "BCP214": Entry(
        "error", 'The template spec alias "{alias}" in {configuration} has no subscription.', 'Give it "subscription".'
    ),
    "BCP215": Entry(
        "error", 'The template spec alias "{alias}" in {configuration} has no resource group.', 'Give it "resourceGroup".'
    ),
    "BCP216": Entry("error", 'The registry alias "{alias}" in {configuration} has no registry.', 'Give it "registry".'),
    "BCP217": Entry("error", 'In "{reference}", the subscription id "{subscription}" is no GUID.'),
    "BCP218": Entry("error", 'In "{reference}", the resource group\'s name is longer than {maximum} characters.'),
    "BCP219": Entry("error", 'In "{reference}", the resource group\'s name "{group}" is wrong.', _SPEC_NAME),
    "BCP220": Entry("error", 'In "{reference}", the template spec\'s name is longer than {maximum} characters.'),
    "BCP221": Entry("error", 'In "{reference}", the template spec\'s name "{name}" is wrong.', _SPEC_NAME),
    "BCP222": Entry("error", 'In "{reference}", the version is longer than {maximum} characters.'),
    "BCP223": Entry("error", 'In "{reference}", the version "{version}" is wrong.', _SPEC_NAME),
    "BCP224": Entry(
        "error", _REFERENCE + 'the digest "{digest}" is wrong.', "Write sha256: and 64 hexadecimal digits in small letters."
    ),
    # modules
    "BCP188": Entry("error", 'The ARM template "{path}" is not valid: {reason}.', "Correct the template, then compile again."),
    "BCP277": Entry(
        "error",
        'A module cannot be made from the parameter file "{path}".',
        "Name a .bicep file, an ARM template, or a br: or ts: reference.",
    ),
    # configuration files
    "BCP271": Entry("error", "The configuration file {path} is no JSON: {reason}."),
    "BCP272": Entry("error", "The configuration file {path} cannot be read: {reason}."),
    "BCP273": Entry("error", "The configuration file {path} does not fit: {reason}."),
    "BCP274": Entry("info", "The folder {path} could not be searched for a configuration file: {reason}."),
    "BCP453": Entry("error", "The configuration file {path} extends an absolute path.", "Write a path relative to that file."),
    "BCP454": Entry("error", "The configuration file {path} extends itself: {cycle}."),
    "BCP455": Entry("error", "The configuration file {path} extends a chain of more than 64 files."),
    # loaded contents
    "BCP184": Entry("error", 'The file "{path}" is larger than {maximum} {unit}, the most that can be loaded.'),
    "BCP185": Entry(
        "info", "The file begins with a byte order mark of {encoding} and was read as such.", "Name that encoding, or none."
    ),
    "BCP186": Entry("error", "The text is no JSON: {reason}."),
    "BCP235": Entry(
        "error", 'The JSON path "{path}" finds nothing in the file, or is none.', "Check the path against the file's contents."
    ),
    "BCP340": Entry("error", "The text is no YAML that can be loaded: {reason}."),
    "BCP428": Entry(
        "error", 'There is no folder "{path}", or it may not be read.', "Check the path; it is relative to this file."
    ),
    "BCP429": Entry("error", 'The folder "{path}" cannot be listed: {reason}.'),
    "BCP430": Entry("error", 'The path "{path}" leads to a file where a folder is needed.', "Name the folder."),
}
