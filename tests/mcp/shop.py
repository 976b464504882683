"""A business under test: its folder, the host that serves it, the operator's commands, and clients of the protocol."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import httpx2
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

RAS = os.environ["RAS_BIN"]

BUSINESS = """
[[metric]]
key = "signups"
kind = "count"
event = "signup"
better = "up"
segments = ["country"]

[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
format = "money"
better = "up"

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
domain = "pricing"
reversibility = "R1"

[[lever]]
key = "banner"
kind = "boolean"
default = false
domain = "content"
reversibility = "R1"

[[effect]]
key = "note"
kind = "file"
path = "notes.md"
append = true
domain = "support"
reversibility = "R2"
"""


class Shop:
    """`ras serve` on a folder of its own, unless `serve` is false."""

    def __init__(self, more="", serve=True):
        self.folder = tempfile.TemporaryDirectory(prefix="mcp-")
        self.dir = os.path.join(self.folder.name, "shop")
        self.env = {**os.environ, "EPOCHCORE_CONFIG": os.path.join(self.folder.name, "config"),
                    "XDG_RUNTIME_DIR": self.folder.name}
        self.write_key = self.ras("init", self.dir, "--name", "Shop", "--json")["write_key"]
        with open(os.path.join(self.dir, "business.toml"), "a", encoding="utf-8") as file:
            file.write(BUSINESS + more)
        self.logs = []
        self.running = []
        self.gateway = None
        if serve:
            ready = self.start("serve", self.dir, "--listen", "127.0.0.1:0")
            self.gateway = "http://" + ready["address"].removeprefix("http://")

    def start(self, *args):
        """Starts a command that stays; answers its first line."""
        log = open(os.path.join(self.folder.name, f"log-{len(self.logs)}"), "wb")
        process = subprocess.Popen([RAS, *args], stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        self.logs.append(log.name)
        self.running.append((process, log))
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"ras {args[0]} said nothing: " + open(log.name, errors="replace").read()[-2000:])
        return json.loads(line)

    def listen(self):
        """Starts `ras mcp serve`; answers its address."""
        return self.start("mcp", "serve", self.dir, "--listen", "127.0.0.1:0")["url"]

    def try_ras(self, *args):
        done = subprocess.run([RAS, *args], capture_output=True, text=True, timeout=60, env=self.env)
        lines = done.stdout.strip().splitlines()
        return done.returncode, json.loads(lines[-1]) if lines else done.stderr

    def ras(self, *args):
        code, value = self.try_ras(*args)
        if code != 0:
            raise RuntimeError(f"ras {' '.join(args)}: {value}")
        return value

    def add_client(self, name, scopes="read,propose"):
        return self.ras("mcp", "client", "add", self.dir, name, "--scopes", scopes, "--json")["token"]

    def capture(self, events):
        """Sends events to the gateway; (name, unit, ISO time, properties)."""
        batch = [{"event": name, "distinct_id": unit, "timestamp": at, "properties": props} for name, unit, at, props in events]
        body = json.dumps({"api_key": self.write_key, "batch": batch}).encode()
        request = urllib.request.Request(self.gateway + "/batch/", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200, answer.status

    @contextlib.asynccontextmanager
    async def over_stdio(self, *args, mode="auto"):
        server = StdioServerParameters(command=RAS, args=["mcp", self.dir, *args], env=self.env)
        async with Client(stdio_client(server), mode=mode) as client:
            yield Agent(client)

    @contextlib.asynccontextmanager
    async def over_http(self, url, token, mode="auto"):
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=90) as http:
            async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
                yield Agent(client)

    def texts(self):
        """Everything that was logged or kept in the folder, as bytes."""
        for base, _, names in os.walk(self.folder.name):
            for name in names:
                path = os.path.join(base, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        yield path, file.read()

    def close(self):
        for process, log in reversed(self.running):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            log.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if failure[0]:
            for path in self.logs:
                with open(path, errors="replace") as file:
                    print(f"--- {path}\n{file.read()[-3000:]}", file=sys.stderr)
        self.close()


class Refused(Exception):
    """A tool answered with one of our codes."""

    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.message, self.hint = error["code"], error["message"], error["hint"]


class Agent:
    """A connected client; tools answer their structured content."""

    def __init__(self, client):
        self.client = client

    async def call(self, tool, **arguments):
        result = await self.client.call_tool(tool, arguments)
        if result.is_error:
            raise Refused(result.structured_content)
        assert json.loads(result.content[0].text) == result.structured_content, "the text says the same"
        return result.structured_content

    async def refused(self, tool, code, **arguments):
        try:
            answer = await self.call(tool, **arguments)
        except Refused as error:
            assert error.code == code, (tool, error)
            assert error.message and error.hint, error
            return error
        raise AssertionError(f"{tool} was not refused: {answer}")


def plain(url, token=None, body=None, **headers):
    """A request without the client; answers status and JSON."""
    data = json.dumps(body or {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    given = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    if token:
        given["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, given)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as e:
        text = e.read()
        return e.code, json.loads(text) if text.startswith(b"{") else text
