"""The whole way of a proposal: from the client's words to the lever, and everything in between."""

import asyncio
import datetime

from boundaries import state

PRICE = {"kind": "set_lever", "lever": "pro_price", "to": 31}


async def lever(shop, key):
    levers = await asyncio.to_thread(shop.ras, "levers", shop.dir, "--json")
    return next(row["value"] for row in levers if row["key"] == key)


async def the_way_of(shop, agent):
    """Proposed, shown, approved by the operator, awaited, executed."""
    made = await agent.call(
        "propose_decision", key="dearer", headline="Charge 31 for Pro", act=PRICE,
        reasons=[{"text": "Nobody complained about 29"}], against=[{"text": "Two said it is a lot"}],
        alternatives=[{"what": "Wait", "why_not": "nothing would be learnt"}],
    )
    assert made["state"] == "pending" and made["mine"] and made["key"] == "dearer", made
    assert made["dry_run"] and made["act"]["from"] == 29 and made["act"]["to"] == 31
    assert made["counter_evidence"], made
    again = await agent.call("propose_decision", key="dearer", headline="Charge 31 for Pro", act=PRICE)
    assert again["id"] == made["id"], "one key is one proposal"
    still = await agent.call("await_decision", decision=made["id"], seconds=0)
    assert not still["changed"] and not still["ended"]
    waiting = asyncio.create_task(agent.call("await_decision", decision=made["id"], leaves="pending", seconds=40))
    await asyncio.sleep(0.3)
    assert not waiting.done() and await lever(shop, "pro_price") == 29
    await asyncio.to_thread(shop.ras, "approve", shop.dir, made["id"], "--json")
    done = await asyncio.wait_for(waiting, 15)
    for _ in range(20):
        if done["ended"] or done["decision"]["state"] == "observing":
            break
        done = await agent.call("await_decision", decision=made["id"], seconds=5)
    assert done["decision"]["state"] == "executed", done["decision"]["state"]
    assert await lever(shop, "pro_price") == 31
    actors = [step["by"] for step in done["decision"]["history"]]
    assert actors[0].startswith("client:") and any(a.startswith("operator:") for a in actors), actors
    told = await agent.call("report_outcome", decision=made["id"], good=True, text="Two customers asked, none left")
    assert told["id"] == made["id"]
    record = await agent.call("track_record")
    assert record["you"]["open_proposals"] == 0 and record["coverage"] is None
    assert sum(n for _, n in record["decisions"]) == 1


async def approved_over_stdio(shop):
    async with shop.over_stdio() as agent:
        await the_way_of(shop, agent)


async def approved_over_http(shop):
    url, token = shop.listen(), shop.add_client("planner")
    async with shop.over_http(url, token, mode="legacy") as agent:
        await the_way_of(shop, agent)
        assert (await agent.call("list_decisions", mine=True))["decisions"][0]["proposer"] == "client:planner"


async def alone_on_the_folder(shop="alone"):
    """No host runs: `ras mcp` works as one, and the operator's commands reach it."""
    async with shop.over_stdio() as agent:
        await the_way_of(shop, agent)
    # It let go of the folder.
    assert await lever(shop, "pro_price") == 31


async def withdrawn(shop):
    async with shop.over_stdio() as agent:
        made = await agent.call("propose_decision", key="a", headline="Charge 31", act=PRICE)
        waiting = asyncio.create_task(agent.call("await_decision", decision=made["id"], seconds=30))
        await asyncio.sleep(0.3)
        gone = await agent.call("withdraw", decision=made["id"], reason="Prices were just printed")
        assert gone["state"] == "withdrawn" and "printed" in gone["history"][-1]["reason"], gone["history"]
        assert (await asyncio.wait_for(waiting, 5))["ended"]
        await agent.refused("withdraw", "wrong_state", decision=made["id"], reason="again")
    code, error = shop.try_ras("approve", shop.dir, made["id"], "--json")
    assert code == 1 and error["code"] == "wrong_state", error


async def asked_and_answered(shop):
    async with shop.over_stdio() as agent:
        made = await agent.call("propose_decision", key="a", headline="Charge 31", act=PRICE)
        waiting = asyncio.create_task(agent.call("await_decision", decision=made["id"], seconds=30))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(shop.ras, "ask", shop.dir, made["id"], "Whom did you ask?", "--json")
        asked = await asyncio.wait_for(waiting, 10)
        assert asked["decision"]["state"] == "asked" and asked["decision"]["talk"][-1]["text"] == "Whom did you ask?"
        back = await agent.call("reply", decision=made["id"], text="Twelve customers on the Pro plan")
        assert back["state"] == "pending" and back["talk"][-1]["by"] == "client:local", back["talk"]


async def rejected_with_a_reason(shop):
    async with shop.over_stdio() as agent:
        made = await agent.call("propose_decision", key="a", headline="Charge 31", act=PRICE)
        await asyncio.to_thread(shop.ras, "veto", shop.dir, made["id"], "--reason", "not_now", "--json")
        done = await agent.call("await_decision", decision=made["id"], leaves="pending", seconds=5)
        assert done["ended"] and done["decision"]["state"] == "rejected"
        assert "not_now" in done["decision"]["history"][-1]["reason"]


async def at_most_ten_are_open(shop):
    def note(n):
        return {"key": f"k{n}", "headline": f"Note {n}", "act": {"kind": "call_effect", "effect": "note", "payload": {"text": str(n)}}}

    async with shop.over_stdio() as agent:
        made = [await agent.call("propose_decision", **note(n)) for n in range(10)]
        assert len({d["id"] for d in made}) == 10
        assert (await agent.call("status"))["you"]["open_proposals"] == 10
        error = await agent.refused("propose_decision", "denied", **note(10))
        assert "10" in error.message
        assert (await agent.call("propose_decision", **note(3)))["id"] == made[3]["id"], "what is known takes no room"
        await agent.call("withdraw", decision=made[0]["id"], reason="room")
        await agent.call("propose_decision", **note(10))


async def one_lever_one_decision(shop):
    url, token = shop.listen(), shop.add_client("planner")
    async with shop.over_stdio() as first, shop.over_http(url, token) as second:
        made = await first.call("propose_decision", key="a", headline="Charge 31", act=PRICE)
        # The same way: on the same card, which stays its first proposer's.
        merged = await second.call("propose_decision", key="b", headline="Charge 32", act={**PRICE, "to": 32})
        assert merged["id"] == made["id"] and not merged["mine"]
        await second.refused("withdraw", "not_found", decision=made["id"], reason="not mine")
        # The other way: two changes could not be told apart.
        await second.refused("propose_decision", "wrong_state", key="c", headline="Charge 25", act={**PRICE, "to": 25})


async def questions_become_experiments(shop):
    async with shop.over_stdio() as agent:
        asked = await agent.call("propose_experiment", title="Does 31 cost signups?", lever="pro_price", arms=[{"value": 31}], metric="signups")
        # Without traffic it cannot be answered, and says so.
        assert asked["state"] in ("refused", "designed", "waiting", "proposed"), asked
        if asked["state"] == "refused":
            assert asked["refusal"]
        shown = await asyncio.to_thread(shop.ras, "experiments", shop.dir, "--json")
        assert any("client:local" in row["title"] for row in shown), shown
        await agent.refused("propose_experiment", "invalid_argument", title="x", lever="pro_price", arms=[{"value": 99}], metric="signups")


async def numbers_say_what_they_are(shop):
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)
    days = [today - datetime.timedelta(days=n) for n in (3, 2, 1)]
    events = [("signup", f"u{i}", day.isoformat(), {"country": "de" if i % 2 else "fr"}) for day in days for i in range(10)]
    events += [("order", f"u{i}", days[0].isoformat(), {"amount": 12.5}) for i in range(4)]
    shop.capture(events)
    first, last = days[0].date().isoformat(), (today + datetime.timedelta(days=1)).date().isoformat()
    async with shop.over_stdio() as agent:
        told = await agent.call("describe")
        assert {k["key"] for k in told["kpis"]} >= {"signups", "revenue"}
        price = next(row for row in told["levers"] if row["key"] == "pro_price")
        assert price["value"] == 29 and price["takes"] == {"kind": "number", "min": 19, "max": 49, "step": 1}
        assert told["you"]["principal"] == "client:local"
        kpi = await agent.call("query_kpi", metric="signups", **{"from": first, "to": last})
        assert kpi["unit"] == "count" and kpi["grain"] == "day" and kpi["as_of"] and kpi["from"].startswith(first)
        whole = kpi["series"][0]
        assert whole["total"] == 30 and whole["events"] == 30 and [p["value"] for p in whole["points"][:3]] == [10, 10, 10]
        assert whole["rows"]["metric"] == "signups" and whole["rows"]["console"].startswith("/kpis/")
        split = await agent.call("query_kpi", metric="signups", segment="country", **{"from": first, "to": last})
        assert {s["segment"]: s["total"] for s in split["series"]} == {"de": 15, "fr": 15}
        money = await agent.call("query_kpi", metric="revenue", **{"from": first, "to": last})
        assert money["unit"] == told["currency"] and money["series"][0]["total"] == 50
        status = await agent.call("status")
        assert status["events"] == 34 and status["run_state"] == "running"


TESTS = [
    approved_over_stdio, approved_over_http, alone_on_the_folder, withdrawn, asked_and_answered, rejected_with_a_reason,
    at_most_ten_are_open, one_lever_one_decision, questions_become_experiments, numbers_say_what_they_are,
]
