"""The local workspace as databricks-sdk sees it: tree, files, secrets, tokens. The judge is a client that we did not write."""

from __future__ import annotations

import base64
import io
import json
import time
from typing import Any

import pytest
from fixtures import client, needs_workspace

pytestmark = needs_workspace

HEADER = "# Databricks notebook source\n"
# Everything a path may have: blanks, percent signs, plus, question mark, hash, quotes, Unicode in and beyond the BMP.
ODD_NAMES = [
    "a b", "100%", "a%2Fb", "a+b", "what?", "#1", "it's \"so\"", "Straße", "データ", "😀", "\u00e9", "e\u0301", "a&b=c", "..a",
    "...", "~",
]  # fmt: skip


@pytest.fixture
def home(sdk: Any, request: pytest.FixtureRequest) -> str:
    """A folder of the tree for one test."""
    path = f"/Users/{sdk.current_user.me().user_name}/{request.node.name}"
    sdk.workspace.mkdirs(path)
    return path


@pytest.fixture
def volume(workspace: Any, request: pytest.FixtureRequest) -> str:
    """A volume for one test: on this machine a volume is a folder."""
    name = request.node.name.partition("[")[0]
    (workspace.folder / "volumes/main/default" / name).mkdir(parents=True, exist_ok=True)
    return f"/Volumes/main/default/{name}"


def names(objects: Any) -> list[str]:
    return sorted(found.path.rsplit("/", 1)[1] for found in objects)


# -- who --------------------------------------------------------------------------------------------------------------


def test_me(workspace: Any, sdk: Any) -> None:
    me = sdk.current_user.me()
    assert me.active and int(me.id) > 2**53
    assert str(sdk.get_workspace_id()) == workspace.workspace_id


def test_me_tells_the_workspace_id_in_a_header_when_discovery_does_not(workspace: Any) -> None:
    workspace.fault("GET /.well-known/databricks-config", "status", status=404)
    assert str(client(workspace).get_workspace_id()) == workspace.workspace_id


def test_wrong_tokens_are_refused(workspace: Any) -> None:
    from databricks.sdk.errors import PermissionDenied, Unauthenticated

    for token in ("dapi" + "0" * 32, workspace.token[:-1], workspace.token + "0", "x"):
        with pytest.raises((PermissionDenied, Unauthenticated)):
            client(workspace, token=token).current_user.me()


def test_another_workspaces_id_is_refused(workspace: Any) -> None:
    from databricks.sdk.errors import BadRequest

    with pytest.raises(BadRequest):
        client(workspace, token=workspace.token, workspace_id="42").workspace.get_status("/")


# -- tree -------------------------------------------------------------------------------------------------------------


def test_import_and_export_as_source(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType

    text = HEADER + "print('Grüße 😀')\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC select 1\n"
    coded = base64.b64encode(text.encode()).decode()
    sdk.workspace.import_(
        f"{home}/nb", content=coded, format=ImportFormat.SOURCE, language=Language.PYTHON
    )
    status = sdk.workspace.get_status(f"{home}/nb")
    assert (status.object_type, status.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    assert status.object_id > 2**53 and status.path == f"{home}/nb"
    got = sdk.workspace.export(f"{home}/nb", format=ExportFormat.SOURCE)
    assert base64.b64decode(got.content).decode() == text and got.file_type == "py"
    assert sdk.workspace.download(f"{home}/nb").read().decode() == text


@pytest.mark.parametrize(
    ("language", "header"),
    [("PYTHON", "# "), ("R", "# "), ("SQL", "-- "), ("SCALA", "// ")],
)
def test_source_without_its_header_gets_one(
    sdk: Any, home: str, language: str, header: str
) -> None:
    from databricks.sdk.service.workspace import ImportFormat, Language

    sdk.workspace.upload(
        f"{home}/nb", b"body\n", format=ImportFormat.SOURCE, language=Language(language)
    )
    assert sdk.workspace.get_status(f"{home}/nb").language == Language(language)
    whole = sdk.workspace.download(f"{home}/nb").read().decode()
    assert whole == f"{header}Databricks notebook source\nbody\n"


def test_upload_is_a_form_and_auto_looks_at_the_content(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ImportFormat, ObjectType

    sent = {
        "etl.py": (HEADER + "x = 1\n", "etl", ObjectType.NOTEBOOK),
        "crlf.py": (HEADER[:-1] + "\r\nx = 1\r\n", "crlf", ObjectType.NOTEBOOK),
        "query.sql": ("-- Databricks notebook source\nselect 1", "query", ObjectType.NOTEBOOK),
        "module.py": ("x = 1\n", "module.py", ObjectType.FILE),
        "late.py": ("\n" + HEADER, "late.py", ObjectType.FILE),
        "data.json": ("{}", "data.json", ObjectType.FILE),
        "broken.ipynb": ("{", "broken.ipynb", ObjectType.FILE),
        "bytes.bin": ("", "bytes.bin", ObjectType.FILE),
    }
    for name, (text, _, _) in sent.items():
        sdk.workspace.upload(f"{home}/{name}", text.encode(), format=ImportFormat.AUTO)
    found = {o.path.rsplit("/", 1)[1]: o.object_type for o in sdk.workspace.list(home)}
    assert found == {stored: kind for _, stored, kind in sent.values()}
    assert sdk.workspace.download(f"{home}/module.py").read() == b"x = 1\n"
    assert sdk.workspace.get_status(f"{home}/module.py").size == 6


def test_binary_files_come_back_byte_for_byte(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ExportFormat, ImportFormat

    content = bytes(range(256)) * 40
    sdk.workspace.upload(f"{home}/all.bin", content, format=ImportFormat.AUTO)
    assert sdk.workspace.download(f"{home}/all.bin", format=ExportFormat.AUTO).read() == content


def test_jupyter_notebooks(sdk: Any, home: str) -> None:
    """nbformat judges what is exported."""
    import nbformat
    from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType

    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title\n\ntext"),
            nbformat.v4.new_code_cell("x = 1\nprint(x)"),
            nbformat.v4.new_code_cell("%sql\nselect 1"),
            nbformat.v4.new_code_cell("a = '''\n\n# not a cell\n'''"),
        ],
        metadata={"application/vnd.databricks.v1+notebook": {"language": "python"}},
    )
    sdk.workspace.upload(
        f"{home}/nb.ipynb", nbformat.writes(notebook).encode(), format=ImportFormat.AUTO
    )
    status = sdk.workspace.get_status(f"{home}/nb")
    assert (status.object_type, status.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    source = sdk.workspace.download(f"{home}/nb", format=ExportFormat.SOURCE).read().decode()
    assert source == (
        HEADER + "# MAGIC %md\n# MAGIC # Title\n# MAGIC\n# MAGIC text\n\n# COMMAND ----------\n\n"
        "x = 1\nprint(x)\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC select 1\n\n# COMMAND ----------\n\n"
        "a = '''\n\n# not a cell\n'''\n"
    )
    for form in (ExportFormat.JUPYTER, ExportFormat.AUTO):
        exported = nbformat.reads(
            sdk.workspace.download(f"{home}/nb", format=form).read().decode(), as_version=4
        )
        nbformat.validate(exported)
        assert [(c.cell_type, c.source) for c in exported.cells] == [
            (c.cell_type, c.source) for c in notebook.cells
        ]


def test_every_language_names_itself_in_jupyter(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language

    for language in Language:
        sdk.workspace.upload(
            f"{home}/{language.value}", b"1", format=ImportFormat.SOURCE, language=language
        )
        whole = sdk.workspace.download(
            f"{home}/{language.value}", format=ExportFormat.JUPYTER
        ).read()
        sdk.workspace.upload(
            f"{home}/{language.value}.ipynb", whole, format=ImportFormat.AUTO, overwrite=True
        )
        assert sdk.workspace.get_status(f"{home}/{language.value}").language == language


def test_import_refuses_what_it_cannot_keep(sdk: Any, home: str) -> None:
    from databricks.sdk.errors import (
        BadRequest,
        DatabricksError,
        InvalidParameterValue,
        NotFound,
        ResourceAlreadyExists,
    )
    from databricks.sdk.service.workspace import ImportFormat, Language

    coded = base64.b64encode(b"x = 1").decode()
    put = sdk.workspace.import_
    with pytest.raises(InvalidParameterValue):  # no language
        put(f"{home}/a", content=coded, format=ImportFormat.SOURCE)
    with pytest.raises(InvalidParameterValue):
        put(f"{home}/a", content="no base64!", format=ImportFormat.SOURCE, language=Language.PYTHON)
    with pytest.raises(InvalidParameterValue):  # not UTF-8
        put(f"{home}/a", content="//8=", format=ImportFormat.SOURCE, language=Language.PYTHON)
    with pytest.raises(InvalidParameterValue):
        put(f"{home}/a", content=coded, format=ImportFormat.JUPYTER)
    with pytest.raises(NotFound, match=r"The parent folder .* does not exist"):
        put(
            f"{home}/no/such/a", content=coded, format=ImportFormat.SOURCE, language=Language.PYTHON
        )
    put(f"{home}/a", content=coded, format=ImportFormat.SOURCE, language=Language.PYTHON)
    with pytest.raises(BadRequest, match=r"Path \(.*\) already exists\.$") as said:
        put(f"{home}/a", content=coded, format=ImportFormat.SOURCE, language=Language.PYTHON)
    assert not said.value.error_code  # notebooks: known by its words only
    put(f"{home}/f.txt", content=coded, format=ImportFormat.AUTO)
    with pytest.raises(ResourceAlreadyExists, match="Please pass overwrite=true to overwrite it"):
        put(f"{home}/f.txt", content=coded, format=ImportFormat.AUTO)
    with pytest.raises(DatabricksError):  # below a notebook
        put(f"{home}/a/b", content=coded, format=ImportFormat.SOURCE, language=Language.PYTHON)
    with pytest.raises(
        InvalidParameterValue, match=r"type mismatch \(asked: FILE, actual: NOTEBOOK\)"
    ) as wrong:
        put(f"{home}/a", content=coded, format=ImportFormat.AUTO, overwrite=True)
    assert wrong.value.get_error_details().error_info.reason == "WORKSPACE_OBJECT_TYPE_MISMATCH"
    put(
        f"{home}/a",
        content=base64.b64encode(b"x = 2").decode(),
        format=ImportFormat.SOURCE,
        language=Language.SQL,
        overwrite=True,
    )
    assert sdk.workspace.get_status(f"{home}/a").language == Language.SQL


@pytest.mark.parametrize("form", ["SOURCE", "AUTO"])
def test_ten_megabytes_are_the_most(sdk: Any, home: str, form: str) -> None:
    from databricks.sdk.errors import BadRequest
    from databricks.sdk.service.workspace import ImportFormat, Language

    most = 10 * 1024 * 1024
    options = {"format": ImportFormat(form), "language": Language.PYTHON}
    body = HEADER.encode() + b"#" * (most - len(HEADER))
    sdk.workspace.upload(f"{home}/big.py", body, **options)
    with pytest.raises(BadRequest) as said:
        sdk.workspace.upload(f"{home}/more.py", body + b"#", **options)
    assert said.value.error_code == "MAX_NOTEBOOK_SIZE_EXCEEDED"
    with pytest.raises(BadRequest) as said:
        sdk.workspace.import_(
            f"{home}/more.py", content=base64.b64encode(body + b"#").decode(), **options
        )
    assert said.value.error_code == "MAX_NOTEBOOK_SIZE_EXCEEDED"
    stored = f"{home}/big" if form == "AUTO" else f"{home}/big.py"
    assert len(sdk.workspace.download(stored).read()) == most


def test_list_says_what_is_there_and_not_below(sdk: Any, home: str) -> None:
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.workspace import ImportFormat, ObjectType

    assert list(sdk.workspace.list(home)) == []
    sdk.workspace.mkdirs(f"{home}/a/b/c")
    sdk.workspace.upload(f"{home}/a/nb.py", HEADER.encode(), format=ImportFormat.AUTO)
    sdk.workspace.upload(f"{home}/a/f.txt", b"f", format=ImportFormat.AUTO)
    assert names(sdk.workspace.list(home)) == ["a"]
    assert names(sdk.workspace.list(f"{home}/a")) == ["b", "f.txt", "nb"]
    every = sorted(o.path.removeprefix(home) for o in sdk.workspace.list(home, recursive=True))
    assert every == ["/a/f.txt", "/a/nb"]  # the SDK leaves directories out
    [alone] = sdk.workspace.list(f"{home}/a/nb")
    assert alone.object_type == ObjectType.NOTEBOOK
    with pytest.raises(NotFound):
        list(sdk.workspace.list(f"{home}/none"))
    later = int((time.time() + 60) * 1000)
    assert names(sdk.workspace.list(f"{home}/a", notebooks_modified_after=later)) == ["b", "f.txt"]


def test_delete(sdk: Any, home: str) -> None:
    from databricks.sdk.errors import BadRequest, NotFound
    from databricks.sdk.service.workspace import ImportFormat

    sdk.workspace.upload(f"{home}/nb.py", HEADER.encode(), format=ImportFormat.AUTO)
    sdk.workspace.mkdirs(f"{home}/nb-not/deep")
    with pytest.raises(BadRequest) as said:
        sdk.workspace.delete(home)
    assert said.value.error_code == "DIRECTORY_NOT_EMPTY"
    first = sdk.workspace.get_status(f"{home}/nb").object_id
    sdk.workspace.delete(f"{home}/nb")
    assert names(sdk.workspace.list(home)) == ["nb-not"]
    with pytest.raises(NotFound):
        sdk.workspace.delete(f"{home}/nb")
    sdk.workspace.upload(f"{home}/nb.py", HEADER.encode(), format=ImportFormat.AUTO)
    assert sdk.workspace.get_status(f"{home}/nb").object_id != first  # an id is never used again
    sdk.workspace.delete(home, recursive=True)
    for path in (home, f"{home}/nb", f"{home}/nb-not"):
        with pytest.raises(NotFound):
            sdk.workspace.get_status(path)


def test_mkdirs_goes_around_nothing_that_is_there(sdk: Any, home: str) -> None:
    from databricks.sdk.errors import ResourceAlreadyExists
    from databricks.sdk.service.workspace import ImportFormat

    sdk.workspace.mkdirs(f"{home}/a/b")
    sdk.workspace.mkdirs(f"{home}/a/b")
    sdk.workspace.upload(f"{home}/f", b"", format=ImportFormat.AUTO)
    for path in (f"{home}/f", f"{home}/f/g"):
        with pytest.raises(ResourceAlreadyExists):
            sdk.workspace.mkdirs(path)


def test_workspace_in_front_of_a_path_may_be_left_out(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ImportFormat

    sdk.workspace.upload(f"/Workspace{home}/nb.py", HEADER.encode(), format=ImportFormat.AUTO)
    one, other = (sdk.workspace.get_status(f"{front}{home}/nb") for front in ("", "/Workspace"))
    assert one == other and one.path == f"{home}/nb"


def test_odd_names_in_the_tree(sdk: Any, home: str) -> None:
    from databricks.sdk.service.workspace import ImportFormat

    for name in ODD_NAMES:
        sdk.workspace.upload(f"{home}/{name}", name.encode(), format=ImportFormat.AUTO)
    assert names(sdk.workspace.list(home)) == sorted(ODD_NAMES)
    for name in ODD_NAMES:
        assert sdk.workspace.download(f"{home}/{name}").read() == name.encode()


# -- files of volumes -------------------------------------------------------------------------------------------------


def test_files_go_up_and_come_down(sdk: Any, volume: str) -> None:
    from databricks.sdk.errors import AlreadyExists, NotFound

    content = bytes(range(256)) * 1000
    path = f"{volume}/in/new/folders/all.bin"
    sdk.files.upload(path, io.BytesIO(content), overwrite=False)
    got = sdk.files.download(path)
    assert got.contents.read() == content and got.content_length == len(content)
    about = sdk.files.get_metadata(path)
    assert about.content_length == len(content) and about.last_modified == got.last_modified
    with pytest.raises(AlreadyExists):
        sdk.files.upload(path, io.BytesIO(b"other"), overwrite=False)
    sdk.files.upload(path, io.BytesIO(b"other"), overwrite=True)
    assert sdk.files.download(path).contents.read() == b"other"
    sdk.files.delete(path)
    for missing in (sdk.files.delete, sdk.files.get_metadata, sdk.files.download):
        with pytest.raises(NotFound):
            missing(path)
    sdk.files.upload(path, io.BytesIO(b""), overwrite=True)
    assert sdk.files.get_metadata(path).content_length == 0


def test_a_large_upload_ends_as_one_put(workspace: Any, sdk: Any, volume: str) -> None:
    """Above 50 MiB the SDK asks for parts, is told that there are none, and sends one PUT."""
    block = bytes(range(251)) * 4177  # about 1 MiB, no multiple of any buffer
    content = block * 53
    before = workspace.requests()[-1]["n"]
    sdk.files.upload(f"{volume}/large.bin", io.BytesIO(content), overwrite=True)
    sent = [
        (r["method"], r["path"].rsplit("/", 1)[1], r["status"]) for r in workspace.requests(before)
    ]
    assert ("POST", "large.bin", 200) in sent and ("POST", "create-upload-part-urls", 404) in sent
    assert sent.count(("PUT", "large.bin", 204)) == 1
    assert sdk.files.get_metadata(f"{volume}/large.bin").content_length == len(content)
    assert sdk.files.download(f"{volume}/large.bin").contents.read() == content


def test_directories_are_listed_in_pages(workspace: Any, sdk: Any, volume: str) -> None:
    on_disk = workspace.folder / "volumes" / volume.removeprefix("/Volumes/") / "many"
    on_disk.mkdir()
    wanted = {f"file-{i:04}.csv": i for i in range(2345)}
    for name, size in wanted.items():
        (on_disk / name).write_bytes(b"x" * size)
    (on_disk / "folder").mkdir()
    before = workspace.requests()[-1]["n"]
    found = list(sdk.files.list_directory_contents(f"{volume}/many"))
    assert {f.name: f.file_size for f in found if not f.is_directory} == wanted
    assert [f.path for f in found if f.is_directory] == [f"{volume}/many/folder"]
    assert len([r for r in workspace.requests(before) if r["method"] == "GET"]) == 3
    few = list(sdk.files.list_directory_contents(f"{volume}/many", page_size=1000))
    assert [f.path for f in few] == [f.path for f in found]


def test_directories(sdk: Any, volume: str) -> None:
    from databricks.sdk.errors import BadRequest, DatabricksError, NotFound

    sdk.files.create_directory(f"{volume}/a/b/c")
    sdk.files.create_directory(f"{volume}/a/b/c")
    sdk.files.get_directory_metadata(f"{volume}/a/b")
    with pytest.raises(BadRequest) as said:
        sdk.files.delete_directory(f"{volume}/a")
    reasons = [detail.reason for detail in [said.value.get_error_details().error_info]]
    assert reasons == ["FILES_API_DIRECTORY_IS_NOT_EMPTY"]
    for path in ("a/b/c", "a/b", "a"):
        sdk.files.delete_directory(f"{volume}/{path}")
    with pytest.raises(NotFound):
        sdk.files.get_directory_metadata(f"{volume}/a")
    with pytest.raises(NotFound):
        list(sdk.files.list_directory_contents(f"{volume}/a"))
    sdk.files.upload(f"{volume}/f", io.BytesIO(b"1"))
    for wrong in (f"{volume}/f", f"{volume}/f/g"):
        with pytest.raises(DatabricksError):
            sdk.files.create_directory(wrong)
    with pytest.raises(DatabricksError):
        sdk.files.upload(f"{volume}/f/g", io.BytesIO(b"1"))
    with pytest.raises(NotFound):
        sdk.files.upload("/Volumes/main/default/never_made/f", io.BytesIO(b"1"))
    with pytest.raises(DatabricksError):
        sdk.files.delete_directory(volume)


def test_odd_names_in_volumes(sdk: Any, volume: str) -> None:
    for name in ODD_NAMES:
        sdk.files.upload(f"{volume}/{name}/{name}", io.BytesIO(name.encode()))
        assert sdk.files.download(f"{volume}/{name}/{name}").contents.read() == name.encode()
    assert sorted(f.name for f in sdk.files.list_directory_contents(volume)) == sorted(ODD_NAMES)


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets(sdk: Any) -> None:
    from databricks.sdk.errors import BadRequest, DatabricksError, NotFound, ResourceAlreadyExists

    secrets = sdk.secrets
    secrets.create_scope("team.a")
    with pytest.raises(ResourceAlreadyExists):
        secrets.create_scope("team.a")
    secrets.put_secret("team.a", "text", string_value="Grüße 😀\n")
    secrets.put_secret("team.a", "bytes", bytes_value=base64.b64encode(bytes(range(256))).decode())
    assert [s.key for s in secrets.list_secrets("team.a")] == ["bytes", "text"]
    assert base64.b64decode(secrets.get_secret("team.a", "text").value).decode() == "Grüße 😀\n"
    assert base64.b64decode(secrets.get_secret("team.a", "bytes").value) == bytes(range(256))
    # no word of another test's requests: the log of the workspace that they share leaves secrets out for good
    secrets.put_secret("team.a", "text", string_value="its second value")
    assert base64.b64decode(secrets.get_secret("team.a", "text").value) == b"its second value"
    secrets.put_secret("team.a", "most", string_value="x" * 128 * 1024)
    for scope, key, value in (
        ("team.a", "more", "x" * (128 * 1024 + 1)),
        ("team.a", "wrong!", "x"),
        ("team.a", "k" * 129, "x"),
    ):
        with pytest.raises(BadRequest):
            secrets.put_secret(scope, key, string_value=value)
    with pytest.raises(DatabricksError):
        secrets.put_secret("team.a", "neither")
    for absent in (("none", "text"), ("team.a", "none")):
        with pytest.raises(NotFound):
            secrets.get_secret(*absent)
        with pytest.raises(NotFound):
            secrets.delete_secret(*absent)
    secrets.delete_secret("team.a", "text")
    assert [s.key for s in secrets.list_secrets("team.a")] == ["bytes", "most"]
    secrets.delete_scope("team.a")
    assert "team.a" not in [s.name for s in secrets.list_scopes()]
    with pytest.raises(NotFound):
        list(secrets.list_secrets("team.a"))


def test_a_guest_sees_what_a_scope_gives(workspace: Any, sdk: Any) -> None:
    from databricks.sdk.errors import PermissionDenied
    from databricks.sdk.service.workspace import AclPermission

    guest = client(workspace, token=workspace.guest["token"])
    sdk.secrets.create_scope("shown")
    sdk.secrets.put_secret("shown", "k", string_value="shown to a guest")
    with pytest.raises(PermissionDenied):
        guest.secrets.get_secret("shown", "k")
    sdk.secrets.put_acl("shown", workspace.guest["client_id"], AclPermission.READ)
    assert base64.b64decode(guest.secrets.get_secret("shown", "k").value) == b"shown to a guest"
    assert [s.name for s in guest.secrets.list_scopes()] == ["shown"]
    with pytest.raises(PermissionDenied):
        guest.secrets.put_secret("shown", "k", string_value="changed")
    with pytest.raises(PermissionDenied):
        guest.secrets.put_acl("shown", workspace.guest["client_id"], AclPermission.MANAGE)
    sdk.secrets.delete_acl("shown", workspace.guest["client_id"])
    with pytest.raises(PermissionDenied):
        guest.secrets.get_secret("shown", "k")


def test_a_guest_has_a_home_and_nothing_else(
    workspace: Any, sdk: Any, home: str, volume: str
) -> None:
    from databricks.sdk.errors import PermissionDenied

    guest = client(workspace, token=workspace.guest["token"])
    mine = f"/Users/{guest.current_user.me().user_name}"
    guest.workspace.mkdirs(f"{mine}/a")
    for refused in (f"{home}/a", "/Users", "/top", "/Users/" + mine.rsplit("/", 1)[1] + "-not"):
        with pytest.raises(PermissionDenied):
            guest.workspace.mkdirs(refused)
    with pytest.raises(PermissionDenied):
        list(guest.workspace.list(home))
    sdk.files.upload(f"{volume}/f", io.BytesIO(b"1"))
    with pytest.raises(PermissionDenied):
        guest.files.download(f"{volume}/f")
    with pytest.raises(PermissionDenied):
        guest.files.upload(f"{volume}/g", io.BytesIO(b"1"))


# -- OAuth ------------------------------------------------------------------------------------------------------------


def test_service_principals_log_in(workspace: Any) -> None:
    who = client(workspace, client_id=workspace.client_id, client_secret=workspace.client_secret)
    me = who.current_user.me()
    assert me.user_name == workspace.client_id and who.config.auth_type == "oauth-m2m"


def test_wrong_secrets_are_refused(workspace: Any) -> None:
    for client_id, secret in (
        (workspace.client_id, workspace.client_secret[:-1]),
        (workspace.client_id, workspace.guest["client_secret"]),
        ("nobody", workspace.client_secret),
        (workspace.client_id, workspace.token),
    ):
        with pytest.raises(ValueError, match="invalid_client"):
            client(workspace, client_id=client_id, client_secret=secret).current_user.me()


def test_tokens_expire_and_the_client_gets_new_ones(workspace: Any) -> None:
    """A token of two seconds: the SDK asks for another when it has gone."""
    workspace.settings(ttl_seconds=2)
    who = client(workspace, client_id=workspace.client_id, client_secret=workspace.client_secret)
    before = workspace.requests()[-1]["n"]
    for _ in range(2):
        who.current_user.me()
        time.sleep(2.1)
    log = workspace.requests(before)
    asked = [r for r in log if r["path"] == "/oidc/v1/token"]
    assert len(asked) >= 2 and {r["status"] for r in asked} == {200}
    me = [r for r in log if r["path"].endswith("/Me")]
    assert {r["status"] for r in me} == {200}
    assert len({r["headers"]["authorization"] for r in me}) == 2


def test_an_expired_token_is_refused(workspace: Any) -> None:
    from databricks.sdk.errors import Unauthenticated

    workspace.settings(ttl_seconds=2)
    who = client(workspace, client_id=workspace.client_id, client_secret=workspace.client_secret)
    token = who.config.authenticate()["Authorization"].removeprefix("Bearer ")
    assert client(workspace, token=token).current_user.me().user_name == workspace.client_id
    time.sleep(2.1)
    with pytest.raises(Unauthenticated, match="expired"):
        client(workspace, token=token).current_user.me()


def test_changed_tokens_are_refused(workspace: Any) -> None:
    from databricks.sdk.errors import PermissionDenied

    who = client(workspace, client_id=workspace.client_id, client_secret=workspace.client_secret)
    token = who.config.authenticate()["Authorization"].removeprefix("Bearer ")
    front, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body)) | {"e": 1e12}
    longer = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    for wrong in (f"{front}.{longer}.{signature}", f"{front}.{body}.", f"{front}.", token[:-1]):
        with pytest.raises(PermissionDenied):
            client(workspace, token=wrong).current_user.me()
