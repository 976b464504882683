"""Mixpanel's and Segment's SDKs send events: exactly those arrive, once each."""

import time

import segment.analytics as segment
from mixpanel import BufferedConsumer, Consumer, Mixpanel

from host import everything, expect, script, wait_for


def mixpanel(host, consumer):
    return Mixpanel(host.key, consumer=consumer(api_host=host.address, request_timeout=10, verify_cert=False))


class Local(Consumer):
    """The SDK insists on https; the gateway under test listens on loopback without."""

    def __init__(self, **more):
        super().__init__(**more)
        self._endpoints = {name: url.replace("https://", "http://") for name, url in self._endpoints.items()}


class LocalBuffered(BufferedConsumer):
    def __init__(self, **more):
        super().__init__(max_size=50, **more)
        self._consumer._endpoints = {name: url.replace("https://", "http://") for name, url in self._consumer._endpoints.items()}


def mixpanel_python(host):
    sdk = mixpanel(host, Local)
    for n in range(60):
        sdk.track(f"u{n}", "Checkout", {"revenue": n, "text": "ü\"\\ 😀"})
    sdk.people_set("u1", {"$email": "a@example.com", "plan": "pro"})
    sdk.people_set_once("u1", {"first": 1})
    sdk.people_track_charge("u1", 49.9)
    sdk.group_set("company", "acme", {"seats": 5})
    sdk.import_data("", "u2", "Old event", int(time.time()) - 6 * 86400, {"n": 1}, api_secret=host.key)
    expect(host, {"Checkout": 60, "Old event": 1, "$set": 1, "$set_once": 1, "$groupidentify": 1, "$transaction": 1})
    assert host.events("$transaction")[0]["props"]["amount"] == 49.9

    buffered = LocalBuffered(api_host=host.address, request_timeout=10, verify_cert=False)
    sdk = Mixpanel(host.key, consumer=buffered)
    for n in range(120):
        sdk.track(f"u{n}", "Batched", {"n": n})
    buffered.flush()
    expect(host, {"Batched": 120})


def mixpanel_node(host):
    expect(host, script("mixpanel_node.js", host.address, host.key))


def mixpanel_browser(host):
    for mode in ("json", "base64", "nobatch"):
        sent = script("mixpanel_browser.js", host.url, host.key, mode)
        wait_for(f"{sent} in mode {mode}", lambda: host.count(f"Checkout {mode}") == sent["Checkout"])
    links = [row["props"].get("$anon_distinct_id") for row in host.events("$identify")]
    assert links and all(links), links


def segment_python(host):
    for compressed in (False, True):
        sdk = segment.Client(host.key, host=host.url, gzip=compressed, upload_interval=0.2, on_error=fail)
        for n in range(120):
            sdk.track(f"u{n}", "Order Completed", {"revenue": n, "text": "ü\"\\ 😀"})
        sdk.identify("u1", {"email": "a@example.com"}, anonymous_id="anon-1")
        sdk.group("u1", "acme", {"seats": 5})
        sdk.alias("anon-2", "u2")
        sdk.page("u1", "Docs", "Start", {"url": "http://shop.example/docs"})
        sdk.screen("u1", "Home")
        sdk.shutdown()
    expect(host, {"Order Completed": 240, "$identify": 2, "$groupidentify": 2, "$create_alias": 2, "$pageview": 2, "$screen": 2})
    assert host.events("$identify")[0]["props"]["$anon_distinct_id"] == "anon-1"


def fail(error, batch):
    raise AssertionError(f"{error}: {len(batch)} events were not taken")


def segment_node(host):
    sent = script("segment_node.js", host.url, host.key)
    expect(host, sent)
    everything(host, sum(sent.values()))


TESTS = [mixpanel_python, mixpanel_node, mixpanel_browser, segment_python, segment_node]
