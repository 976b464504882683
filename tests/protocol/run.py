"""Unmodified clients against a running host: each test has a business of its own."""

import sys
import time
import traceback

import agreement
import description
import flag_clients
import infra_clients
import other_clients
import posthog_clients
from host import Host

SUITES = [
    (posthog_clients.TESTS, ""), (other_clients.TESTS, ""), (infra_clients.TESTS, ""),
    (flag_clients.TESTS, flag_clients.LEVERS), (agreement.TESTS, agreement.LEVERS), (description.TESTS, agreement.LEVERS),
]


def main():
    only, failed, passed = sys.argv[1:], 0, 0
    for test, levers in ((test, levers) for tests, levers in SUITES for test in tests):
        if only and test.__name__ not in only:
            continue
        start = time.time()
        try:
            with Host(levers) as host:
                test(host)
            passed += 1
            print(f"ok   {test.__name__} ({time.time() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001 - each test reports and the next one runs
            failed += 1
            print(f"FAIL {test.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
