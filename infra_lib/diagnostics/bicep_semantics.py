"""Mistakes of names and of structure in Bicep files, modules and imports."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {
    # names
    "BCP028": Entry("error", '"{name}" is declared more than once.', "Rename or remove all but one."),
    "BCP057": Entry("error", 'Nothing here has the name "{name}".', "Declare it, or correct the name."),
    "BCP059": Entry("error", '"{name}" is no function.', "Use it without parentheses, or call a function."),
    "BCP060": Entry("error", 'The function "variables" is not for Bicep.', "Write {instead}."),
    "BCP061": Entry("error", 'The function "parameters" is not for Bicep.', "Write {instead}."),
    "BCP062": Entry("error", 'The declaration of "{name}" is not valid.', "Correct that declaration first."),
    "BCP063": Entry(
        "error", '"{name}" has no value of its own.', "Call a function with parentheses; correct the import of an imported name."
    ),
    "BCP069": Entry("error", 'The function "{name}" is not for Bicep.', "Use the operator {instead}."),
    "BCP079": Entry("error", "This declaration uses itself.", "Remove the use."),
    "BCP080": Entry("error", 'These declarations use each other in a circle: "{chain}".', "Remove one of the uses."),
    "BCP082": Entry("error", 'Nothing here has the name "{name}".', 'Did you mean "{suggestion}"?'),
    "BCP084": Entry("error", '"{name}" is the name of a built-in name space.', "Choose another name."),
    "BCP107": Entry("error", 'The name space "{namespace}" has no function "{name}".', "Correct the name."),
    "BCP108": Entry("error", 'The name space "{namespace}" has no function "{name}".', 'Did you mean "{suggestion}"?'),
    "BCP145": Entry("error", 'The output or metadata "{name}" is declared more than once.', "Rename or remove all but one."),
    "BCP158": Entry(
        "error", "Nested resources are reached with :: from a resource; this is a {kind}.", "Name a resource before ::."
    ),
    "BCP159": Entry("error", 'The resource "{resource}" has no nested resource "{name}". It has: {known}.', "Correct the name."),
    "BCP265": Entry(
        "error",
        '"{name}" is a declaration of this file, which hides the function of that name.',
        "Write sys.{name}(...) or az.{name}(...).",
    ),
    # calls
    "BCP032": Entry("error", "This has to be known while compiling.", "Write the value itself here."),
    "BCP065": Entry(
        "error",
        'The function "{name}" may stand only in the default value of a parameter.',
        "Pass its value in through a parameter.",
    ),
    "BCP066": Entry(
        "error",
        'The function "{name}" may stand only where the deployment is running: in resources, modules, outputs, variables.',
    ),
    "BCP070": Entry(
        "error", "A mistake inside this function expression makes the argument unusable.", "Correct the expression after =>."
    ),
    "BCP071": Entry("error", '"{name}" takes {expected} arguments; there are {count}.', "Add or remove arguments."),
    "BCP152": Entry("error", 'The function "{name}" is no decorator.', "Use a decorator, such as @description()."),
    # modules
    "BCP094": Entry("error", "The file refers to itself.", "Name another file."),
    "BCP095": Entry("error", 'Files refer to each other in a circle: "{chain}".', "Remove one of the references."),
    "BCP100": Entry("error", 'The function "if" is not for Bicep.', "Write {instead}."),
    "BCP101": Entry("error", 'The function "createArray" is not for Bicep.', "Write {instead}."),
    "BCP102": Entry("error", 'The function "createObject" is not for Bicep.', "Write {instead}."),
    "BCP104": Entry("error", 'The module "{path}" has errors of its own.', "Correct that file first."),
    # places
    "BCP130": Entry("error", "Decorators may not stand here.", "Remove the decorator."),
    "BCP138": Entry("error", "A loop may not stand here.", "Make it the whole value of a variable, and use the variable here."),
    "BCP426": Entry(
        "error",
        "A secure output is read here other than right off its module.",
        "Write module.outputs.name, without ! or .? in it.",
    ),
    # resources and modules
    "BCP072": Entry("error", 'The default value of a parameter cannot use "{name}".', "Use parameters and functions alone."),
    "BCP067": Entry("error", "A value of type {type} has no functions.", "Give it to a function as an argument."),
    "BCP077": Entry("error", 'The property "{name}" can be set but not read.', "Use the value that is set."),
    "BCP078": Entry("error", 'The property "{name}" is missing here.', "Set it to one of: {values}."),
    "BCP109": Entry("error", 'A resource of type {type} has no function "{name}".', "Call it on a key vault."),
    "BCP113": Entry(
        "error", 'A file for a tenant cannot deploy a module to the scope "{scope}" written like this.', "Name it in full."
    ),
    "BCP114": Entry(
        "error",
        'A file for a management group cannot deploy a module to the scope "{scope}" written like this.',
        "Name it in full.",
    ),
    "BCP115": Entry("error", 'A file for a subscription cannot deploy a module to the scope "{scope}" written like this.'),
    "BCP116": Entry("error", 'A file for a resource group cannot deploy a module to the scope "{scope}" written like this.'),
    "BCP121": Entry("error", 'These resources have the same id: "{names}".', "Give them different names."),
    "BCP122": Entry("error", 'These modules are deployed under the same name: "{names}".', "Give them different names."),
    "BCP134": Entry(
        "error",
        'The module is written for the scope "{wanted}" and would be deployed to "{scope}".',
        "Set its scope property, or the targetScope of its file.",
    ),
    "BCP144": Entry("error", '"{name}" is a loop; one of its items is wanted here.', "Write an index behind it."),
    "BCP156": Entry(
        "error", 'The type "{type}" of a nested resource has more than one part.', "Write the last part of the type alone."
    ),
    "BCP157": Entry("error", "The type of this resource cannot be found out, for the resource around it is not valid."),
    "BCP160": Entry("error", "A resource cannot be nested in a looped one.", "Declare it on its own, with parent: and an index."),
    "BCP164": Entry("error", "The scope of a child is that of the resources above it.", "Remove this property."),
    "BCP169": Entry(
        "error",
        "The name needs exactly {expected} slashes, as many as the type has parts below the first.",
        "Use parent: instead.",
    ),
    "BCP170": Entry("error", "The name of a child holds no slash; the names above it come from the resources above it."),
    "BCP176": Entry("error", "any() cannot stand here.", "List the resources themselves."),
    "BCP180": Entry(
        "error",
        "getSecret() may stand only as the whole value of a module's secure parameter, or as a branch of ?: there.",
        "Pass the secret to a module whose parameter has @secure().",
    ),
    "BCP183": Entry(
        "error", "The parameters of a module have to be an object literal.", "Write it out after params:, in braces."
    ),
    "BCP242": Entry("error", "A lambda may stand only as an argument of a function."),
    "BCP247": Entry("error", 'An index of a looped resource or module cannot use the lambda variable "{names}".'),
    "BCP408": Entry("error", "nameof() wants something with a name.", "Name a declaration or a property."),
    "BCP420": Entry("error", "The kind of scope has to be known while compiling; a choice between scopes is not."),
    # values that only a running deployment knows
    "BCP120": Entry(
        "error",
        'The property "{name}" needs a value that is known when the deployment starts; this one is not.',
        "Use id, name, type or apiVersion of the resource, or a parameter.",
    ),
    "BCP177": Entry("error", "A condition needs values that are known when the deployment starts; this one is not."),
    "BCP178": Entry("error", "A loop needs a collection that is known when the deployment starts; this value is not."),
    "BCP181": Entry("error", 'The arguments of "{name}" have to be known when the deployment starts; this value is not.'),
    "BCP182": Entry("error", 'The looped variable "{name}" cannot hold a value that only the running deployment knows.'),
    "BCP341": Entry(
        "error", "A function cannot read a value that only the running deployment knows.", "Pass it in as an argument."
    ),
    # experimental features
    "BCP204": Entry(
        "error", 'The extension "{name}" is not known.', "Correct its name, or add it to extensions in bicepconfig.json."
    ),
    "BCP345": Entry("error", "A test is for a Bicep file.", "Name a file that ends with .bicep."),
    "BCP348": Entry(
        "error",
        "test is an experimental feature.",
        'Switch on "testFramework" under experimentalFeaturesEnabled in bicepconfig.json for the official compiler.',
    ),
    "BCP349": Entry(
        "error",
        "assert is an experimental feature.",
        'Switch on "assertions" under experimentalFeaturesEnabled in bicepconfig.json.',
    ),
    # literals
    "BCP234": Entry("warning", "This calculation has no result.", "Correct its numbers; it will fail when it is deployed."),
    "BCP410": Entry("error", "The remainder of a division by zero does not exist."),
    "INF314": Entry("error", "The result of this arithmetic does not fit into 64 bits."),
    "INF315": Entry("error", 'The function "{name}" has no value for an empty array.', "Give it at least one number."),
    "INF316": Entry(
        "error", "Declarations of this file refer to each other without end.", "Look for types or values that contain themselves."
    ),
    # what is not compiled
    "INF310": Entry(
        "error", "The built-in compiler does not support {construct}.", "Rewrite it, or compile with the official Bicep CLI."
    ),
    # what the official compiler gets wrong, and this one with it
    "INF311": Entry(
        "warning",
        'The id written for this reference takes the loop variable "{name}" from the loop that the reference is in, '
        "not from the index given, as the official compiler has it.",
        "Give the resource or module a scope that uses no loop variable.",
    ),
    "INF312": Entry(
        "warning",
        'What stands in brackets behind "{name}" is lost in the template, as in the official compiler\'s.',
        "Write a dot and the property's name.",
    ),
    "INF313": Entry(
        "warning",
        'The function "{name}" is called without its name space in the template, as the official compiler writes it; '
        "deployments refuse that.",
        "Keep calls of your own functions out of the names of looped resources that have children.",
    ),
}
