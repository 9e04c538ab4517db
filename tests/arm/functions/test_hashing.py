from __future__ import annotations

import pytest

from .calling import Case, check, check_refusal

CASES: list[Case] = [
    ("uniqueString", ["snap", "crackle", "pop"], "byghxckddilkc"),
    ("uniqueString", ["test"], "rbgf3xv4ufgzg"),
    ("uniqueString", ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myRg"], "js26ofeqkqeve"),
    ("uniqueString", ["seed"], "bz5m6s6bbpzpi"),
    ("uniqueString", [""], "aaaaaaaaaaaaa"),
    ("guid", ["foo", "bar", "baz"], "2ed86837-7c7c-5eaa-9864-dd077fd19b0d"),
    ("guid", ["a", "b"], "2d796349-8c7e-55ec-9624-54ece82ed031"),
    ("guid", ["a-b"], "2d796349-8c7e-55ec-9624-54ece82ed031"),
]

REFUSALS: list[Case] = [
    ("uniqueString", [1], "ArgumentType"),
    ("uniqueString", [], "ArgumentCount"),
    ("guid", ["a", None], "ArgumentType"),
    ("guid", [["a"]], "ArgumentType"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


def test_the_parts_are_joined_before_hashing() -> None:
    for name in ("guid", "uniqueString"):
        check((name, ["", ""], _value(name, "-")))


def _value(name: str, text: str) -> str:
    from .calling import call

    result = call(name, text)
    assert isinstance(result, str)
    return result
