"""The client believes nothing that it cannot check."""

import errno
import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import requests
from service_stand_in import serving

from mleq import __version__
from mleq.catalog import connection
from mleq.catalog.connection import Doubtful, service_address
from mleq.catalog.plan import bring, plan
from mleq.catalog.usgs import EventService
from mleq.catalog.window import Window
from mleq.errors import RequestError, ServiceError

YEAR = Window.of(pd.Timestamp("2000-01-01"), pd.Timestamp("2001-01-01"), 4.0)


@pytest.fixture
def client(service):
    with EventService(service.url, backoff_s=0.01, tries=4) as made:
        yield made


def rows_of(parts):
    return pd.concat([raw for _, raw in parts], ignore_index=True)


def test_a_window_is_asked_for_half_open_to_the_millisecond(service, client, make):
    service.rows = [
        make.event("first", "2000-01-01T00:00:00.000Z"),
        make.event("last", "2000-12-31T23:59:59.999Z"),
        make.event("next", "2001-01-01T00:00:00.000Z"),
        make.event("small", "2000-06-01T00:00:00.000Z", 3.9),
    ]
    assert rows_of(bring(client, YEAR))["id"].tolist() == ["first", "last"]
    assert service.of("query")[0]["endtime"] == "2000-12-31T23:59:59.999"


def test_a_band_of_magnitudes_ends_just_below_its_upper_bound(service, client, make):
    service.rows = [make.event(f"m{m}", "2000-02-01T00:00:00.000Z", m) for m in (3.0, 3.99999, 4.0)]
    found = rows_of(bring(client, Window(YEAR.start, YEAR.end, 3.0, 4.0)))
    assert sorted(found["id"]) == ["m3.0", "m3.99999"]


def test_the_client_says_who_it_is_and_uses_one_connection(service, client, make):
    service.rows = make.yearly(10)
    bring(client, YEAR)
    assert all(asked["user_agent"].startswith(f"mleq/{__version__} ") for _, asked in service.asked)


@pytest.mark.parametrize("n", [1, 40, 41, 100, 233])
def test_pieces_stay_within_the_limit_and_lose_nothing(service, client, make, n):
    service.rows = make.yearly(n)
    pieces = plan(client, YEAR)
    assert sum(count for _, count in pieces) == n
    assert max(count for _, count in pieces) <= service.limit
    assert len(pieces) <= max(1, 1.5 * -(-n // service.limit))
    found = [rows_of(bring(client, window, count)) for window, count in pieces]
    ids = pd.concat(found)["id"]
    assert ids.is_unique
    assert set(ids) == {row["id"] for row in service.rows}


def test_a_crowd_within_a_second_is_split(service, client, make):
    service.rows = [make.event(f"e{i:03d}", f"2000-05-05T05:05:05.{i:03d}Z") for i in range(90)]
    assert len({i for window, n in plan(client, YEAR) for i in rows_of(bring(client, window, n))["id"]}) == 90


def test_more_than_the_limit_in_one_millisecond_cannot_be_had(service, client, make):
    service.rows = [make.event(f"e{i}", "2000-05-05T05:05:05.005Z") for i in range(41)]
    with pytest.raises(ServiceError, match="41 events in one millisecond"):
        plan(client, YEAR)


def test_no_event_at_all(service, client):
    assert rows_of(bring(client, YEAR)).empty
    service.fault = lambda method, *_: (204, "text/csv", "", {"Content-Length": "0"}) if method == "query" else None
    assert rows_of(bring(client, YEAR)).empty


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_errors_are_asked_again(service, client, make, status):
    service.rows = make.yearly(5)
    service.fault = lambda _, n, __: (status, "text/plain", "later", {"Retry-After": "0"}) if n % 2 else None
    assert len(rows_of(bring(client, YEAR))) == 5


def test_lasting_errors_name_the_window_and_the_answer(service, client):
    service.fault = lambda *_: (503, "text/plain", "the service sleeps")
    with pytest.raises(ServiceError, match="2000-01-01T00.*status 503.*the service sleeps.*what was stored"):
        bring(client, YEAR)


def test_retry_after_is_honoured_but_capped(service, make, monkeypatch):
    import time

    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    service.rows = make.yearly(5)
    service.fault = lambda _, n, __: (
        (429, "text/plain", "busy", {"Retry-After": {1: "3", 2: "86400", 3: "soon"}[n]}) if n < 4 else None
    )
    with EventService(service.url, backoff_s=0.01) as client:
        assert client.count(YEAR).events == 5
    assert 3 in waits
    assert connection.PATIENCE_S in waits
    assert max(waits) == connection.PATIENCE_S


def test_a_cut_answer_is_asked_for_again(service, client, make):
    service.rows = make.yearly(20)
    service.fault = lambda method, n, q: (
        (*service.answer(method, q), {"cut": "1"}) if method == "query" and n < 5 else None
    )
    assert len(rows_of(bring(client, YEAR))) == 20


def test_a_cut_answer_without_a_length_is_asked_for_again(service, client, make):
    service.rows = make.yearly(20)
    service.fault = lambda method, n, q: (
        (*service.answer(method, q), {"cut": "1", "Content-Length": None}) if method == "query" and n < 5 else None
    )
    assert len(rows_of(bring(client, YEAR))) == 20


def test_an_answer_that_is_always_cut_is_an_error(service, client, make):
    service.rows = make.yearly(20)
    service.fault = lambda method, _, q: (*service.answer(method, q), {"cut": "1"}) if method == "query" else None
    with pytest.raises(ServiceError, match="2000-01-01T00.*in 4 tries .*cut off"):
        bring(client, YEAR)


@pytest.mark.parametrize(
    ("kind", "text", "seen"),
    [
        ("text/html", "<!DOCTYPE html><html><body>Welcome to the hotel</body></html>", r"a web page \(HTML\).*hotel"),
        ("application/json", json.dumps({"type": "FeatureCollection"}), "a CSV was due.*application/json"),
        ("text/plain", "Error 17: no such table", "a CSV was due.*no such table"),
        ("text/csv", "", "empty"),
        ("text/csv", "time,mag\n", "latitude, longitude, depth, id are missing"),
    ],
)
def test_another_kind_of_answer_is_never_taken_for_events(service, client, make, kind, text, seen):
    service.rows = make.yearly(2)
    service.fault = lambda method, *_: (200, kind, text) if method == "query" else None
    with pytest.raises(ServiceError, match=seen):
        bring(client, YEAR)


@pytest.mark.parametrize("text", ["<html></html>", "many", "{}", '{"count": "5"}', '{"count": -1}', "[3]"])
def test_a_count_that_is_no_number(service, client, text):
    service.fault = lambda *_: (200, "text/html", text)
    with pytest.raises(ServiceError, match="count for 2000-01-01T00.*a count was due"):
        client.count(YEAR)


def test_refusals_show_what_the_service_said(service, client):
    service.fault = lambda *_: (400, "text/plain", 'Unknown parameter "starttime".')
    with pytest.raises(ServiceError, match='status 400.*Unknown parameter "starttime"'):
        client.count(YEAR)
    service.fault = lambda *_: (404, "text/html", "<html>Not found</html>")
    with pytest.raises(ServiceError, match="status 404.*ends in /fdsnws/event/1/"):
        client.count(YEAR)


def test_a_catalogue_that_grows_between_count_and_query_is_counted_again(service, client, make):
    service.rows = make.yearly(10)

    def grow(method, *_):
        if method == "query" and len(service.of("query")) == 1:
            service.rows.append(make.event("late", "2000-07-07T00:00:00.000Z"))

    service.fault = grow
    assert len(rows_of(bring(client, YEAR))) == 11


def test_a_catalogue_that_grows_beyond_the_limit_is_split(service, client, make):
    service.rows = make.yearly(38)

    def grow(method, *_):
        if method == "query" and len(service.of("query")) == 1:
            service.rows += make.yearly(30, mag=4.5, place="other")
            service.rows[38:] = [row | {"id": row["id"] + "b"} for row in service.rows[38:]]

    service.fault = grow
    parts = bring(client, YEAR)
    assert len(parts) > 1
    assert len(rows_of(parts)["id"].unique()) == 68


def test_counts_that_never_agree_are_an_error_with_both_numbers(service, client, make):
    service.rows = make.yearly(10)
    service.fault = lambda method, *_: (200, "text/csv", make.csv(make.yearly(9))) if method == "query" else None
    with pytest.raises(ServiceError, match="10 events were counted, but 9 rows came"):
        bring(client, YEAR)


def test_an_id_twice_in_an_answer_is_not_taken(service, client, make):
    service.rows = make.yearly(2)
    twice = make.csv([service.rows[0], service.rows[0]])
    service.fault = lambda method, *_: (200, "text/csv", twice) if method == "query" else None
    with pytest.raises(ServiceError, match="1 ids come twice"):
        bring(client, YEAR)


def test_rows_as_odd_as_they_may_be(service, client, make):
    """Out of order, with a zone, beyond 180 degrees, without a depth: kept in order of time, UTC, places as told."""
    odd = [
        make.event("b", "2000-07-01T09:00:00+09:00", longitude=190.5, depth=""),
        make.event("a", "2000-06-01T00:00:00.000Z", longitude=-180.0),
    ]
    service.rows = odd
    service.fault = lambda method, *_: (200, "text/csv", make.csv(odd)) if method == "query" else None
    raw = rows_of(bring(client, YEAR))
    assert raw["id"].tolist() == ["a", "b"]
    assert raw["time"].tolist() == [pd.Timestamp("2000-06-01", tz="UTC"), pd.Timestamp("2000-07-01", tz="UTC")]
    assert raw["longitude"].tolist() == [-180.0, 190.5]
    assert raw["depth"].isna().tolist() == [False, True]


def test_a_row_without_a_magnitude_is_in_no_window(service, client, make):
    service.rows = make.yearly(2)
    unmeasured = make.csv([service.rows[0], service.rows[1] | {"mag": ""}])
    service.fault = lambda method, *_: (200, "text/csv", unmeasured) if method == "query" else None
    with pytest.raises(ServiceError, match="1 rows are not of the window, the first y2000n00001 .* magnitude nan"):
        bring(client, YEAR)


def test_events_before_1970(service, client, make):
    service.rows = [make.event("sf", "1906-04-18T13:12:26.000Z", 7.9, updated="2017-01-01T00:00:00Z")]
    old = Window.of(pd.Timestamp("1900-01-01"), pd.Timestamp("1970-01-01"), 4.0)
    assert rows_of(bring(client, old))["time"].tolist() == [pd.Timestamp("1906-04-18T13:12:26Z")]
    assert service.of("count")[0]["starttime"] == "1900-01-01T00:00:00.000"


def test_rows_that_were_not_asked_for_are_not_taken(service, client, make):
    service.rows = make.yearly(1)
    other = make.csv(make.yearly(1, year=1999))
    service.fault = lambda method, *_: (200, "text/csv", other) if method == "query" else None
    with pytest.raises(ServiceError, match="1 rows are not of the window, the first y1999n00000"):
        bring(client, YEAR)


def test_a_service_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused = os.strerror(errno.ECONNREFUSED)  # in the person's language
    with (
        EventService(f"http://127.0.0.1:{port}/fdsnws/event/1/", tries=2, backoff_s=0.01) as client,
        pytest.raises(
            ServiceError, match=f"127.0.0.1:{port}.* cannot be reached .*{refused}.*--usgs_url.*--catalog FILE"
        ),
    ):
        client.count(YEAR)


def test_a_name_that_does_not_resolve():
    with (
        EventService("http://no-such-host.invalid/fdsnws/event/1/", tries=2, backoff_s=0.01) as client,
        pytest.raises(ServiceError, match="the name no-such-host.invalid cannot be resolved"),
    ):
        client.count(YEAR)


CERTIFICATE = Path(__file__).parent / "self_signed.pem"


@pytest.fixture
def secure(make):
    with serving(make.yearly(3), certificate=CERTIFICATE) as stand_in:
        yield stand_in


def test_a_certificate_that_cannot_be_trusted(secure):
    with EventService(secure.url, backoff_s=0.01) as client:
        with pytest.raises(ServiceError, match="the certificate of 127.0.0.1 cannot be trusted .*self-signed"):
            client.count(YEAR)
    assert secure.asked == []


def test_a_certificate_that_the_machine_trusts(secure, monkeypatch):
    """Requests takes authorities of one's own from the environment, as in companies that look into HTTPS."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with EventService(secure.url, tries=1, backoff_s=0.01) as client:
        assert client.count(YEAR).events == 3


def test_https_where_http_is_spoken_is_an_error(service):
    address = service.url.replace("http:", "https:")
    with EventService(address, tries=1, backoff_s=0.01) as client:
        with pytest.raises(ServiceError, match=r"127.0.0.1 speaks no HTTPS there .*--usgs_url"):
            client.count(YEAR)


def test_a_redirect_on_the_same_host_is_followed(service, client, make):
    service.rows = make.yearly(3)
    service.fault = lambda method, _, q: (
        (301, "text/plain", "", {"Location": f"/elsewhere/{method}?{'&'.join(f'{k}={v}' for k, v in q.items())}"})
        if len(service.asked) == 1
        else None
    )
    assert client.count(YEAR).events == 3


def test_a_redirect_to_another_host_is_an_error(service, client):
    service.fault = lambda *_: (302, "text/plain", "", {"Location": "http://other.invalid/login?x=1"})
    with pytest.raises(ServiceError, match="sends on to http://other.invalid/login, another host.*--usgs_url"):
        client.count(YEAR)


@pytest.mark.parametrize("to", ["http://quakes.invalid/x", "ftp://quakes.invalid/x", "file:///etc/passwd"])
def test_a_redirect_is_no_less_safe_than_the_address(to):
    with connection.Connection("https://quakes.invalid/") as one:
        with pytest.raises(ServiceError, match="sends on to .*expected an address no less safe"):
            one._redirected(one.url, SimpleNamespace(headers={"Location": to}))
        assert one._redirected(one.url, SimpleNamespace(headers={"Location": "/y"})) == "https://quakes.invalid/y"


def test_redirects_do_not_go_on_for_ever(service, client):
    service.fault = lambda *_: (302, "text/plain", "", {"Location": service.url + "count"})
    with pytest.raises(ServiceError, match="status 302"):
        client.count(YEAR)


def test_the_address(monkeypatch):
    monkeypatch.delenv("MLEQ_USGS_URL", raising=False)
    assert service_address() == connection.USGS
    monkeypatch.setenv("MLEQ_USGS_URL", "http://localhost:1/fdsnws/event/1")
    assert service_address() == "http://localhost:1/fdsnws/event/1/"
    assert service_address("https://other/") == "https://other/"
    with pytest.raises(RequestError, match="'ftp://x' is no address"):
        service_address("ftp://x")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (requests.exceptions.ConnectionError("HTTPConnectionPool: Read timed out. (read timeout=120)"), Doubtful),
        (requests.exceptions.ConnectionError("IncompleteRead(12 bytes read)"), Doubtful),
        (requests.exceptions.ChunkedEncodingError("cut"), Doubtful),
        (requests.exceptions.RetryError("too many 503 error responses"), "answered with errors 4 times over"),
        (requests.exceptions.ConnectionError("NameResolutionError"), "the name 127.0.0.1 cannot be resolved"),
        (requests.exceptions.SSLError("certificate verify failed"), "the certificate of 127.0.0.1 cannot be trusted"),
        (requests.exceptions.ConnectionError("refused"), "cannot be reached"),
    ],
)
def test_what_the_network_says_is_told_apart(error, found, client):
    said = client._unreachable(error)
    assert isinstance(said, Doubtful) == (found is Doubtful)
    if found is Doubtful:
        assert str(said).startswith("the answer was cut off")
    else:
        assert found in said.found
        assert "--catalog FILE" in str(said)


def test_whether_a_service_counts_is_asked_twice_before_it_is_doubted(service, client):
    service.fault = lambda method, number, _: (200, "application/json", "?") if len(service.asked) < 2 else None
    assert client.can_count()
    service.asked.clear()
    service.fault = lambda *_: (200, "text/html", "<html></html>")
    assert not client.can_count()
    assert len(service.asked) == 2
    service.fault = lambda *_: (403, "text/plain", "no")
    with pytest.raises(ServiceError, match="status 403"):
        client.can_count()
