"""Notebook tasks that need no Spark: process, parameters, dbutils, files, errors and ends; databricks-sdk is the client.

What is expected comes from the published behaviour of notebooks and from Python itself.
"""

import contextlib
import importlib.metadata
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from databricks.sdk.service.compute import Environment, Library, PythonPyPiLibrary
from databricks.sdk.service.jobs import (
    JobEnvironment,
    JobParameterDefinition,
    NotebookTask,
    Task,
    TaskDependency,
)
from databricks.sdk.service.workspace import ImportFormat
from fixtures import needs_workspace
from local_databricks.notebook import process
from notebook_world import Notebooks, until

pytestmark = needs_workspace
ANSI = re.compile(r"\x1b\[[0-9;]*m")
EXIT = "dbutils.notebook.exit"


@pytest.fixture
def notebooks(sdk: Any) -> Notebooks:
    return Notebooks(sdk, secrets.token_hex(4))


@pytest.fixture(scope="session")
def namespaces(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Whether the kernel gives this user a mount namespace."""
    code = "import sys\nfrom local_databricks.notebook import places\nplaces.enter({}, sys.argv[1], 'namespace')"
    command = [sys.executable, "-c", code, str(tmp_path_factory.mktemp("root"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0


@pytest.fixture(params=["namespace", "patched"])
def places(workspace: Any, request: pytest.FixtureRequest, namespaces: bool) -> Iterator[str]:
    """How /Volumes and /Workspace come to be."""
    if request.param == "namespace" and not namespaces:
        pytest.skip("the kernel gives this user no mount namespace")
    workspace.ask("POST", "/_workspace/jobs", {"places": request.param})
    yield request.param
    workspace.ask("POST", "/_workspace/jobs", {"places": "auto"})


def test_cells_share_their_globals_and_print(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "import math\nx = 2", "print('x is', x)\nmath.sqrt(x * 8)", f"{EXIT}(x + 1)"
    )
    assert done.state == "SUCCESS" and done.result == "3"
    assert done.printed == "x is 2\n4.0\n"


def test_without_exit_there_is_no_result(notebooks: Notebooks) -> None:
    done = notebooks.run("x = 1")
    assert done.state == "SUCCESS" and done.result is None and not done.error


def test_exit_is_no_exception_that_user_code_catches(notebooks: Notebooks) -> None:
    done = notebooks.run(f"try:\n    {EXIT}('out')\nexcept Exception:\n    pass", "1 / 0")
    assert (done.state, done.result, done.error) == ("SUCCESS", "out", "")


def test_an_exit_value_is_cut_at_5_mb(notebooks: Notebooks) -> None:
    done = notebooks.run(f"{EXIT}('é' * (3 * 1024 * 1024))")
    assert done.output.notebook_output.truncated is True
    assert done.result is not None and len(done.result.encode()) == 5 * 1024 * 1024
    whole = notebooks.run(f"{EXIT}('é' * 1024)")
    assert whole.output.notebook_output.truncated is False and whole.result == "é" * 1024


def test_an_exception_fails_the_task_with_its_trace(notebooks: Notebooks) -> None:
    cells = (
        "def ratio(a, b):\n    return a / b",
        "print('before')\n\nratio(1, 0)",
        "print('never')",
    )
    done = notebooks.run(*cells)
    assert done.state == "FAILED" and done.error == "ZeroDivisionError: division by zero"
    assert done.printed == "before\n" and "\x1b[0;31mZeroDivisionError\x1b[0m" in done.trace
    plain = ANSI.sub("", done.trace)
    assert "File <command-2>, line 3" in plain and "----> 3 ratio(1, 0)" in plain
    assert "File <command-1>:2, in ratio" in plain and "----> 2     return a / b" in plain
    assert plain.endswith("ZeroDivisionError: division by zero")
    assert "local_databricks" not in plain


def test_a_cause_is_in_the_trace(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "try:\n    {}['k']\nexcept KeyError as e:\n    raise RuntimeError('no k') from e"
    )
    plain = ANSI.sub("", done.trace)
    assert done.error == "RuntimeError: no k"
    assert (
        plain.index("KeyError: 'k'")
        < plain.index("direct cause")
        < plain.rindex("RuntimeError: no k")
    )


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("x = ", "SyntaxError: invalid syntax (<command-1>, line 1)"),
        (
            "def f():\nreturn 1",
            "IndentationError: expected an indented block after function definition on line 1 (<command-1>, line 2)",
        ),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("# MAGIC %sh ls", "Refused: %sh is not supported by the local workspace."),
        (
            "# MAGIC %scala\n# MAGIC println(1)",
            "Refused: %scala is not supported by the local workspace.",
        ),
        ("# MAGIC %run ./nobody", "not there"),
        (
            "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E",
            "E: <exception str() failed>",
        ),
        ("spark.sql('select 1')", "RuntimeError: this workspace was started without Spark"),
    ],
)
def test_what_fails_a_notebook(notebooks: Notebooks, cell: str, error: str) -> None:
    done = notebooks.run(cell)
    assert done.state == "FAILED"
    assert done.error == error or (error == "not there" and "/nobody) doesn't exist" in done.error)
    assert done.error.split(":")[0] in ANSI.sub("", done.trace)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("import os\nprint('last words')\nos._exit(0)", "exit code 0"),
        ("import os\nos._exit(7)", "exit code 7"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            "exit code 137 (SIGKILL: Killed)",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "exit code 139 (SIGSEGV"),
        ("import ctypes\nctypes.string_at(0)", "exit code 139"),
    ],
)
def test_a_process_that_dies_fails_its_task(notebooks: Notebooks, cell: str, said: str) -> None:
    done = notebooks.run(cell)
    assert done.state == "FAILED"
    assert done.error == "Fatal error: The Python kernel is unresponsive." and said in done.trace
    if "last words" in cell:
        assert "last words" in done.trace
    assert notebooks.run("x = 1").state == "SUCCESS"


def test_a_notebook_that_is_not_there(notebooks: Notebooks) -> None:
    done = notebooks.outcome(notebooks.wait(notebooks.start(notebooks.task("/Shared/none"))))
    assert done.state == "FAILED" and 'Unable to access the notebook "/Shared/none"' in done.error
    assert done.run.tasks[0].status.termination_details.code.value == "RESOURCE_NOT_FOUND"


def test_nothing_leaks_from_one_run_to_the_next(notebooks: Notebooks) -> None:
    first = notebooks.run(
        "import os, sys, builtins, json, random\nleak = 1\nos.environ['LEAK'] = '1'\nsys.path.append('/leak')\n"
        "builtins.leak = 2\njson.leak = 3\nos.chdir('/tmp')\nsys.modules['leak'] = json\n"
        f"{EXIT}(json.dumps([os.getpid(), random.random()]))"
    )
    second = notebooks.run(
        "import os, sys, builtins, json, random\n"
        "seen = ['leak' in globals(), 'LEAK' in os.environ, '/leak' in sys.path, hasattr(builtins, 'leak'),"
        " hasattr(json, 'leak'), os.getcwd() == '/tmp', 'leak' in sys.modules]\n"
        f"{EXIT}(json.dumps([os.getpid(), random.random(), seen]))"
    )
    import json

    one, two = json.loads(first.result or ""), json.loads(second.result or "")
    assert one[0] != two[0] and one[1] != two[1] and two[2] == [False] * 7


def test_nothing_of_the_workspace_is_in_the_environment(
    notebooks: Notebooks, workspace: Any
) -> None:
    done = notebooks.run(
        "import os\nprint(dict(os.environ))\nprint(open('/proc/self/cmdline').read(), os.listdir('/proc/self/fd'))\n"
        f"{EXIT}(os.environ['DATABRICKS_RUNTIME_VERSION'] + ' ' + os.environ['TZ'])"
    )
    assert done.result == "17.3 UTC" and workspace.token not in done.printed
    assert (
        len(re.findall(r"'\d+'", done.printed.rsplit("[", 1)[1])) <= 5
    )  # 0, 1, 2, the link, the listing itself


def test_a_notebook_runs_in_its_folder_and_imports_from_it(
    notebooks: Notebooks, places: str
) -> None:
    notebooks.file("helper.py", "import os\nVALUE = 41\ndef where():\n    return os.getcwd()\n")
    notebooks.file("package/__init__.py", "")
    notebooks.file("package/inner.py", "NAME = __name__")
    done = notebooks.run(
        "import helper\nfrom package.inner import NAME\nimport os",
        "assert os.path.exists('helper.py') and open('package/inner.py').read() == 'NAME = __name__'",
        f"{EXIT}(f'{{helper.VALUE}} {{NAME}} {{helper.where()}}')",
    )
    assert done.error == "" and done.result == f"41 package.inner /Workspace{notebooks.folder}"


def test_a_notebook_imports_from_the_folder_above_as_emitted_ones_do(
    notebooks: Notebooks, places: str
) -> None:
    """Their library lies there; what lies beside the workspace's own code is not found."""
    notebooks.file("library/__init__.py", "from .inner import VALUE\n")
    notebooks.file("library/inner.py", "VALUE = 42\n")
    done = notebooks.run(
        "import os, sys\nsys.path.remove(os.getcwd())",
        "os.makedirs('below', exist_ok=True)\nos.chdir('below')\nsys.path.insert(0, os.path.abspath('..'))",
        "from library import VALUE",
        "import importlib.util\nassert importlib.util.find_spec('bldr_ingest') is None",
        f"{EXIT}(VALUE)",
    )
    assert (done.error, done.result) == ("", "42")


def test_python_sees_volumes_and_the_workspace(
    notebooks: Notebooks, workspace: Any, sdk: Any, places: str
) -> None:
    name = secrets.token_hex(4)
    volume = workspace.folder / "volumes" / "main" / "raw" / name
    volume.mkdir(parents=True)
    (volume / "a.txt").write_text("from outside")
    done = notebooks.run(
        f"base = '/Volumes/main/raw/{name}'\nimport os, pathlib, shutil, glob, json, tempfile",
        "assert open(base + '/a.txt').read() == 'from outside'",
        "os.makedirs(f'{base}/x/y')\np = pathlib.Path(base) / 'x' / 'y' / 'b.txt'\np.write_text('é\\n')",
        "assert p.exists() and p.stat().st_size == 3 and p.read_text() == 'é\\n'",
        "assert [q.name for q in pathlib.Path(base).iterdir() if q.is_dir()] == ['x']",
        "assert sorted(q.name for q in pathlib.Path(base).rglob('*.txt')) == ['a.txt', 'b.txt']",
        "shutil.copytree(f'{base}/x', f'{base}/z')\nshutil.move(f'{base}/z/y/b.txt', f'{base}/c.txt')",
        "assert sorted(os.listdir(base)) == ['a.txt', 'c.txt', 'x', 'z']",
        "assert [os.path.relpath(d, base) for d, _, f in os.walk(base) if 'b.txt' in f] == ['x/y']",
        "assert glob.glob(base + '/*.txt') and all(g.startswith(base) for g in glob.glob(base + '/*.txt'))",
        "shutil.rmtree(f'{base}/z')\nos.rename(f'{base}/c.txt', f'{base}/d.txt')\nos.remove(base + '/a.txt')",
        "os.chdir(base)\nassert os.getcwd() == base and os.path.abspath('d.txt') == base + '/d.txt'",
        "with open('d.txt', 'a') as f:\n    f.write('more')",
        "import pandas\npandas.DataFrame({'a': [1, 2]}).to_csv(base + '/t.csv', index=False)\n"
        "assert pandas.read_csv(base + '/t.csv').a.sum() == 3",
        f"open('/Workspace{notebooks.folder}/made.txt', 'w').write('made')",
        "try:\n    open(base + '/none')\nexcept FileNotFoundError:\n    pass\nelse:\n    raise AssertionError",
        f"{EXIT}(json.dumps(sorted(os.listdir(base))))",
    )
    assert done.error == "" and done.result == '["d.txt", "t.csv", "x"]'
    assert (volume / "d.txt").read_text() == "é\nmore" and (volume / "x/y/b.txt").is_file()
    assert sdk.workspace.download(f"{notebooks.folder}/made.txt").read() == b"made"
    assert not os.path.exists("/Volumes") and not os.path.exists("/Workspace")


def test_other_programs_see_volumes_where_the_kernel_lets_us(
    notebooks: Notebooks, workspace: Any, namespaces: bool
) -> None:
    if not namespaces:
        pytest.skip("the kernel gives this user no mount namespace")
    (workspace.folder / "volumes" / "main" / "raw" / "seen").mkdir(parents=True, exist_ok=True)
    workspace.ask("POST", "/_workspace/jobs", {"places": "namespace"})
    try:
        done = notebooks.run(
            f"import subprocess\n{EXIT}(subprocess.check_output(['ls', '/Volumes/main/raw']))"
        )
    finally:
        workspace.ask("POST", "/_workspace/jobs", {"places": "auto"})
    assert "seen" in (done.result or done.error)


# Parameters


def test_widgets_are_defaults_under_the_tasks_parameters(notebooks: Notebooks) -> None:
    cells = (
        "w = dbutils.widgets\nw.text('a', 'default a')\nw.dropdown('b', 'x', ['x', 'y'], 'label')\n"
        "w.combobox('c', 'q', ['q'])\nw.multiselect('d', 'm', ['m', 'n'])",
        "import json\nvalues = [w.get(n) for n in 'abcd'] + [w.get('extra'), getArgument('a'), w.getArgument('zz', 'zd')]",
        "w.remove('c')\ntry:\n    w.get('c')\nexcept Exception as e:\n    values.append(f'{type(e).__name__}: {e}')",
        f"{EXIT}(json.dumps([values, w.getAll()]))",
    )
    done = notebooks.run(*cells, a="given a", extra="7")
    import json

    values, everything = json.loads(done.result or done.error)
    assert values[:7] == ["given a", "x", "q", "m", "7", "given a", "zd"]
    assert values[7] == "InputWidgetNotDefined: No input widget named c is defined"
    assert everything == {"a": "given a", "b": "x", "d": "m", "extra": "7"}


def test_job_parameters_stand_above_the_tasks_and_run_nows_above_those(
    notebooks: Notebooks, sdk: Any
) -> None:
    path = notebooks.put(
        "values",
        "w = dbutils.widgets\nw.text('task', 'default')\nw.text('job', 'default')\nw.text('none', 'default')",
        f"{EXIT}(' '.join(w.get(n) for n in ('task', 'job', 'none', 'run')))",
    )
    base = {"task": "from task", "job": "from task", "run": "{{job.run_id}}"}
    job = sdk.jobs.create(
        name=path,
        parameters=[JobParameterDefinition(name="job", default="from job")],
        tasks=[
            Task(task_key="t", notebook_task=NotebookTask(notebook_path=path, base_parameters=base))
        ],
    )
    for given, expected in (({}, "from job"), ({"job": "from run"}, "from run")):
        run_id = sdk.jobs.run_now(job.job_id, job_parameters=given).run_id
        done = notebooks.outcome(notebooks.wait(run_id))
        assert done.result == f"from task {expected} default {run_id}"


def test_notebook_params_of_run_now_stand_above_the_tasks(notebooks: Notebooks, sdk: Any) -> None:
    path = notebooks.put("values", f"{EXIT}(dbutils.widgets.get('a') + dbutils.widgets.get('b'))")
    task = NotebookTask(notebook_path=path, base_parameters={"a": "1", "b": "2"})
    job = sdk.jobs.create(name=path, tasks=[Task(task_key="t", notebook_task=task)])
    run_id = sdk.jobs.run_now(job.job_id, notebook_params={"b": "9"}).run_id
    assert notebooks.outcome(notebooks.wait(run_id)).result == "19"


def test_task_values_go_from_task_to_task(notebooks: Notebooks, sdk: Any) -> None:
    values = "dbutils.jobs.taskValues"
    a = notebooks.put(
        "a", f"{values}.set('rows', 12)\n{values}.set(key='d', value={{'x': [1, None, 'é']}})"
    )
    b = notebooks.put(
        "b",
        f"t = {values}\nimport json",
        "found = [t.get('a', 'rows'), t.get(taskKey='a', key='d', debugValue=5), t.get('a', 'none', default=4)]",
        "for kwargs in ({'debugValue': 1}, {}):\n    try:\n        t.get('a', 'none', **kwargs)\n"
        "    except ValueError as e:\n        found.append('none' in str(e))",
        "try:\n    t.get('nobody', 'x', default=1)\nexcept Exception as e:\n    found.append(str(e))",
        f"{EXIT}(json.dumps(found + [dbutils.widgets.get('rows')]))",
    )
    run = notebooks.wait(
        notebooks.start(
            notebooks.task(a, "a"),
            notebooks.task(
                b, "b", after=("a",), rows="{{tasks.a.values.rows}}/{{tasks.a.result_state}}"
            ),
        )
    )
    import json

    assert json.loads(notebooks.outcome(run, 1).result or "") == [
        12,
        {"x": [1, None, "é"]},
        4,
        True,
        True,
        "Task key does not exist in run: nobody.",
        "12/success",
    ]


def test_a_task_value_of_more_than_48_kib_is_refused(notebooks: Notebooks) -> None:
    fits = "dbutils.jobs.taskValues.set('k', 'a' * (48 * 1024 - 2))"
    assert notebooks.run(fits).state == "SUCCESS"
    done = notebooks.run(fits.replace("- 2", "- 1"))
    assert done.state == "FAILED" and "49153 bytes" in done.error


# Secrets


def test_secrets_are_redacted_wherever_they_show(
    notebooks: Notebooks, sdk: Any, workspace: Any
) -> None:
    canary = f"canary-{secrets.token_hex(8)}"
    sdk.secrets.create_scope("s")
    sdk.secrets.put_secret("s", "k", string_value=canary)
    cells = (
        "v = dbutils.secrets.get(scope='s', key='k')\nprint('value:', v)\nprint(v[:4], len(v))",
        "import sys, os\nprint(v, file=sys.stderr)\nos.write(1, v.encode() + b'\\n')\nsys.stdout.write(v[:9]); _ = sys.stdout.write(v[9:] + '\\n')",
        "assert dbutils.secrets.getBytes('s', 'k') == v.encode()\nassert [m.key for m in dbutils.secrets.list('s')] == ['k']\n"
        "assert 's' in [s.name for s in dbutils.secrets.listScopes()]",
    )
    done = notebooks.run(*cells, f"{EXIT}('with ' + v)")
    assert (done.error, done.result) == ("", "with [REDACTED]")
    assert done.printed == f"value: [REDACTED]\ncana {len(canary)}\n" + "[REDACTED]\n" * 3
    failed = notebooks.run(*cells, "raise ValueError(v)")
    assert failed.error == "ValueError: [REDACTED]" and canary not in failed.trace
    for path in workspace.folder.rglob("*"):
        if path.is_file() and path.name not in ("state.db", "state.db-wal"):
            assert canary.encode() not in path.read_bytes(), path
    missing = notebooks.run("dbutils.secrets.get('s', 'nothing')")
    assert "Secret does not exist with scope: s and key: nothing" in missing.error


# Other notebooks, files and magics


def test_run_shares_globals_and_is_relative_to_the_notebook_it_stands_in(
    notebooks: Notebooks,
) -> None:
    notebooks.sdk.workspace.mkdirs(f"{notebooks.folder}/lib")
    notebooks.put("lib/deep", "deep = top + 1\nfrom_deep = dbutils.widgets.get('p')")
    notebooks.put(
        "lib/middle",
        '# MAGIC %run ./deep $p="inner"',
        "middle = deep * 2\ndbutils.widgets.text('w', 'dw')",
    )
    done = notebooks.run(
        "top = 20\ndbutils.widgets.text('p', 'outer')",
        "# MAGIC %run ./lib/middle",
        f"{EXIT}(f\"{{middle}} {{from_deep}} {{dbutils.widgets.get('p')}} {{dbutils.widgets.get('w')}}\")",
    )
    assert (done.error, done.result) == ("", "42 inner outer dw")


def test_notebook_run_is_a_run_of_its_own(notebooks: Notebooks, sdk: Any) -> None:
    notebooks.put(
        "child",
        "leaked = 'top' in globals()",
        f"{EXIT}(dbutils.widgets.get('n') + str(leaked) + dbutils.widgets.getArgument('outer', '-'))",
    )
    notebooks.put("bad", "raise ValueError('inside')")
    done = notebooks.run(
        "top = 1\nfound = [dbutils.notebook.run('./child', 60, {'n': 5}), dbutils.notebook.run('child', 0, {'n': 'x'})]",
        "try:\n    dbutils.notebook.run('bad', 60)\nexcept Exception as e:\n    found.append(f'{type(e).__name__} {e}')",
        f"import json\n{EXIT}(json.dumps(found))",
        outer="o",
    )
    import json

    found = json.loads(done.result or done.error)
    assert found[:2] == ["5False-", "xFalse-"]
    assert found[2].startswith(
        "WorkflowException com.databricks.WorkflowException: com.databricks.Notebook"
    )
    assert "FAILED" in found[2]
    children = list(sdk.jobs.list_runs(run_type=_run_type("WORKFLOW_RUN"), limit=25))
    assert {"child", "bad"} <= {run.run_name for run in children}
    inside = next(run for run in children if run.run_name == "bad")
    task = sdk.jobs.get_run(inside.run_id).tasks[0]
    assert sdk.jobs.get_run_output(task.run_id).error == "ValueError: inside"


def _run_type(name: str) -> Any:
    from databricks.sdk.service.jobs import RunType

    return RunType[name]


def test_notebooks_called_from_threads_run_at_once(notebooks: Notebooks) -> None:
    """Each of the two waits for what the other writes, and the caller asks for its widgets and secrets meanwhile."""
    wait = (
        "import os, time\nme, other = dbutils.widgets.get('me'), dbutils.widgets.get('other')\n"
        "open(me, 'w').close()\ndeadline = time.monotonic() + 30\n"
        "while not os.path.exists(other):\n    assert time.monotonic() < deadline, 'alone'\n    time.sleep(0.02)"
    )
    notebooks.put("wait", wait, f"{EXIT}(me)")
    done = notebooks.run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def call(pair):\n    return dbutils.notebook.run('wait', 60, {'me': pair[0], 'other': pair[1]})",
        "with ThreadPoolExecutor(2) as pool:\n    started = pool.map(call, [('a', 'b'), ('b', 'a')])\n"
        "    scopes = dbutils.secrets.listScopes()\n    found = list(started)",
        f"{EXIT}(str(found))",
    )
    assert (done.error, done.result) == ("", "['a', 'b']")


def test_notebook_run_gives_up_after_its_time(notebooks: Notebooks) -> None:
    notebooks.put("slow", "import time\ntime.sleep(60)")
    started = time.monotonic()
    done = notebooks.run("dbutils.notebook.run('slow', 1)")
    assert done.error.startswith("WorkflowException: ") and "TIMEDOUT" in done.error
    assert time.monotonic() - started < 20


def test_fs(notebooks: Notebooks, workspace: Any) -> None:
    name = secrets.token_hex(4)
    (workspace.folder / "volumes" / "main" / "raw" / name).mkdir(parents=True)
    done = notebooks.run(
        f"fs = dbutils.fs\nb = '/Volumes/main/raw/{name}'",
        "fs.put(b + '/d/a.txt', 'héllo')\nassert fs.head(b + '/d/a.txt') == 'héllo' and fs.head('dbfs:' + b + '/d/a.txt', 1) == 'h'",
        "fs.cp(b + '/d/a.txt', b + '/e/b.txt')\nfs.cp(b + '/d', b + '/f', recurse=True)\nfs.mv(b + '/e/b.txt', 'dbfs:' + b + '/c.txt')",
        "fs.mkdirs(b + '/g/h')\nassert fs.rm(b + '/g', True) is True and fs.rm(b + '/nothing') is False",
        "found = fs.ls(b)\nassert found[0].size == 6 and found[0].modificationTime > 1.6e12",
        "errors = []\nfor f in (lambda: fs.ls(b + '/none'), lambda: fs.put(b + '/c.txt', ''), lambda: fs.rm(b + '/f'),"
        " lambda: fs.cp(b + '/f', b + '/k'), lambda: fs.mount('s3://x', '/mnt/x'), lambda: fs.ls('s3://bucket')):\n"
        "    try:\n        f()\n    except Exception as e:\n        errors.append(str(e))",
        "import json\n"
        + EXIT
        + "(json.dumps([[f.path for f in found], [f.name for f in found], errors]))",
    )
    import json

    paths, names, errors = json.loads(done.result or done.error)
    assert names == ["c.txt", "d/", "e/", "f/"]
    assert paths == [f"dbfs:/Volumes/main/raw/{name}/{n}" for n in names]
    assert len(errors) == 6 and "java.io.FileNotFoundException" in errors[0]
    listed = notebooks.run(f"# MAGIC %fs ls /Volumes/main/raw/{name}")
    assert "name='c.txt'" in listed.printed


def test_pip_is_refused_unless_allowed(notebooks: Notebooks, workspace: Any) -> None:
    refused = notebooks.run("# MAGIC %pip install pandas")
    assert refused.state == "FAILED" and "not on the local workspace's list" in refused.error
    version = importlib.metadata.version("pandas")
    workspace.ask("POST", "/_workspace/jobs", {"pip_allowed": ["Pandas", "not_there"]})
    try:
        done = notebooks.run(
            f"# MAGIC %pip install -q pandas=={version}\n# MAGIC x = 3", f"{EXIT}(x)"
        )
        assert done.result == "3"
        for line, said in (
            ("install pandas==0.1", "installed is version"),
            ("install not-there", "not installed"),
            ("install other", "list of allowed"),
            ("uninstall pandas", "only 'install'"),
            ("install /tmp/x.whl", "no such wheel"),
            ("install pandas>=1", "only '=='"),
        ):
            assert said in notebooks.run(f"%pip {line}").error
    finally:
        workspace.ask("POST", "/_workspace/jobs", {"pip_allowed": []})


def test_libraries_are_wheels_or_allowed_packages(notebooks: Notebooks, sdk: Any) -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("packed_tool/__init__.py", "ANSWER = 42\n")
        wheel.writestr("packed_tool-1.0.dist-info/METADATA", "Name: packed_tool\nVersion: 1.0\n")
    name = f"{notebooks.folder}/packed_tool-1.0-py3-none-any.whl"
    sdk.workspace.upload(name, packed.getvalue(), format=ImportFormat.AUTO)
    path = notebooks.put("uses", f"import packed_tool\n{EXIT}(packed_tool.ANSWER)")
    task = notebooks.task(path)
    task.libraries = [Library(whl=f"/Workspace{name}")]
    assert notebooks.outcome(notebooks.wait(notebooks.start(task))).result == "42"
    task.libraries, task.environment_key = None, "env"
    spec = Environment(environment_version="2", dependencies=[f"/Workspace{name}"])
    environments = [JobEnvironment(environment_key="env", spec=spec)]
    run = notebooks.wait(notebooks.start(task, environments=environments))
    assert notebooks.outcome(run).result == "42"
    for library, said in (
        (Library(whl=f"/Workspace{name[:-4]}x.whl"), "no such wheel"),
        (
            Library(pypi=PythonPyPiLibrary(package="left-pad==1")),
            "not on the local workspace's list",
        ),
    ):
        task.libraries, task.environment_key = [library], None
        run = notebooks.wait(notebooks.start(task))
        assert run.status.termination_details.code.value == "LIBRARY_INSTALLATION_ERROR"
        assert said in run.state.state_message


def test_restart_python_forgets_what_was_defined(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "x = 1\ndbutils.widgets.text('w', 'kept')",
        "dbutils.library.restartPython()",
        f"{EXIT}(str('x' in globals()) + dbutils.widgets.get('w'))",
    )
    assert done.result == "Falsekept"


def test_modules_reach_dbutils_as_in_the_cloud(notebooks: Notebooks) -> None:
    notebooks.file(
        "tool.py",
        "from databricks.sdk.runtime import dbutils\nfrom pyspark.dbutils import DBUtils\n"
        "def p():\n    return dbutils.widgets.get('p') + DBUtils(None).widgets.get('p')\n",
    )
    assert notebooks.run(f"import tool\n{EXIT}(tool.p())", p="v").result == "vv"


def test_the_context_knows_the_run(notebooks: Notebooks, sdk: Any) -> None:
    done = notebooks.run(
        "c = dbutils.notebook.entry_point.getDbutils().notebook().getContext()\nimport json",
        f"{EXIT}(json.dumps([c.notebookPath().get(), c.tags().get('runId').get(), json.loads(c.toJson())['tags']]))",
    )
    import json

    path, run_id, tags = json.loads(done.result or done.error)
    assert path == f"{notebooks.folder}/notebook" and run_id == str(done.run.tasks[0].run_id)
    assert tags["multitaskParentRunId"] == str(done.run.run_id) and tags["taskKey"] == "main"


def test_display_prints(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "import pandas\ndisplay(pandas.DataFrame({'a': [1, 2]}))",
        "displayHTML('<b>x</b>')\ndisplay('text')",
    )
    assert done.printed == "   a\n0  1\n1  2\n<b>x</b>\ntext\n"


def test_an_ipynb_runs(notebooks: Notebooks) -> None:
    import base64

    import nbformat
    from databricks.sdk.service.workspace import ImportFormat

    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# T"),
        nbformat.v4.new_code_cell(f"a = 1\n{EXIT}(a)"),
    ]
    path = f"{notebooks.folder}/made"
    content = base64.b64encode(nbformat.writes(made).encode()).decode()
    notebooks.sdk.workspace.import_(path=path, format=ImportFormat.JUPYTER, content=content)
    assert notebooks.outcome(notebooks.wait(notebooks.start(notebooks.task(path)))).result == "1"


# Ends


def _pids(notebooks: Notebooks, workspace: Any, name: str) -> list[int]:
    text = (workspace.folder / "volumes" / "main" / "raw" / name).read_text().split()
    return [int(pid) for pid in text]


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", ["cancel", "timeout", "normal"])
def test_the_end_takes_the_whole_process_group(
    notebooks: Notebooks, workspace: Any, sdk: Any, how: str
) -> None:
    (workspace.folder / "volumes" / "main" / "raw").mkdir(parents=True, exist_ok=True)
    name = f"pids-{how}"
    path = notebooks.put(
        "group",
        "import os, subprocess, time, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "child = subprocess.Popen(['sleep', '100'])\n"
        f"open('/Volumes/main/raw/{name}', 'w').write(f'{{os.getpid()}} {{child.pid}}')",
        "time.sleep(0.1)" if how == "normal" else "time.sleep(100)",
    )
    task = notebooks.task(path)
    task.timeout_seconds = 1 if how == "timeout" else None
    run_id = notebooks.start(task)
    file = workspace.folder / "volumes" / "main" / "raw" / name
    until(lambda: file.is_file() and len(file.read_text().split()) == 2)
    if how == "cancel":
        sdk.jobs.cancel_run(run_id)
    run = notebooks.wait(run_id)
    expected = {"cancel": "CANCELED", "timeout": "TIMEDOUT", "normal": "SUCCESS"}[how]
    assert run.tasks[0].state.result_state.value == expected
    output = sdk.jobs.get_run_output(run.tasks[0].run_id)
    assert output.error is None and output.error_trace is None  # the end was ours
    until(lambda: not any(_alive(pid) for pid in _pids(notebooks, workspace, name)), 5)


def test_cancelling_a_run_cancels_what_it_called(notebooks: Notebooks, sdk: Any) -> None:
    notebooks.put("inner", "import time\ntime.sleep(100)")
    name = f"inner {notebooks.folder}"
    notebooks.put(name.replace("/", "-"), "import time\ntime.sleep(100)")
    path = notebooks.put("outer", f"dbutils.notebook.run('{name.replace('/', '-')}', 0)")
    run_id = notebooks.start(notebooks.task(path))

    def child() -> Any:
        runs = sdk.jobs.list_runs(run_type=_run_type("WORKFLOW_RUN"))
        return next((run for run in runs if run.run_name == name.replace("/", "-")), None)

    until(lambda: child() and child().state.life_cycle_state.value == "RUNNING")
    sdk.jobs.cancel_run(run_id)
    assert notebooks.wait(run_id).state.result_state.value == "CANCELED"
    assert notebooks.wait(child().run_id).state.result_state.value == "CANCELED"


def test_the_warm_process_is_replaced_when_it_is_gone(notebooks: Notebooks, workspace: Any) -> None:
    assert notebooks.run("x = 1").state == "SUCCESS"
    [zygote] = _children(workspace.process.pid)
    os.kill(zygote, signal.SIGKILL)
    until(lambda: not _alive(zygote))
    assert notebooks.run("x = 1").state == "SUCCESS"
    assert _children(workspace.process.pid) != [zygote]
    path = notebooks.put("sleeps", "import time\ntime.sleep(100)")
    run_id = notebooks.start(notebooks.task(path))
    until(lambda: _children(_children(workspace.process.pid)[0]))
    [notebook] = _children(_children(workspace.process.pid)[0])
    os.kill(_children(workspace.process.pid)[0], signal.SIGKILL)
    run = notebooks.wait(run_id)
    assert run.state.result_state.value == "FAILED" and not _alive(notebook)


def test_a_notebook_begins_though_the_warm_process_dies_just_then() -> None:
    """Killed before its end is heard of, it may still be asked: the next warm one has to be."""
    zygote = process.Zygote(process._environment())
    for _ in range(6):
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        begun = zygote.fork(theirs, writer)
        assert begun.known.is_set() and begun.pid
        begun.kill()
        for end in (theirs.detach(), ours.detach(), writer, reader):
            os.close(end)
        assert begun.ended.wait(10) and zygote._process
        os.kill(zygote._process.pid, signal.SIGKILL)
    zygote.stop()


def _children(pid: int) -> list[int]:
    """Those that are alive."""
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split() if _alive(int(child))]
    return []


def test_two_tasks_run_at_once_and_a_failed_one_does_not_stop_the_other(
    notebooks: Notebooks, sdk: Any
) -> None:
    slow = notebooks.put("slow", "import time\ntime.sleep(1)")
    bad = notebooks.put("bad", "1 / 0")
    job = sdk.jobs.create(
        name=slow,
        tasks=[
            Task(task_key="slow", notebook_task=NotebookTask(notebook_path=slow)),
            Task(task_key="bad", notebook_task=NotebookTask(notebook_path=bad)),
            Task(
                task_key="behind",
                notebook_task=NotebookTask(notebook_path=slow),
                depends_on=[TaskDependency(task_key="bad")],
            ),
        ],
    )
    run = notebooks.wait(sdk.jobs.run_now(job.job_id).run_id)
    ends = {task.task_key: task.state.result_state.value for task in run.tasks}
    assert ends == {"slow": "SUCCESS", "bad": "FAILED", "behind": "UPSTREAM_FAILED"}
    by_key = {task.task_key: task for task in run.tasks}
    assert by_key["bad"].start_time < by_key["slow"].end_time


def test_the_last_of_much_output_is_kept(notebooks: Notebooks) -> None:
    done = notebooks.run("for i in range(400_000):\n    print(i, 'x' * 10)")
    assert done.state == "SUCCESS" and done.printed.endswith("399999 xxxxxxxxxx\n")
    assert len(done.printed) == 5 * 1024 * 1024
