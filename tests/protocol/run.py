"""Sends events through unmodified SDKs and checks that exactly those arrive, once each."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from datetime import datetime, timezone

import posthog
from host import Host

HERE = os.path.dirname(os.path.abspath(__file__))


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


def client(host, **more):
    return posthog.Posthog(host.key, host=host.url, flush_interval=0.2, **more)


def python_sends_everything(host):
    for compressed in (False, True):
        sdk = client(host, gzip=compressed)
        for n in range(250):
            sdk.capture("order", distinct_id=f"c{n}", properties={"amount": n, "text": "ü\"\\ 😀"})
        sdk.capture("visit", distinct_id="c1", groups={"company": "acme"}, timestamp=datetime(2026, 1, 2, tzinfo=timezone.utc))
        sdk.set(distinct_id="c1", properties={"plan": "pro"})
        sdk.set_once(distinct_id="c1", properties={"first": 1})
        sdk.alias(previous_id="anon", distinct_id="c1")
        sdk.group_identify("company", "acme", {"seats": 5})
        sdk.shutdown()
    expect(host, {"order": 500, "visit": 2, "$set": 2, "$set_once": 2, "$create_alias": 2, "$groupidentify": 2})
    everything(host, 510)


def python_flags_are_empty(host):
    sdk = client(host)
    assert sdk.get_all_flags("c1") == {}
    assert not sdk.evaluate_flags("c1").is_enabled("anything")
    sdk.shutdown()


def python_survives_a_killed_host(host):
    sdk = client(host, max_retries=20)
    for n in range(300):
        sdk.capture("order", distinct_id=f"c{n}")
        if n == 100:
            threading.Thread(target=lambda: (host.stop(signal.SIGKILL), time.sleep(0.5), host.start())).start()
        time.sleep(0.003)
    sdk.shutdown()
    expect(host, {"order": 300})


def a_repeated_request_counts_once(host):
    batch = [{"event": "order", "distinct_id": "u", "properties": {"n": n}, "timestamp": "2026-11-22T10:00:00Z",
              "uuid": f"75783ad9-6863-433f-a2c9-{n:012x}"} for n in range(100)]
    body = gzip.compress(json.dumps({"api_key": host.key, "batch": batch}).encode())
    for turn in range(4):
        if turn == 2:
            host.stop()
            host.start()
        request = urllib.request.Request(f"{host.url}/batch/", body, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer) == {"status": 1}
    expect(host, {"order": 100})


def plain_events_are_counted(host):
    def send(body, key=host.key):
        request = urllib.request.Request(f"{host.url}/v1/events", json.dumps(body).encode(), {"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    status, answer = send({"events": [{"event": "order", "unit": "u", "id": "1"}, {"event": "order", "id": "1"}, {"unit": "u"}]})
    assert (status, answer["accepted"], answer["duplicates"], answer["rejected"][0]["index"]) == (200, 1, 1, 2), answer
    assert send({"unit": "u"})[0] == 400
    assert send({"event": "order"}, "no-such-key")[0] == 401
    expect(host, {"order": 1})


def script(host, name, *args):
    done = subprocess.run(["node", os.path.join(HERE, name), host.url, host.key, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def node_sends_everything(host):
    sent = script(host, "node_sdk.js")
    expect(host, sent)
    everything(host, sum(sent.values()))


def browser_sends_everything(host):
    sent = script(host, "browser_sdk.js")
    expect(host, sent)
    everything(host, sum(sent.values()))


def browser_without_compression(host):
    sent = script(host, "browser_sdk.js", "plain")
    expect(host, sent)
    everything(host, sum(sent.values()))


TESTS = [
    python_sends_everything, python_flags_are_empty, python_survives_a_killed_host, a_repeated_request_counts_once,
    plain_events_are_counted, node_sends_everything, browser_sends_everything, browser_without_compression,
]


def main():
    only, failed, passed = sys.argv[1:], 0, 0
    for test in TESTS:
        if only and test.__name__ not in only:
            continue
        start = time.time()
        try:
            with Host() as host:
                test(host)
            passed += 1
            print(f"ok   {test.__name__} ({time.time() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001 - each test reports and the next one runs
            failed += 1
            print(f"FAIL {test.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
