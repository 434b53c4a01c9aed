"""What stands between a command and its venue: goes away, stalls or answers for itself, at a given call."""

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.http.venue import VenueProcess

TOO_MANY = b'{"code":"429","msg":"Too Many Requests","requestTime":0,"data":null}'
SECONDS_MAX = 60.0
#: Is in no path.
NOTHING = " "


@dataclass
class Between:
    """
    A proxy that passes calls on, apart from those whose path has one of these words in it.

    `gone_after` is passed on and answered, and nobody listens from then on; `stalled` is never answered, and
    `arrived` tells that it has come; `refused` is answered with 429.
    """

    venue: VenueProcess
    gone_after: str = NOTHING
    stalled: str = NOTHING
    refused: str = NOTHING
    arrived: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        between = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if between.stalled in self.path:
                    between.arrived.set()
                    between._over.wait(SECONDS_MAX)
                    return
                status, headers, content = (
                    (429, {}, TOO_MANY) if between.refused in self.path else self.passed_on(body)
                )
                if between.gone_after in self.path:
                    between._hang_up()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                venue = http.client.HTTPConnection(between.venue.host, between.venue.port, timeout=10)
                venue.request(self.command, self.path, body, dict(self.headers))
                answer = venue.getresponse()
                content = answer.read()
                venue.close()
                own = {name: value for name, value in answer.headers.items() if name.startswith("x-backhand")}
                return answer.status, own, content

            do_GET = do_POST = answer  # noqa: N815 (http.server's names)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def _hang_up(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        self._over.set()
        self._hang_up()
        self._thread.join(timeout=10)
