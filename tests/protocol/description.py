"""docs/openapi.json says what the gateway does: requests made from it by schemathesis get the answers it describes."""

import os
import subprocess
import sys

from host import HERE

DESCRIPTION = os.path.join(HERE, "..", "..", "docs", "openapi.json")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def the_description_is_true(host):
    for key in (host.read_key, host.key):
        command = [
            os.path.join(os.path.dirname(sys.executable), "st"), "run", DESCRIPTION, "--url", host.url, "-H", f"Authorization: Bearer {key}",
            "--phases", "coverage,fuzzing", "--max-examples", "3", "--seed", "1", "-c", CHECKS,
            # Streams do not end.
            "--exclude-path-regex", "/ofrep/v1/events|/sub/",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, cwd=host.folder.name)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


TESTS = [the_description_is_true]
