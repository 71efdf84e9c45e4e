"""The Databricks client beside databricks-sdk, in one run: requests per second and CPU per request, against the local workspace.

One line of JSON per client and number of requests at once: {"client", "at_once", "requests", "wall_s", "cpu_s", "requests_per_s",
"cpu_us_per_request"}. CPU is the client process's own; the server is Python and sets the pace of the wall time for both.

Usage: .spark/venv/bin/python tests/bench/client/measure.py [--requests N] [--build DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "python"))

SDK = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from databricks.sdk import WorkspaceClient
requests, at_once = int(sys.argv[1]), int(sys.argv[2])
w = WorkspaceClient()
w.current_user.me()  # connected, and its modules are there
wall, cpu = time.perf_counter(), time.process_time()
with ThreadPoolExecutor(at_once) as pool:
    for me in pool.map(lambda _: w.current_user.me(), range(requests)):
        assert me.user_name
print(json.dumps({"client": "databricks-sdk", "at_once": at_once, "requests": requests,
                  "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))
"""


def measured(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    found["requests_per_s"] = round(found["requests"] / found["wall_s"], 1)
    found["cpu_us_per_request"] = round(found["cpu_s"] / found["requests"] * 1e6, 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=800)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    options = parser.parse_args()
    from local_databricks import testing

    with tempfile.TemporaryDirectory() as folder:
        workspace = testing.start(Path(folder) / "workspace", spark=False)
        env = {
            **os.environ,
            "DATABRICKS_HOST": workspace.url,
            "DATABRICKS_TOKEN": workspace.token,
        }
        try:
            for at_once in (1, 16):
                n = str(options.requests)
                journal = Path(folder) / f"{at_once}.db"
                bench = options.build / "tests" / "bench" / "client_bench"
                print(json.dumps(measured([str(bench), str(journal), n, str(at_once)], env)))
                print(json.dumps(measured([sys.executable, "-c", SDK, n, str(at_once)], env)))
        finally:
            workspace.stop()


if __name__ == "__main__":
    main()
