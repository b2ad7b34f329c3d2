"""One connection to a web service of events: patient, polite, and clear about what went wrong."""

from __future__ import annotations

import os
import random
import time
from typing import Self
from urllib.parse import urljoin, urlsplit

from mleq import __version__
from mleq.catalog.window import Window
from mleq.errors import RequestError, ServiceError

USGS = "https://earthquake.usgs.gov/fdsnws/event/1/"
PATIENCE_S = 60.0
"""Longest wait that a service may ask for with Retry-After."""
REDIRECTS = 3


class Doubtful(Exception):
    """An answer that cannot be trusted, but may be better when asked again."""


class Refused(ServiceError):
    """An answer of another status than 200 or 204, after all retries.

    Parameters
    ----------
    status : int
        The answer's status.
    said : str
        The answer's text.
    found, remedy : str
        As in every error of mleq.
    """

    def __init__(self, status: int, said: str, found: str, *, remedy: str):
        self.status, self.said = status, said
        super().__init__(found, remedy=remedy)


def service_address(url: str | None = None) -> str:
    """Address of the event service: as given, else `MLEQ_USGS_URL`, else the USGS's; ends in a slash."""
    address = url or os.environ.get("MLEQ_USGS_URL") or USGS
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RequestError(f"{address!r} is no address of an event service", expected=f"an address such as {USGS}")
    return address.rstrip("/") + "/"


class Connection:
    """One connection to an event service.

    Parameters
    ----------
    url : str, optional
        Its address, which ends in /fdsnws/event/1/; see `service_address`.
    tries : int, optional
        How often a question is asked before giving up.
    backoff_s : float, optional
        First wait between tries; it doubles each time, with jitter.
    timeout_s : tuple of float, optional
        Longest wait for a connection, and for the next bytes of an answer.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tries: int = 5,
        backoff_s: float = 0.5,
        timeout_s: tuple[float, float] = (10.0, 120.0),
    ):
        self.url = service_address(url)
        self.tries, self.backoff_s, self.timeout_s = tries, backoff_s, timeout_s
        self._session = _session(tries, backoff_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._session.close()

    def wait(self, attempt: int) -> None:
        """Wait before a further try: exponential backoff with jitter, none before the first."""
        if attempt:
            time.sleep(min(self.backoff_s * 2 ** (attempt - 1), PATIENCE_S) * random.uniform(0.5, 1.5))

    def gave_up(self, method: str, window: Window, seen: list[str]) -> ServiceError:
        """Make the error after the last try."""
        kinds = "; ".join(dict.fromkeys(seen))
        return ServiceError(
            f"{self.url}{method} for {window}: no answer to be trusted in {len(seen)} tries ({kinds})",
            remedy="What was stored before is kept; run the same command again to go on",
        )

    def get(self, method: str, parameters: dict, window: Window):
        """Ask once; the answer has status 200 or 204, and its body is whole where the service says how long it is.

        Raises
        ------
        Doubtful
            If the answer was cut off.
        Refused
            If it has another status, after the retries that urllib3 makes of passing ones.
        mleq.errors.ServiceError
            If the service cannot be reached, or sends on to another host.
        """
        import requests

        address, query = self.url + method, parameters
        for _ in range(REDIRECTS + 1):
            try:
                response = self._session.get(address, params=query, timeout=self.timeout_s, allow_redirects=False)
            except requests.exceptions.RequestException as error:
                raise self._unreachable(error) from None
            if not response.is_redirect:
                break
            address, query = self._redirected(address, response), None
        if response.status_code in (200, 204):
            return response
        raise Refused(
            response.status_code,
            response.text[:2000],
            f"{self.url}{method} for {window}: status {response.status_code}: {excerpt(response)}",
            remedy=_remedy(response.status_code),
        )

    def _redirected(self, address: str, response) -> str:
        """Where a redirect leads, if that is still the same host, and no less secret."""
        target = urljoin(address, response.headers["Location"])
        here, there = urlsplit(self.url), urlsplit(target)
        if there.scheme not in (here.scheme, "https"):
            raise ServiceError(f"{self.url} sends on to {target.split('?')[0]}", expected="an address no less safe")
        if there.hostname != here.hostname:
            raise ServiceError(
                f"{self.url} sends on to {target.split('?')[0]}, another host",
                remedy="If you mean that service, give its address with --usgs_url or in the recipe's catalog.url",
            )
        return target

    def _unreachable(self, error) -> Exception:
        """Tell a doubtful answer from a service that is not there, and say which it is."""
        import requests

        kind, text = requests.exceptions, str(error)
        if isinstance(error, kind.ChunkedEncodingError | kind.ContentDecodingError | kind.ReadTimeout):
            return Doubtful(f"the answer was cut off ({type(error).__name__})")
        if "Read timed out" in text or "IncompleteRead" in text:
            return Doubtful("the answer was cut off")
        host = urlsplit(self.url).hostname
        if isinstance(error, kind.SSLError):
            trusted = "certificate" not in text.lower()
            found = f"{host} speaks no HTTPS there" if trusted else f"the certificate of {host} cannot be trusted"
        elif "NameResolution" in text or "getaddrinfo" in text:
            found = f"the name {host} cannot be resolved"
        elif isinstance(error, kind.RetryError):
            found = f"{self.url} answered with errors {self.tries} times over"
        else:
            found = f"{self.url} cannot be reached"
        return ServiceError(
            f"{found} ({_cause(error)})",
            remedy="Check the network and the address (--usgs_url, MLEQ_USGS_URL, the recipe's catalog.url), or read "
            "events from files with --catalog FILE",
        )


def _session(tries: int, backoff_s: float):
    """Make a session of one connection, with retries and a name."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import InvalidHeader
    from urllib3.util.retry import Retry

    class Patient(Retry):
        """Retries that honour Retry-After, but not for ever."""

        def get_retry_after(self, response):
            try:
                seconds = super().get_retry_after(response)
            except InvalidHeader:
                return None
            return None if seconds is None else min(seconds, PATIENCE_S)

    retries = Patient(
        total=tries,
        connect=min(tries, 3),
        redirect=0,
        other=0,  # a certificate does not become trusted by asking again
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        backoff_factor=backoff_s,
        backoff_jitter=backoff_s,
        backoff_max=PATIENCE_S,
        raise_on_status=False,
        raise_on_redirect=False,
    )
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=retries, pool_block=True)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["User-Agent"] = f"mleq/{__version__} python-requests/{requests.__version__}"
    return session


def require_whole_lines(response) -> None:
    """Doubt a text that ends within a line, where the service did not say how long it is."""
    headers = response.headers
    sized = "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "")
    if not sized and not response.content.endswith(b"\n"):
        raise Doubtful("the answer ends within a line")


def excerpt(response) -> str:
    """The first words of an answer, on one line."""
    kind = response.headers.get("Content-Type", "of no stated type").split(";")[0]
    body = response.content[:2000].decode("utf-8", "replace")
    words = " ".join(body.split())
    name = "a web page (HTML)" if body.lstrip()[:1] == "<" else kind
    return f"{name}: {words[:160]!r}" if words else f"empty ({name})"


def _remedy(status: int) -> str:
    if status == 404:
        return "Is the address of the service right? It ends in /fdsnws/event/1/"
    if status == 429 or status >= 500:
        return "The service is busy or down; what was stored before is kept; run the same command again later"
    return "The service refuses this request as it stands"


def _cause(error: BaseException) -> str:
    """The innermost reason of a chain of network errors."""
    chained = [getattr(error, "reason", None), *getattr(error, "args", ())]
    reason = next((one for one in chained if isinstance(one, BaseException) and one is not error), None)
    return _cause(reason) if reason is not None else str(error).split("\n")[0][:200]
