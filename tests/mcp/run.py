"""The official MCP client against `ras mcp`: each test has a business of its own."""

import asyncio
import inspect
import sys
import time
import traceback

import boundaries
import crowd
import proposals
from shop import Shop

TESTS = boundaries.TESTS + proposals.TESTS + crowd.TESTS


def main():
    only, failed, passed = sys.argv[1:], 0, 0
    for test in TESTS:
        if only and test.__name__ not in only:
            continue
        start = time.time()
        try:
            # A test says by its parameter whether a host runs on the folder.
            with Shop(serve=inspect.signature(test).parameters["shop"].default != "alone") as shop:
                asyncio.run(asyncio.wait_for(test(shop), 180))
            passed += 1
            print(f"ok   {test.__name__} ({time.time() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001 - each test reports and the next one runs
            failed += 1
            print(f"FAIL {test.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
