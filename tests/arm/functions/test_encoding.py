from __future__ import annotations

import pytest

from .calling import Case, check, check_refusal

CASES: list[Case] = [
    ("base64", [""], ""),
    ("base64", ["é😀"], "w6nwn5iA"),
    ("base64", ["ab"], "YWI="),
    ("base64ToJson", ["eyJhIjpbMSwyLjUsbnVsbF0sImIiOiJ4In0="], {"a": [1, 2.5, None], "b": "x"}),
    ("base64ToJson", ["Nw=="], 7),
    ("base64ToJson", ["W10="], []),
    ("base64ToString", [""], ""),
    ("base64ToString", ["YQ==\n"], "a"),
    ("base64ToString", ["/w=="], "\ufffd"),
    ("base64ToString", ["77u/YQ=="], "\ufeffa"),
    ("dataUri", ["Hello"], "data:text/plain;charset=utf-8;base64,SGVsbG8="),
    ("dataUri", [""], "data:text/plain;charset=utf-8;base64,"),
    ("dataUri", [True], "data:application/json;charset=utf-8;base64,VHJ1ZQ=="),
    ("dataUri", [1], "data:application/json;charset=utf-8;base64,MQ=="),
    ("dataUri", [{"a": 1}], "data:application/json;charset=utf-8;base64,eyJhIjoxfQ=="),
    ("dataUriToString", ["data:;base64,SGVsbG8sIFdvcmxkIQ=="], "Hello, World!"),
    ("dataUriToString", ["data:text/plain;charset=utf8;base64,w6k="], "é"),
    ("dataUriToString", ["data:,hello%20w"], "hello w"),
    ("dataUriToString", ["data:TEXT/plain;charset=UTF-8,a%C3%A9b+c"], "aéb c"),
]

REFUSALS: list[Case] = [
    ("base64", [1], "ArgumentType"),
    ("base64ToJson", ["eyI="], "ArgumentValue"),
    ("base64ToString", ["YQ"], "ArgumentValue"),
    ("base64ToString", ["YQ=a"], "ArgumentValue"),
    ("base64ToString", ["YQ==YQ=="], "ArgumentValue"),
    ("base64ToString", [None], "ArgumentType"),
    ("dataUri", [None], "ArgumentType"),
    ("dataUri", [1.5], "ArgumentType"),
    ("dataUriToString", ["hello"], "ArgumentValue"),
    ("dataUriToString", ["data:text/plain;charset=latin1,a"], "ArgumentValue"),
    ("dataUriToString", ["data:;base64,YQ"], "ArgumentValue"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)
