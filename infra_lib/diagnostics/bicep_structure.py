"""Mistakes in how the declarations of a Bicep file are put together: types of resources, scopes, parents, loops, spreads."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {
    # types of resources
    "BCP047": Entry("error", "The type of a resource is plain text, without ${{...}}.", "Write the type in full."),
    "BCP174": Entry(
        "warning",
        'A type with "providers" inside it is not checked.',
        "Use the type behind the last /providers/ and scope: for the resource that it extends.",
    ),
    "BCP209": Entry("error", 'The name space "{namespace}" has no resource type "{type}".'),
    "BCP073": Entry("error", '"{name}" of a module can be read, not set.', "Remove it."),
    "BCP245": Entry("warning", 'Resources of the type "{type}" can be read, not deployed.', "Declare it with existing."),
    "BCP246": Entry(
        "warning", 'Resources of the type "{type}" can be read, but not deployed, at this scope.', "Declare it with existing."
    ),
    "BCP441": Entry("error", 'Resources of the type "{type}" can be deployed, not read.', "Remove existing."),
    "BCP445": Entry("error", "@nullIfNotFound() can stand only on a resource declared with existing."),
    # scopes
    "BCP135": Entry("error", "Resources of this type cannot be at the scope {supplied}; they can be at: {supported}."),
    "BCP139": Entry(
        "error",
        "A resource can be deployed only to the scope that the file is for.",
        "Move it to a module, and give the module that scope.",
    ),
    "BCP165": Entry(
        "error",
        'The resource "{ancestor}" above this one is at another scope than the one that the file is for.',
        "Move this resource to a module, and give the module that scope.",
    ),
    # bodies
    "BCP040": Entry("error", "The name of this property has to be plain text.", "Write the name without ${{...}}."),
    "BCP173": Entry(
        "error",
        'The property "{name}" cannot be set on an existing resource.',
        "Keep name, parent, scope and dependsOn alone; remove existing to deploy the resource.",
    ),
    # parents and dependencies
    "BCP240": Entry("error", "parent: takes a resource by its name, not an expression.", "Name the resource."),
    "BCP307": Entry(
        "error",
        'This cannot be read off "{name}": its name, parent or scope is known only while the deployment runs.',
        "Read it in a module, to which the name is passed.",
    ),
    "BCP433": Entry(
        "error",
        'The existing resource "{name}" has a name, parent or scope that is known only while the deployment runs; '
        "such a resource has no dependsOn.",
        "Remove dependsOn.",
    ),
    "BCP434": Entry(
        "error",
        'The existing resource "{name}" has a name, parent or scope that is known only while the deployment runs; '
        "nothing can depend on it explicitly.",
        "Remove it from dependsOn.",
    ),
    "BCP110": Entry("error", 'A resource of type {type} has no function "{name}".', 'Did you mean "{suggestion}"?'),
    # loops and collections
    "BCP137": Entry("error", "A loop goes over an array; this is {actual}.", "Write an array, or range(0, COUNT)."),
    "BCP142": Entry("error", "A loop in a property cannot stand inside another one.", "Put the inner one into a variable."),
    "BCP143": Entry(
        "error", "The name of a property whose value is a loop has to be plain text.", "Write the name without ${{...}}."
    ),
    "BCP179": Entry(
        "warning",
        "All items of this loop are deployed under one name: neither name nor scope uses {variables}.",
        "Use the loop's variable in the name.",
    ),
    "BCP323": Entry("error", "An item of a looped resource or module cannot be read with [?...].", "Write [...]."),
    "BCP248": Entry("error", 'The arguments of "{name}" cannot use the lambda variable "{variables}".'),
    # spreads
    "BCP401": Entry("error", "A spread cannot stand here.", "Write the properties out."),
    "BCP402": Entry("error", "Only {expected} can be spread here; this is {actual}."),
    "BCP417": Entry("error", "A spread cannot stand in an object that holds a loop.", "Put the loop into a variable."),
    # declarations
    "BCP090": Entry("error", "The path of the module is missing.", "Write it in quotes, behind the module's name."),
    "BCP112": Entry("error", "The file has more than one targetScope.", "Keep one."),
    "BCP141": Entry("error", "A decorator has to be called.", "Name a decorator, such as @description('...')."),
    "BCP239": Entry("error", 'A variable cannot have the name "{name}".', "Choose another name."),
    "BCP241": Entry("warning", 'The function "{name}" is out of use and will be removed.'),
    "BCP303": Entry("error", "The name of an extension is plain text, without ${{...}}.", "Write the name in full."),
    "BCP361": Entry("error", "@export() can stand only on a statement.", "Put it on the type that holds this."),
    "BCP268": Entry("error", 'Names of metadata do not begin with "_"; "{name}" does.', "Choose another name."),
}
