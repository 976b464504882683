"""Flag SDKs read levers: on, off, variants, payloads, refresh; each by the protocol it speaks."""

import json
import time

import posthog
from growthbook import GrowthBook
from openfeature import api as openfeature
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from UnleashClient import UnleashClient

from host import Wire, script, wait_for

LEVERS = """
[[lever]]
key = "new_checkout"
kind = "boolean"
default = false
[[lever.rule]]
key = "pro"
if = "plan == 'pro'"
value = true

[[lever]]
key = "layout"
kind = "variant"
options = ["list", "grid"]
default = "list"
[[lever.rule]]
key = "german"
if = "country in ['DE', 'AT']"
value = "grid"

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
[[lever.rule]]
key = "pro"
if = "plan == 'pro'"
value = 35

[[lever]]
key = "headline"
kind = "text"
default = "Sell more"

[[lever]]
key = "killed"
kind = "boolean"
default = false
off = true
[[lever.rule]]
key = "all"
value = true
"""

PRO, FREE = {"plan": "pro", "country": "DE"}, {"plan": "free", "country": "FR"}


def posthog_python_flags(host):
    sdk = posthog.Posthog(host.key, host=host.url, flush_interval=0.2)
    flags = sdk.get_all_flags("u1", person_properties=PRO)
    assert flags["new_checkout"] is True and not flags["killed"], flags
    assert sdk.feature_enabled("new_checkout", "u2", person_properties=FREE) is False
    assert sdk.get_feature_flag("layout", "u1", person_properties=PRO) == "grid"
    assert float(sdk.get_feature_flag_payload("pro_price", "u1", person_properties=PRO)) == 35
    assert float(sdk.get_feature_flag_payload("pro_price", "u2", person_properties=FREE)) == 29
    sdk.shutdown()
    wait_for("the exposure", lambda: host.count("$feature_flag_called") >= 1)


def posthog_python_evaluates_locally(host):
    sdk = posthog.Posthog(host.key, personal_api_key=host.read_key, host=host.url, flush_interval=0.2)
    sdk.load_feature_flags()
    assert {flag["key"] for flag in sdk.feature_flags} >= {"new_checkout", "layout", "pro_price"}, sdk.feature_flags
    flags = sdk.get_all_flags("u1", person_properties=PRO, only_evaluate_locally=True)
    assert flags["new_checkout"] is True and flags["layout"] == "grid", flags
    host.configure(LEVERS.replace("if = \"plan == 'pro'\"\nvalue = true", "if = \"plan == 'pro'\"\nvalue = false"))
    wait_for("the changed flag", lambda: (sdk.load_feature_flags(), sdk.get_all_flags(
        "u1", person_properties=PRO, only_evaluate_locally=True))[1]["new_checkout"] is False)
    sdk.shutdown()


def posthog_node_and_browser_flags(host):
    for name in ("posthog_node_flags.js", "posthog_js_flags.js"):
        got = script(name, host.url, host.key, host.read_key)
        assert got["new_checkout"] is True and got["layout"] == "grid" and float(got["price"]) == 35, (name, got)
        assert not got["killed"] and got["free"] is False, (name, got)
    wait_for("the exposures", lambda: host.count("$feature_flag_called") >= 2)


def growthbook_python_flags(host):
    for attributes, checkout, layout, price in ((PRO, True, "grid", 35), (FREE, False, "list", 29)):
        sdk = GrowthBook(api_host=host.url, client_key=host.client_key, attributes={"id": "u1", **attributes}, cache_ttl=0)
        sdk.load_features()
        got = sdk.is_on("new_checkout"), sdk.get_feature_value("layout", ""), sdk.get_feature_value("pro_price", 0)
        assert got == (checkout, layout, price), got
        assert sdk.get_feature_value("headline", "") == "Sell more" and not sdk.is_on("killed")
        sdk.destroy()


def growthbook_js_streams(host):
    changed = LEVERS.replace('default = "Sell more"', 'default = "Sell better"')
    process = start_script("growthbook_js.js", host.url, host.client_key)
    assert json.loads(process.stdout.readline()) == {"new_checkout": True, "layout": "grid", "headline": "Sell more", "price": 35}
    host.configure(changed)
    assert json.loads(process.stdout.readline()) == {"headline": "Sell better"}
    assert process.wait(timeout=20) == 0


def start_script(name, *args):
    import os
    import subprocess

    here = os.path.dirname(os.path.abspath(__file__))
    return subprocess.Popen(["node", os.path.join(here, name), *args], stdout=subprocess.PIPE, text=True)


def ofrep_python(host):
    provider = OFREPProvider(base_url=host.url, headers_factory=lambda: {"Authorization": f"Bearer {host.client_key}"})
    openfeature.set_provider(provider)
    client = openfeature.get_client()
    pro, free = EvaluationContext("u1", PRO), EvaluationContext("u2", FREE)
    details = client.get_boolean_details("new_checkout", False, pro)
    assert details.value is True and details.reason == "TARGETING_MATCH", details
    assert client.get_boolean_value("new_checkout", True, free) is False
    assert client.get_string_value("layout", "", pro) == "grid"
    assert client.get_integer_value("pro_price", 0, pro) == 35
    missing = client.get_boolean_details("no_such_lever", True, pro)
    assert missing.value is True and missing.error_code.value == "FLAG_NOT_FOUND", missing
    assert client.get_boolean_details("killed", True, pro).value is False


def ofrep_node_and_web(host):
    got = script("ofrep_server.js", host.url, host.client_key)
    assert got == {"pro": True, "free": False, "layout": "grid", "price": 35, "missing": "FLAG_NOT_FOUND"}, got
    process = start_script("ofrep_web.js", host.url, host.client_key)
    first = json.loads(process.stdout.readline())
    assert first == {"new_checkout": True, "layout": "grid", "price": 35, "killed": False}, first
    host.configure(LEVERS.replace("off = true", "off = false"))
    refreshed = json.loads(process.stdout.readline())
    assert refreshed["killed"] is True and refreshed["requests"] >= 1, refreshed
    assert process.wait(timeout=20) == 0


def unleash_python_and_node(host):
    sdk = UnleashClient(f"{host.url}/api", "shop", custom_headers={"Authorization": host.read_key}, refresh_interval=1)
    sdk.initialize_client()
    pro = {"userId": "u1", "properties": PRO}
    assert sdk.is_enabled("new_checkout", pro) and not sdk.is_enabled("killed", pro)
    assert not sdk.is_enabled("new_checkout", {"userId": "u2", "properties": FREE})
    variant = sdk.get_variant("pro_price", pro)
    assert variant["enabled"] and float(variant["payload"]["value"]) == 35, variant
    host.configure(LEVERS.replace("off = true", "off = false"))
    wait_for("the flag that is on again", lambda: sdk.is_enabled("killed", pro))
    sdk.destroy()
    got = script("unleash_node.js", host.url, host.read_key)
    assert got == {"pro": True, "free": False, "layout": "grid", "price": "35"}, got


def what_nobody_declared_is_not_served(host):
    wire = Wire(host)
    bearer = {"Authorization": f"Bearer {host.client_key}"}
    assert wire.call("POST", "/ofrep/v1/evaluate/flags/x", {"context": {"targetingKey": "u"}}, bearer)[0] == 404
    for key in (host.key, "no-such-key"):
        status = wire.call("POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "u"}}, {"Authorization": f"Bearer {key}"})[0]
        assert status in (401, 403), status
    assert wire.call("GET", f"/api/features/{host.key}")[0] == 400
    assert wire.call("GET", f"/flags/definitions?token={host.key}", headers={"Authorization": f"Bearer {host.client_key}"})[0] in (401, 403)


def a_reader_is_known_by_name(host):
    sdk = posthog.Posthog(host.key, host=host.url)
    sdk.get_all_flags("u1", person_properties=PRO)
    sdk.shutdown()
    time.sleep(0.2)
    readers = host.ras("lever", "show", "new_checkout", "--dir", host.dir, "--json")["readers"]
    assert any(reader["protocol"] == "posthog" and "posthog-python" in reader["client"] for reader in readers), readers


TESTS = [
    posthog_python_flags, posthog_python_evaluates_locally, posthog_node_and_browser_flags, growthbook_python_flags,
    growthbook_js_streams, ofrep_python, ofrep_node_and_web, unleash_python_and_node, what_nobody_declared_is_not_served,
    a_reader_is_known_by_name,
]
