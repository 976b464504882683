"""A host under test: a business folder, the process that serves it, and what arrived."""

import json
import os
import signal
import subprocess
import tempfile

RAS = os.environ["RAS_BIN"]


class Host:
    """Starts `ras serve` on a folder of its own; `restart` kills it and takes the same address again."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="protocol-")
        self.dir = os.path.join(self.folder.name, "shop")
        self.key = self._ras("init", self.dir, "--name", "Shop", "--json")["write_key"]
        self.process = None
        self.address = "127.0.0.1:0"
        self.start()

    def _ras(self, *args):
        done = subprocess.run([RAS, *args], capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"ras {' '.join(args)}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    @property
    def url(self):
        return f"http://{self.address}"

    def start(self):
        self.log = open(os.path.join(self.folder.name, "log"), "ab")
        self.process = subprocess.Popen(
            [RAS, "serve", self.dir, "--listen", self.address], stdout=subprocess.PIPE, stderr=self.log, text=True
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
        return self._ras("events", self.dir, "--count", *(["--name", name] if name else []), "--json")["count"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()
