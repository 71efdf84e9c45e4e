"""Records what databricks-sdk (PyPI) sends for the calls that src/databricks makes: tests/golden/databricks/requests.json.

Promise: each entry is {"method", "path" (with its query, parameters sorted), "json" or "body"} of one call of the SDK, made with
the same values as tests/databricks/test_requests.c uses. Nothing is sent: the transport is replaced.

Usage: python record_sdk.py > tests/golden/databricks/requests.json   (in a venv with databricks-sdk)
"""

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests  # type: ignore[import-untyped]
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import catalog, jobs, sql, workspace

JOB = 7_211_000_000_000_000_123  # beyond 2^53
RUN = 7_211_000_000_000_000_456
TOKEN = "0123456789abcdef" * 4

sent: list[requests.PreparedRequest] = []


def send(self: object, request: requests.PreparedRequest, **_: object) -> requests.Response:
    sent.append(request)
    answer = requests.Response()
    answer.status_code = 200
    answer.raw = io.BytesIO(b"{}")
    answer.request = request
    answer.url = request.url or ""
    answer.headers["Content-Type"] = "application/json"
    return answer


def entry(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    pairs = sorted(parse_qsl(url.query, keep_blank_values=True))
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs)
    out: dict[str, Any] = {
        "method": request.method,
        "path": str(url.path) + ("?" + query if query else ""),
    }
    body = request.body.read() if hasattr(request.body, "read") else request.body
    if body:
        text = body if isinstance(body, str) else body.decode()
        if "json" in request.headers.get("Content-Type", ""):
            out["json"] = json.loads(text)
        else:
            out["body"] = text
    return out


def main() -> None:
    requests.adapters.HTTPAdapter.send = send
    w = WorkspaceClient(host="https://workspace.example", token="t")
    task = jobs.Task(
        task_key="main", notebook_task=jobs.NotebookTask(notebook_path="/Shared/bldr/nb")
    )
    submit = jobs.SubmitTask(
        task_key="main", notebook_task=jobs.NotebookTask(notebook_path="/Shared/bldr/nb")
    )
    settings = jobs.JobSettings(name="bldr ä", tags={"bldr_deploy_id": "d1"}, tasks=[task])
    key = catalog.TableConstraint(
        primary_key_constraint=catalog.PrimaryKeyConstraint(name="pk", child_columns=["id"])
    )
    calls: dict[str, Callable[[], Any]] = {
        "me": lambda: w.current_user.me(),
        "mkdirs": lambda: w.workspace.mkdirs("/Shared/bldr x"),
        "import": lambda: w.workspace.import_(
            "/Shared/bldr/nb",
            format=workspace.ImportFormat.SOURCE,
            language=workspace.Language.PYTHON,
            content="IyBEYXRhYnJpY2tzIG5vdGVib29rIHNvdXJjZQpwcmludCgi5Y2DIikK",
            overwrite=True,
        ),
        "status": lambda: w.workspace.get_status("/Shared/ä b&c"),
        "list": lambda: list(w.workspace.list("/Shared")),
        "export": lambda: w.workspace.download(
            "/Shared/bldr/nb", format=workspace.ExportFormat.SOURCE
        ),
        "delete": lambda: w.workspace.delete("/Shared/bldr", recursive=True),
        "file_upload": lambda: w.files.upload(
            "/Volumes/c/s/v/a b/ä%.csv", io.BytesIO(b"id\n1\n"), overwrite=True
        ),
        "file_head": lambda: w.files.get_metadata("/Volumes/c/s/v/a.csv"),
        "file_delete": lambda: w.files.delete("/Volumes/c/s/v/a.csv"),
        "folder_create": lambda: w.files.create_directory("/Volumes/c/s/v/a b"),
        "folder_list": lambda: list(
            w.files.list_directory_contents("/Volumes/c/s/v", page_token="p=2")
        ),
        "folder_delete": lambda: w.files.delete_directory("/Volumes/c/s/v/a b"),
        "job_create": lambda: w.jobs.create(
            name=settings.name, tags=settings.tags, tasks=settings.tasks
        ),
        "job_reset": lambda: w.jobs.reset(JOB, settings),
        "job_update": lambda: w.jobs.update(
            JOB, new_settings=settings, fields_to_remove=["tasks/old"]
        ),
        "job_get": lambda: w.jobs.get(JOB),
        "job_list": lambda: list(w.jobs.list(name="bldr ä", limit=100)),
        "job_delete": lambda: w.jobs.delete(JOB),
        "run_now": lambda: w.jobs.run_now(
            JOB, idempotency_token=TOKEN, job_parameters={"catalog": "main"}
        ),
        "run_submit": lambda: w.jobs.submit(
            run_name="once", tasks=[submit], idempotency_token=TOKEN
        ),
        "run_get": lambda: w.jobs.get_run(RUN),
        "run_history": lambda: w.jobs.get_run(RUN, include_history=True),
        "run_output": lambda: w.jobs.get_run_output(RUN),
        "run_list": lambda: list(w.jobs.list_runs(job_id=JOB, active_only=True, limit=24)),
        "run_cancel": lambda: w.jobs.cancel_run(RUN),
        "run_delete": lambda: w.jobs.delete_run(RUN),
        "run_repair": lambda: w.jobs.repair_run(
            RUN, latest_repair_id=JOB, rerun_all_failed_tasks=True, rerun_dependent_tasks=True
        ),
        "statement": lambda: w.statement_execution.execute_statement(
            statement="SELECT :n",
            warehouse_id="w1",
            catalog="main",
            schema="gold",
            parameters=[sql.StatementParameterListItem(name="n", value="1", type="INT")],
            row_limit=1000,
            disposition=sql.Disposition.INLINE,
            format=sql.Format.JSON_ARRAY,
            wait_timeout="30s",
            on_wait_timeout=sql.ExecuteStatementRequestOnWaitTimeout.CONTINUE,
        ),
        "statement_get": lambda: w.statement_execution.get_statement("01ef-aa"),
        "statement_cancel": lambda: w.statement_execution.cancel_execution("01ef-aa"),
        "statement_chunk": lambda: w.statement_execution.get_statement_result_chunk_n("01ef-aa", 3),
        "warehouse_get": lambda: w.warehouses.get("w1"),
        "warehouse_list": lambda: list(w.warehouses.list()),
        "warehouse_start": lambda: w.warehouses.start("w1"),
        "catalog_get": lambda: w.catalogs.get("main"),
        "schema_get": lambda: w.schemas.get("main.gold"),
        "table_get": lambda: w.tables.get("main.gold.dim ä"),
        "volume_get": lambda: w.volumes.read("main.gold.raw"),
        "catalog_list": lambda: list(w.catalogs.list(max_results=0)),
        "schema_list": lambda: list(w.schemas.list("main", max_results=0)),
        "table_list": lambda: list(w.tables.list("main", "gold", max_results=0)),
        "volume_list": lambda: list(w.volumes.list("main", "gold", max_results=0)),
        "catalog_create": lambda: w.catalogs.create("c2", comment="made by bldr"),
        "schema_create": lambda: w.schemas.create("gold", "main", comment="made by bldr"),
        "volume_create": lambda: w.volumes.create(
            "main", "gold", "raw", catalog.VolumeType.MANAGED
        ),
        "schema_delete": lambda: w.schemas.delete("main.gold", force=True),
        "constraint_create": lambda: w.table_constraints.create("main.gold.dim_x", key),
        "permissions": lambda: w.grants.get_effective(
            "schema", "main.gold", principal="a b@c.example", max_results=0
        ),
        "scope_create": lambda: w.secrets.create_scope("s1"),
        "scope_list": lambda: list(w.secrets.list_scopes()),
        "secret_list": lambda: list(w.secrets.list_secrets("s1")),
        "secret_delete": lambda: w.secrets.delete_secret("s1", "k1"),
    }
    out: dict[str, Any] = {}
    for name, call in calls.items():
        sent.clear()
        # the answer {} is not what it expects; the request is recorded all the same
        with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
            call()
        out[name] = entry(sent[-1])
    print(json.dumps(out, indent=2, ensure_ascii=False, sort_keys=True))


if __name__ == "__main__":
    main()
