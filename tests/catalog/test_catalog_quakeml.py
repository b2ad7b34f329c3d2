"""QuakeML that means harm: entities that grow, and entities that ask for other files."""

import pytest

from mleq.catalog.files import read_file
from mleq.catalog.quakeml import parse_quakeml, refuse_document_type
from mleq.errors import DataError

QUAKEML = (
    '<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">'
    '<eventParameters publicID="smi:a/b"><event publicID="smi:a/c"><description><text>{place}</text></description>'
    '<origin publicID="smi:a/d"><time><value>2000-01-01T00:00:00Z</value></time>'
    "<latitude><value>1</value></latitude><longitude><value>2</value></longitude></origin>"
    "</event></eventParameters></q:quakeml>"
)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def hostile(declared, place):
    return f"<?xml version='1.0'?><!DOCTYPE q [{declared}]>" + QUAKEML.format(place=place)


@pytest.mark.parametrize(
    "text",
    [
        hostile('<!ENTITY l0 "ha">' + LAUGHS, "&l9;"),
        hostile('<!ENTITY x SYSTEM "{secret}">', "&x;"),
        hostile('<!ENTITY % x SYSTEM "{secret}"> %x;', "here"),
        "<!DOCTYPE q SYSTEM '{secret}'>" + QUAKEML.format(place="here"),
        "<!-- a comment first --><!DOCTYPE q>" + QUAKEML.format(place="here"),
    ],
    ids=["billion_laughs", "external", "parameter", "external_dtd", "plain_doctype"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_type_is_refused_before_anything_is_parsed(text, encoding, tmp_path):
    pytest.importorskip("obspy")
    (tmp_path / "secret").write_text("the secret")
    path = tmp_path / "events.xml"
    text = text.replace("{secret}", (tmp_path / "secret").as_uri())
    path.write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="events.xml declares a document type") as refused:
        read_file(path)
    assert "the secret" not in str(refused.value)


def test_the_same_without_a_document_type_is_read():
    pytest.importorskip("obspy")
    raw = parse_quakeml(QUAKEML.format(place="here &amp; there").encode(), "it")
    assert raw.loc[0, "place"] == "here & there"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", b"<?xml version='1.0' encoding='no-such'?><q/>", b"<!-- never closed"]
)
def test_what_is_no_xml_is_refused(content):
    with pytest.raises(DataError, match="it cannot be read as XML"):
        refuse_document_type(content, "it")
