"""Many clients at once: each its own session, its own proposals, its own limits."""

import asyncio
import time

CLIENTS = 50


async def fifty_at_once(shop):
    url = shop.listen()
    tokens = {}
    for i in range(CLIENTS):
        tokens[f"agent{i}"] = shop.add_client(f"agent{i}")

    async def one(name, token, i):
        async with shop.over_http(url, token, mode="legacy" if i % 2 else "auto") as agent:
            told = await agent.call("describe")
            assert told["you"]["principal"] == f"client:{name}", told["you"]
            act = {"kind": "call_effect", "effect": "note", "payload": {"text": f"note {i}"}}
            made = await agent.call("propose_decision", key="mine", headline=f"Idea of {name}", act=act)
            assert made["proposer"] == f"client:{name}"
            held = await agent.call("await_decision", decision=made["id"], seconds=2)
            back = await agent.call("get_decision", decision=made["id"])
            assert back["id"] == held["decision"]["id"] and back["mine"]
            return made["id"]

    start = time.time()
    ids = await asyncio.gather(*(one(name, token, i) for i, (name, token) in enumerate(tokens.items())))
    took = time.time() - start
    assert len(set(ids)) == CLIENTS, "no proposal is lost or shared"
    known = {d["id"]: d for d in shop.ras("decisions", shop.dir, "--json")}
    assert {known[i]["proposer"] for i in ids} == {f"client:{name}" for name in tokens}
    audit = shop.ras("audit", "verify", shop.dir, "--json")
    print(f"     {CLIENTS} clients, {CLIENTS * 4} calls in {took:.1f} s")
    assert audit, audit


TESTS = [fifty_at_once]
