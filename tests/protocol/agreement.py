"""What an SDK works out by itself is what the gateway says, for every one of ten thousand units."""

import json
import logging
from collections import Counter

import posthog
from growthbook import GrowthBook

from host import Wire, script

UNITS = 10_000

LEVERS = """
[[lever]]
key = "rollout"
kind = "boolean"
default = false
[[lever.rule]]
key = "some"
if = "plan == 'pro' || country == 'DE'"
value = true
share = "37 %"

[[lever]]
key = "layout"
kind = "variant"
options = ["list", "grid", "cards"]
default = "list"
[[lever.rule]]
key = "test"
experiment = "layout-1"
arms = [{ key = "list", value = "list", weight = 2 }, { key = "grid", value = "grid", weight = 1 }, { key = "cards", value = "cards", weight = 1 }]
share = "80 %"

[[lever]]
key = "price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
[[lever.rule]]
key = "test"
if = "seats > 3"
experiment = "price-1"
arms = [{ key = "control", value = 29, weight = 1 }, { key = "test", value = 35, weight = 1 }]

[[lever]]
key = "held"
kind = "boolean"
default = false
holdout = { key = "global", share = "10 %" }
[[lever.rule]]
key = "all"
value = true
share = "50 %"
"""


def attributes(n):
    return {"plan": ("free", "pro", "team")[n % 3], "country": ("DE", "FR", "US", "AT")[n % 4], "seats": n % 7}


def differences(pairs):
    """Counts of what differs, with one example each; and that both sides are not always the same."""
    wrong, seen = {}, Counter()
    for unit, lever, local, remote in pairs:
        seen[lever, str(remote)] += 1
        if local != remote:
            wrong.setdefault(lever, []).append((unit, local, remote))
    assert not wrong, {lever: (len(cases), cases[:3]) for lever, cases in wrong.items()}
    for lever in {lever for lever, _ in seen}:
        assert len([1 for name, _ in seen if name == lever]) > 1, f"{lever} never varied"
    assert sum(seen.values()) >= UNITS


def posthog_python_agrees(host):
    logging.getLogger("posthog").setLevel(logging.ERROR)
    sdk = posthog.Posthog(host.key, personal_api_key=host.read_key, host=host.url, send=False)
    sdk.load_feature_flags()
    wire, local_levers = Wire(host), {flag["key"] for flag in sdk.feature_flags}
    assert {"rollout", "layout", "price"} <= local_levers, local_levers

    def pairs():
        for n in range(UNITS):
            unit, person = f"user-{n}", attributes(n)
            local = sdk.get_all_flags(unit, person_properties=person, only_evaluate_locally=True)
            body = {"token": host.key, "distinct_id": unit, "person_properties": person}
            remote = wire.ok("POST", "/flags/?v=2", body)["flags"]
            for lever in local_levers:
                record = remote[lever]
                yield unit, lever, local[lever], record["variant"] or record["enabled"]

    differences(pairs())


def posthog_node_agrees(host):
    differences(node(host, "posthog", host.key, host.read_key))


def node(host, kind, *keys):
    answers = script("agreement.js", kind, host.url, str(UNITS), *keys, timeout=300)
    return answers


def growthbook_python_agrees_with_ofrep(host):
    wire, bearer = Wire(host), {"Authorization": f"Bearer {host.client_key}"}
    features = wire.ok("GET", f"/api/features/{host.client_key}")["features"]

    def pairs():
        for n in range(UNITS):
            unit, person = f"user-{n}", attributes(n)
            sdk = GrowthBook(attributes={"id": unit, **person}, features=features)
            bulk = wire.ok("POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": unit, **person}}, bearer)
            for flag in bulk["flags"]:
                yield unit, flag["key"], sdk.get_feature_value(flag["key"], None), flag["value"]

    differences(pairs())


def growthbook_js_agrees(host):
    differences(node(host, "growthbook", host.client_key))


def unleash_node_agrees(host):
    differences(node(host, "unleash", host.read_key))


def every_served_chance_has_its_propensity(host):
    wire, bearer = Wire(host), {"Authorization": f"Bearer {host.client_key}"}
    for n in range(200):
        wire.ok("POST", "/ofrep/v1/evaluate/flags/price", {"context": {"targetingKey": f"user-{n}", "seats": 9}}, bearer)
        wire.ok("POST", "/ofrep/v1/evaluate/flags/price", {"context": {"targetingKey": f"user-{n}", "seats": 9}}, bearer)
    assert host.count("$assigned") == 200, host.count("$assigned")
    rows = host.events("$assigned")
    assert all(abs(row["props"]["propensity"] - 0.5) < 1e-9 and row["props"]["lever"] == "price" for row in rows), rows[:2]
    assert {json.dumps(row["props"]["value"]) for row in rows} == {"29", "35"} or {row["props"]["value"] for row in rows} == {29, 35}


TESTS = [
    posthog_python_agrees, posthog_node_agrees, growthbook_python_agrees_with_ofrep, growthbook_js_agrees,
    unleash_node_agrees, every_served_chance_has_its_propensity,
]
