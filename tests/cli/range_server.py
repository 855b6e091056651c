"""Serves the files of a folder slowly, with ranges and entity tags: for tests of downloads.

range_server.py FOLDER PORTFILE LOG BYTES_PER_SECOND: writes its port to PORTFILE, and to LOG a line
"PATH FIRST" for each request that is answered with a body. /secret/… wants the token t0psecret.
"""
import hashlib
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER, PORTFILE, LOG, RATE = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
PIECE = 8192


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.path.split("?")[0].lstrip("/")
        if path.startswith("secret/") and self.headers.get("Authorization") != "Bearer t0psecret":
            self.send_error(401)
            return
        name = os.path.join(FOLDER, os.path.basename(path))
        if not os.path.isfile(name):
            self.send_error(404)
            return
        with open(name, "rb") as file:
            data = file.read()
        tag = '"%s"' % hashlib.sha256(data).hexdigest()[:16]
        asked = self.headers.get("Range", "")
        first = 0
        if asked.startswith("bytes=") and self.headers.get("If-Range") == tag:
            first = int(asked[6:].split("-")[0])
        if first > 0 and first >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", "bytes */%d" % len(data))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - first))
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(data) - 1, len(data)))
        self.end_headers()
        with open(LOG, "a") as log:
            log.write("%s %d\n" % (path, first))
        try:
            for at in range(first, len(data), PIECE):
                self.wfile.write(data[at:at + PIECE])
                if RATE:
                    time.sleep(PIECE / RATE)
        except OSError:
            pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(PORTFILE + ".new", "w") as out:
    out.write(str(server.server_port))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
