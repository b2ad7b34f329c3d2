"""A stand-in for the event service, with faults that tests switch on."""

from __future__ import annotations

import csv
import functools
import io
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from mleq.catalog.columns import COLUMNS


@functools.cache
def utc(text):
    return pd.to_datetime(text, utc=True, format="ISO8601")


def event(id, time, mag=5.0, updated=None, status="reviewed", **values):
    """A row; unless told otherwise it was revised last forty days after the event."""
    updated = updated or (utc(time) + pd.Timedelta(days=40)).isoformat()
    row = dict.fromkeys(COLUMNS, "")
    row |= {"latitude": 35.0, "longitude": 139.0, "depth": 10.0, "type": "earthquake", "place": 'near "here", Japan'}
    return row | {"id": id, "time": time, "mag": mag, "updated": updated, "status": status, **values}


def yearly(n=100, year=2000, mag=5.0, **values):
    """`n` events, evenly through a year."""
    step = 365 / n
    start = pd.Timestamp(f"{year}-01-01T00:00:00.000Z")
    return [
        event(
            f"y{year}n{i:05d}", (start + pd.Timedelta(days=step * i)).isoformat(timespec="milliseconds"), mag, **values
        )
        for i in range(n)
    ]


@dataclass
class StandIn:
    """The service's catalogue and its faults; `fault(method, number, parameters)` may return a whole reply.

    As the USGS's it counts and knows all three forms; others count not, know few forms, and refuse what is too much
    with a status and words of their own, or (status 200) give a page of it and say nothing.
    """

    rows: list = field(default_factory=list)
    limit: int = 40
    fault: object = None
    counts: bool = True
    forms: tuple = ("csv", "text", "xml")
    refusal: tuple = (400, "{found} matching events exceeds search limit of {limit}.")
    asked: list = field(default_factory=list)
    url: str = ""

    def of(self, method):
        return [parameters for name, parameters in self.asked if name == method]

    def select(self, q):
        def fits(row):
            when, magnitude = utc(row["time"]), row["mag"]
            return (
                utc(q["starttime"]) <= when <= utc(q["endtime"])
                and magnitude != ""
                and float(q.get("minmagnitude", -9)) <= magnitude <= float(q.get("maxmagnitude", 99))
                and ("updatedafter" not in q or utc(row["updated"]) >= utc(q["updatedafter"]))
                and (row["status"] != "deleted" or q.get("includedeleted") == "true")
            )

        return sorted(filter(fits, self.rows), key=lambda row: row["time"])

    def answer(self, method, q):
        rows = self.select(q)
        if method == "count":
            counted = json.dumps({"count": len(rows), "maxAllowed": self.limit})
            return (200, "application/json", counted) if self.counts else (404, "text/plain", "Not Found")
        form = q.get("format", "xml")
        if form not in self.forms:
            return 400, "text/plain", f"unknown format {form}"
        if len(rows) > self.limit:
            status, words = self.refusal
            if status != 200:
                return status, "text/plain", words.format(found=len(rows), limit=self.limit)
            rows = rows[: self.limit]
        if not rows and not self.counts:
            return 204, "text/plain", ""
        kind, writer = WRITERS[form]
        return 200, kind, writer(rows)


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_text(rows):
    """The FDSN's text, version 1.2."""
    lines = [
        "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|"
        "MagAuthor|EventLocationName|EventType"
    ]
    for row in rows:
        said = {name: "" if value is None else value for name, value in row.items()}
        lines.append(
            "{id}|{time}|{latitude}|{longitude}|{depth}|||{net}|{id}|{magType}|{mag}||{place}|{type}".format(**said)
        )
    return "\n".join(lines).replace("Z|", "|") + "\n"


def as_xml(rows):
    """QuakeML 1.2, the preferred of two magnitudes written last."""
    events = []
    for row in rows:
        depth = "" if row["depth"] == "" else f"<depth><value>{float(row['depth']) * 1000}</value></depth>"
        name = row["id"]
        events.append(f"""<event publicID="quakeml:stand.in/fdsnws/event/1/query?eventid={name}&amp;format=quakeml">
  <preferredMagnitudeID>smi:stand.in/m/{name}</preferredMagnitudeID>
  <type>{row["type"]}</type>
  <description><text>{escape(row["place"])}</text><type>earthquake name</type></description>
  <origin publicID="smi:stand.in/o/{name}"><time><value>{row["time"]}</value></time>
    <latitude><value>{row["latitude"]}</value></latitude><longitude><value>{row["longitude"]}</value></longitude>{depth}
    <creationInfo><creationTime>{row["updated"]}</creationTime></creationInfo></origin>
  <magnitude publicID="smi:stand.in/other/{name}"><mag><value>1.5</value></mag></magnitude>
  <magnitude publicID="smi:stand.in/m/{name}"><mag><value>{row["mag"]}</value></mag><type>mb</type></magnitude>
</event>""")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" '
        'xmlns="http://quakeml.org/xmlns/bed/1.2"><eventParameters publicID="smi:stand.in/all">'
        + "\n".join(events)
        + "</eventParameters></q:quakeml>\n"
    )


WRITERS = {"csv": ("text/csv", as_csv), "text": ("text/plain", as_text), "xml": ("application/xml", as_xml)}


def _handler(service):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            method, q = url.path.rsplit("/", 1)[-1], dict(parse_qsl(url.query))
            service.asked.append((method, q | {"user_agent": self.headers["User-Agent"]}))
            reply = service.fault and service.fault(method, len(service.asked), q)
            status, kind, text, *rest = reply or service.answer(method, q)
            headers = {"Content-Type": kind, "Content-Length": str(len(text.encode())), **(rest[0] if rest else {})}
            self.send_response(status)
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            self.close_connection = headers["Content-Length"] is None or "cut" in headers
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            body = text.encode()
            self.wfile.write(body[: len(body) // 2] if "cut" in headers else body)

        def log_message(self, *args):
            pass

    return Handler


@contextmanager
def serving(rows=(), limit=40, certificate=None):
    """A running stand-in with some events; over HTTPS where there is a certificate."""
    stand_in = StandIn(list(rows), limit)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # clients that hang up on the certificate are what is tested
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stand_in.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}/fdsnws/event/1/"
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service():
    """A running stand-in without events."""
    with serving() as stand_in:
        yield stand_in


@pytest.fixture
def make():
    """How tests make events: `make.event`, `make.yearly`, `make.csv`."""

    class Make:
        event = staticmethod(event)
        yearly = staticmethod(yearly)
        csv = staticmethod(as_csv)

    return Make
