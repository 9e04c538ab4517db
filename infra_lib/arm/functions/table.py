"""The page ``docs/functions.md``: every template function with its arguments, its status and what one may not expect of it.

``python -m infra_lib.arm.functions.table > docs/functions.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from infra_lib.arm.functions.registry import FUNCTIONS, Function, Status

_STATUSES: dict[Status, str] = {
    "pure": "computed from its arguments",
    "lambda": "computed from its arguments, of which some are lambdas",
    "lazy": "computed; what is not needed is not evaluated",
    "context": "answered from the template, its parameters and the scope; a part that is not known stays an expression",
    "runtime": "known to a running deployment; before that it stays an expression, unless the template itself has the answer",
    "unsupported": "refused, with its name",
}

_HEAD = """# Template functions

Every function of the template language that the engine knows. Names are found in any letter case; in Bicep, operators and syntax
stand for some of them (`??` is `coalesce()`, `'${a}'` is `format()`, `o.?p` is `tryGet()`).

What holds for all of them:

- Integers have 64 bits and never wrap around: what does not fit is an error. Floats can be compared and formatted, not computed
  with. An integer never equals a float.
- Lengths and positions of strings count UTF-16 units, as .NET does: `length('😀')` is 2. Cutting such a character in two is an
  error.
- Strings compare by their UTF-16 units, whatever the language of the machine. Where letter case is ignored, each character is
  mapped to one character: `é` is `É`, `ß` is not `SS`.
- Members of objects are found ignoring letter case, the same spelling first.
- A wrong number of arguments, a wrong type and a value out of range are errors that name the function.

"""

_NOTES: dict[str, str] = {
    "array": "an array stays; null becomes `[null]`",
    "concat": "arrays, or strings with integers and Booleans (`True`)",
    "contains": "a key ignoring letter case; an item by `equals()`; a text exactly",
    "createArray": "any number of items",
    "distinct": "the first of each stays; objects with their keys in another order are different",
    "empty": "of arrays, objects, strings and null",
    "first": "null for `[]`, `''` for `''`",
    "flatten": "one level",
    "indexFromEnd": "1 is the last item; outside is an error",
    "indexOf": "ignores letter case in strings, compares items by `equals()`; -1 if there is none",
    "intersection": "of arrays; of objects the members with one spelling and one value, not deep",
    "last": "null for `[]`, `''` for `''`",
    "lastIndexOf": "as `indexOf()`; of an empty text the last position, `length - 1`",
    "length": "items, members or UTF-16 units",
    "range": "at most 10,000 integers, of 32 bits",
    "skip": "a negative count is 0",
    "take": "a negative count is 0",
    "tryIndexFromEnd": "null outside; what follows the index must be there",
    "union": "of arrays without repetition; of objects deep: arrays are replaced, null replaces nothing, last spelling counts",
    "createObject": "pairs of a name and a value; a name twice is an error",
    "items": "`{key, value}` each, sorted by key ignoring letter case",
    "null": "",
    "objectKeys": "sorted ignoring letter case",
    "shallowMerge": "of an array of objects: the last value and the first spelling count, null too",
    "tryGet": "null where the first name or index leads nowhere; what follows it must be there",
    "add": "",
    "div": "truncates: `div(-7, 2)` is -3",
    "float": "of an integer or a decimal text",
    "int": "of digits with an optional sign and blanks around; not `1.5`, `1e3` or a float",
    "max": "numbers, or one array of numbers",
    "min": "numbers, or one array of numbers",
    "mod": "has the sign of the first: `mod(-7, 3)` is -1",
    "mul": "",
    "sub": "",
    "bool": "`true` and `false` in any letter case, any integer; not `'1'`",
    "equals": "exact: letter case and kind count, the order of keys does not",
    "false": "",
    "greater": "two numbers or two strings",
    "greaterOrEquals": "two numbers or two strings",
    "less": "two numbers or two strings",
    "lessOrEquals": "two numbers or two strings",
    "not": "",
    "true": "",
    "base64": "of UTF-8",
    "base64ToJson": "as `json()` of the text",
    "base64ToString": "needs the padding; bytes that are not UTF-8 become U+FFFD",
    "dataUri": "`text/plain` for a string, `application/json` for the rest",
    "dataUriToString": "the charset utf-8 alone; `+` is a blank in data that is not base64",
    "endsWith": "ignores letter case",
    "fail": "an error with this text",
    "join": "strings, integers and Booleans (`True`)",
    "like": "`*` alone is special; ignores letter case",
    "padLeft": "to at most 16, with one character",
    "replace": "exact letter case; not of an empty text",
    "split": "by one delimiter or several; by `[]` at white space, by `''` not at all",
    "startsWith": "ignores letter case",
    "string": "`True`; arrays and objects as compact JSON; not of null or a float",
    "substring": "within the string",
    "toLower": "one character to one",
    "toUpper": "one character to one: `ß` stays",
    "trim": "white space of Unicode, as .NET has it",
    "format": ".NET's composite format, invariant culture; formats act on numbers alone",
    "json": "lenient: comments, trailing commas, single quotes, names without quotes, `0x1F`; at most 64 levels",
    "guid": "version 5 of the arguments joined with `-`",
    "uniqueString": "13 characters from the arguments joined with `-`",
    "buildUri": "of `{scheme, host, port, path, query}`; readable, without the scheme's own port",
    "parseUri": "`{scheme, host, port, path, query}`; port null for the scheme's own",
    "uri": "joins as .NET's Uri does, normalised and escaped",
    "uriComponent": "keeps letters, digits and `-_.~`",
    "uriComponentToString": "`+` is a blank; escapes that are broken stay",
    "dateTimeAdd": "a year is 365 days, a month 30; .NET formats, default `yyyy-MM-ddTHH:mm:ssZ` on the clock of the base",
    "dateTimeFromEpoch": "`yyyy-MM-ddTHH:mm:ssZ`",
    "dateTimeToEpoch": "whole seconds",
    "cidrHost": "0 is the first address after the network's; not for networks of one or two addresses",
    "cidrSubnet": "the index counts ranges of the new prefix",
    "parseCidr": "without a prefix that of the address's class; IPv6 has no broadcast",
    "filter": "the lambda may take the index, too",
    "groupBy": "groups ignoring letter case, under the first spelling",
    "map": "the lambda may take the index, too",
    "mapValues": "keeps the keys",
    "reduce": "the lambda may take the index, too",
    "sort": "stable; by a lambda that says whether the first comes before the second",
    "toObject": "a key twice, in any letter case, is an error",
    "and": "stops at the first false",
    "coalesce": "the first that is not null",
    "if": "evaluates the branch that is taken",
    "lambda": "names of its variables, then its body",
    "or": "stops at the first true",
    "copyIndex": "of the loop around it, or of the one that is named",
    "deployer": "",
    "deployment": "name, location and the template's content version",
    "environment": "",
    "extensionResourceId": "",
    "externalInputs": "values that the deploying tool gives",
    "lambdaVariables": "",
    "managementGroup": "",
    "managementGroupResourceId": "",
    "newGuid": "in defaults of parameters alone",
    "parameters": "",
    "resourceGroup": "",
    "resourceId": "",
    "resourceInfo": "id, name, type and apiVersion by symbolic name",
    "subscription": "",
    "subscriptionResourceId": "",
    "tenant": "",
    "tenantResourceId": "",
    "utcNow": "in defaults of parameters alone; default format `yyyyMMddTHHmmssZ`; formats as .NET's DateTime in UTC",
    "variables": "",
    "getKeyVaultSecret": "what a parameter's Key Vault reference becomes",
    "listAccountSas": "",
    "listKeys": "as every other function whose name begins with `list`",
    "listOutputsWithSecureValues": "outputs of a module that are secure",
    "listSecrets": "",
    "pickZones": "",
    "providers": "",
    "reference": "of a resource in the template: answered from its declaration as far as that goes",
    "references": "of a loop, by symbolic name",
    "roleDefinitions": "",
    "toLogicalZone": "",
    "toLogicalZones": "",
    "toPhysicalZone": "",
    "toPhysicalZones": "",
    "extensions": "configuration of an extension",
    "target": "the resource as it is before the deployment; needs an experimental language version",
}

_TITLES: dict[str, str] = {
    "arrays": "Arrays",
    "objects": "Objects",
    "numbers": "Numbers",
    "comparison": "Comparison and logic",
    "strings": "Strings",
    "formatting": "Formatting",
    "json_text": "JSON",
    "encoding": "Base64 and data URIs",
    "uris": "URIs",
    "hashing": "Hashes",
    "dates": "Dates",
    "cidr": "IP address ranges",
    "lambdas": "Lambdas",
    "": "The template, its scope and its resources",
}


def _arguments(function: Function) -> str:
    if function.maximum is None:
        return f"{function.minimum} or more"
    return str(function.minimum) if function.minimum == function.maximum else f"{function.minimum} to {function.maximum}"


def _lines() -> Iterator[str]:
    yield "Status | meaning"
    yield "---|---"
    for status, meaning in _STATUSES.items():
        yield f"{status} | {meaning}"
    for family, title in _TITLES.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "Function | arguments | status | to know"
        yield "---|---|---|---"
        for function in FUNCTIONS.values():
            if function.family == family:
                yield f"`{function.name}` | {_arguments(function)} | {function.status} | {_NOTES[function.name]}".rstrip()


def functions_page() -> str:
    """The whole page, in Markdown."""
    return _HEAD + "\n".join(_lines()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(functions_page())
