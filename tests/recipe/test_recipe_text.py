import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import RecipeError
from mleq.recipe.text import parse

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.sampled_from([None, 0, 2]))
def test_reads_what_json_reads(value, indent):
    assert parse(json.dumps(value, indent=indent), "f").value == value


@given(st.text())
def test_refuses_what_json_refuses(text):
    try:
        expected = json.loads(text, parse_constant=lambda word: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(RecipeError, match="f:[0-9]+: not valid JSON"):
            parse(text, "f")
    else:
        assert parse(text, "f").value == expected


@given(st.dictionaries(st.text(), st.lists(st.integers()), min_size=1, max_size=5))
def test_lines_are_where_the_keys_stand(value):
    text = json.dumps(value, indent=2)
    document = parse(text, "f")
    for key in value:
        assert text.split("\n")[document.lines[(key,)] - 1].strip().startswith(json.dumps(key))


def test_duplicate_keys_are_found_with_their_line():
    document = parse('{"a": 1,\n "b": {"c": 1,\n "c": 2}}', "f")
    assert document.duplicates == [("b", "c")]
    assert document.lines[("b", "c")] == 3


def test_array_ends_are_known():
    text = '{"recipes": [ {"a": [1]} ]}'
    assert parse(text, "f").ends[("recipes",)] == text.rindex("]")


@pytest.mark.parametrize(
    ("text", "line", "column", "found"),
    [
        ('{"a": 1,\n "b" 2}', 2, 6, 'expected ":" after the key "b"'),
        ('{"a": 1\n "b": 2}', 2, 2, 'expected "," or "}"'),
        ('{"a": 1,}', 1, 9, "expected a key"),
        ('{"a": nul}', 1, 7, "where a value was expected"),
        ('{"a": NaN}', 1, 7, "where a value was expected"),
        ("", 1, 1, "the end of the file"),
        ("{} {}", 1, 4, "more text after the end"),
        ('{"a": "x', 1, 7, "Unterminated string"),
    ],
)
def test_the_place_of_a_syntax_error_is_named(text, line, column, found):
    with pytest.raises(RecipeError) as error:
        parse(text, "recipe.json")
    assert f"recipe.json:{line}: not valid JSON at column {column}" in str(error.value)
    assert found in str(error.value)


@pytest.mark.parametrize(("text", "sentence"), [("9" * 5000, "a number of 5,000 digits"), ("[" * 100_000, "brackets")])
def test_what_python_will_not_read_is_told(text, sentence):
    with pytest.raises(RecipeError, match=sentence):
        parse('{"a": ' + text, "f")
