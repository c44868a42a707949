"""A collector of traces for tests: OTLP over HTTP, as protobuf.

Prints its port, and then each span as a line of JSON: `trace`, `span`, `parent` and
`name`, `kind` and `status` as numbers of the protocol, `start` and `end` in nanoseconds,
`attributes`, and those of its `resource`. `--silent` takes requests and never answers.
"""

import http.server
import json
import struct
import sys
import threading


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a message: number and value."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            length = {1: 8, 5: 4}[kind]
            value, at = int.from_bytes(data[at : at + length], "little"), at + length
        yield key >> 3, value


def all_of(data, number):
    return [value for found, value in fields(data) if found == number]


def any_value(data):
    for number, value in fields(data):
        if number == 1:
            return value.decode()
        if number == 2:
            return bool(value)
        if number == 3:
            return value - (1 << 64) if value >> 63 else value
        if number == 4:
            return struct.unpack("<d", value.to_bytes(8, "little"))[0]


def attributes(messages):
    pairs = (dict(fields(message)) for message in messages)
    return {pair[1].decode(): any_value(pair.get(2, b"")) for pair in pairs}


def spans(request):
    for of_resource in all_of(request, 1):
        resource = attributes(all_of((all_of(of_resource, 1) or [b""])[0], 1))
        for of_scope in all_of(of_resource, 2):
            for span in all_of(of_scope, 2):
                found = dict(fields(span))
                yield {
                    "trace": found[1].hex(),
                    "span": found[2].hex(),
                    "parent": found.get(4, b"").hex(),
                    "name": found[5].decode(),
                    "kind": found.get(6, 0),
                    "start": found[7],
                    "end": found[8],
                    "attributes": attributes(all_of(span, 9)),
                    "status": dict(fields(found.get(15, b""))).get(3, 0),
                    "resource": resource,
                }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "--silent" in sys.argv:
            threading.Event().wait()
        assert self.path == "/v1/traces", self.path
        assert self.headers["Content-Type"] == "application/x-protobuf"
        for span in spans(body):
            print(json.dumps(span), flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
