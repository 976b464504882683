"""PostHog's SDKs send events: exactly those arrive, once each."""

import gzip
import json
import signal
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

import posthog

from host import everything, expect, script


def client(host, **more):
    return posthog.Posthog(host.key, host=host.url, flush_interval=0.2, **more)


def python_sends_everything(host):
    for more in ({}, {"gzip": True}, {"capture_mode": "v1"}, {"capture_mode": "v1", "gzip": True}):
        sdk = client(host, **more)
        for n in range(250):
            sdk.capture("order", distinct_id=f"c{n}", properties={"amount": n, "text": "ü\"\\ 😀"})
        sdk.capture("visit", distinct_id="c1", groups={"company": "acme"}, timestamp=datetime(2026, 1, 2, tzinfo=timezone.utc))
        sdk.set(distinct_id="c1", properties={"plan": "pro"})
        sdk.set_once(distinct_id="c1", properties={"first": 1})
        sdk.alias(previous_id="anon", distinct_id="c1")
        sdk.group_identify("company", "acme", {"seats": 5})
        sdk.shutdown()
    expect(host, {"order": 1000, "visit": 4, "$set": 4, "$set_once": 4, "$create_alias": 4, "$groupidentify": 4})
    everything(host, 1020)


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


def node_sends_everything(host):
    sent = script("posthog_node.js", host.url, host.key)
    expect(host, sent)
    everything(host, sum(sent.values()))


def browser_sends_everything(host):
    sent = script("posthog_js.js", host.url, host.key)
    expect(host, sent)
    everything(host, sum(sent.values()))


def browser_without_compression(host):
    sent = script("posthog_js.js", host.url, host.key, "plain")
    expect(host, sent)
    everything(host, sum(sent.values()))


TESTS = [
    python_sends_everything, python_survives_a_killed_host, a_repeated_request_counts_once, plain_events_are_counted,
    node_sends_everything, browser_sends_everything, browser_without_compression,
]
