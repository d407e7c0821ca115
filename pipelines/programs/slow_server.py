"""A web server that crashes at its first attempt, and at the second is not well for its first few answers."""

import http.server
import os
import sys

if os.environ["FORKLINE_ATTEMPT"] == "1":
    sys.exit("the database is not there yet")

answered = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        global answered
        answered += 1
        self.send_response(503 if answered <= 3 else 200)
        self.end_headers()
        self.wfile.write(b"at your service")

    def log_message(self, *_: object) -> None:
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
