"""A host under test: a business folder, the process that serves it, and what arrived."""

import http.client
import json
import os
import signal
import subprocess
import tempfile
import time

RAS = os.environ["RAS_BIN"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Host:
    """Starts `ras serve` on a folder of its own; `restart` kills it and takes the same address again."""

    def __init__(self, levers=""):
        self.folder = tempfile.TemporaryDirectory(prefix="protocol-")
        self.dir = os.path.join(self.folder.name, "shop")
        self.env = {**os.environ, "EPOCHCORE_CONFIG": os.path.join(self.folder.name, "config")}
        self.key = self.ras("init", self.dir, "--name", "Shop", "--json")["write_key"]
        self.process = None
        self.address = "127.0.0.1:0"
        self.client_key = self.read_key = None
        if levers:
            self.client_key = self.make_key("page", "client")
            self.read_key = self.make_key("server", "read")
            self.configure(levers)
        self.start()

    def ras(self, *args, text=None):
        done = subprocess.run([RAS, *args], capture_output=True, text=True, timeout=60, env=self.env, input=text)
        if done.returncode != 0:
            raise RuntimeError(f"ras {' '.join(args)}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def make_key(self, name, kind):
        return self.ras("keys", self.dir, "--make", name, "--kind", kind, "--json")["value"]

    def configure(self, levers):
        """Replaces what the file says of levers; a running host reads it again by itself."""
        path = os.path.join(self.dir, "business.toml")
        mark = "\n# --- levers under test\n"
        with open(path, encoding="utf-8") as file:
            head = file.read().split(mark)[0]
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(head + mark + levers)
        os.replace(path + ".new", path)

    @property
    def url(self):
        return f"http://{self.address}"

    def start(self):
        self.log = open(os.path.join(self.folder.name, "log"), "ab")
        self.process = subprocess.Popen(
            [RAS, "serve", self.dir, "--listen", self.address],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.env,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("serve said nothing: " + open(self.log.name, errors="replace").read()[-2000:])
        address = json.loads(line)["address"]
        self.address = address.removeprefix("http://").rstrip("/")

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process.stdout.close()
            self.log.close()
            self.process = None

    def count(self, name=None):
        """Events in the log, stopped or running."""
        return self.ras("events", self.dir, "--count", *(["--name", name] if name else []), "--json")["count"]

    def events(self, name, limit=500):
        """The newest events of a name, properties parsed."""
        rows = self.ras("events", self.dir, "--name", name, "--limit", str(limit), "--json")
        rows = rows.get("rows", rows) if isinstance(rows, dict) else rows
        return [{**row, "props": json.loads(row["props"]) if isinstance(row["props"], str) else row["props"]} for row in rows]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()


class Wire:
    """Plain requests over one connection, for what is compared with an SDK ten thousand times."""

    def __init__(self, host):
        self.connection = http.client.HTTPConnection(host.address, timeout=30)

    def call(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        more = {"Content-Type": "application/json"} if data else {}
        self.connection.request(method, path, data, {**more, **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read()
        parsed = json.loads(text) if text and "json" in (answer.getheader("Content-Type") or "") else text
        return answer.status, parsed, answer

    def ok(self, *args, **more):
        status, body, _ = self.call(*args, **more)
        assert status == 200, (status, body)
        return body


def wait_for(what, truth, seconds=15):
    """Asks until it is true."""
    deadline = time.time() + seconds
    while not truth():
        assert time.time() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def script(name, *args, timeout=120):
    """Runs a client written for Node; its last line is its result."""
    done = subprocess.run(["node", os.path.join(HERE, name), *args], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def expect(host, counts):
    """`counts` maps names to numbers; waits a moment for what SDKs still have under way, then for strays."""
    deadline = time.time() + 15
    while time.time() < deadline and any(host.count(name) < n for name, n in counts.items()):
        time.sleep(0.1)
    got = {name: host.count(name) for name in counts}
    assert got == counts, f"expected {counts}, got {got}"


def everything(host, total):
    got = host.count()
    assert got == total, f"expected {total} events in all, got {got}"
