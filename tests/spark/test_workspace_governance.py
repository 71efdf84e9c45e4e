"""Keys, tags, grants, catalogues and volumes: said in SQL or over REST, seen in SQL and over REST. The judges are
databricks-sdk and Spark's reading of information_schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures import client, needs_spark
from sessions import rows, session

pytestmark = needs_spark


@pytest.fixture(scope="module")
def spark(shared_spark_workspace: Any) -> Iterator[Any]:
    with session(shared_spark_workspace) as found:
        found.sql("CREATE CATALOG gov")
        found.sql("USE CATALOG gov")
        found.sql("CREATE SCHEMA star")
        found.sql("USE SCHEMA star")
        found.sql(
            "CREATE TABLE dim (k BIGINT PRIMARY KEY RELY, name STRING COMMENT 'what it is called')"
        )
        found.sql(
            "CREATE TABLE fact (n BIGINT NOT NULL, k BIGINT, x DECIMAL(12,2), CONSTRAINT fact_pk PRIMARY KEY (n), "
            "CONSTRAINT to_dim FOREIGN KEY (k) REFERENCES dim NOT ENFORCED)"
        )
        found.sql("CREATE TABLE loose (a BIGINT, b STRING)")
        yield found
        found.sql("DROP CATALOG gov CASCADE")


@pytest.fixture(scope="module")
def sdk(shared_spark_workspace: Any) -> Any:
    return client(shared_spark_workspace)


def condition(spark: Any, text: str) -> tuple[str | None, str]:
    """The error condition and the message of what a statement raises."""
    from pyspark.errors import AnalysisException

    with pytest.raises(AnalysisException) as raised:
        spark.sql(text).collect()
    return raised.value.getCondition(), str(raised.value)


def test_keys_in_sql_are_seen_everywhere(spark: Any, sdk: Any) -> None:
    found = rows(
        spark,
        "SELECT constraint_name, table_name, constraint_type, is_deferrable, initially_deferred, enforced "
        "FROM information_schema.table_constraints "
        "WHERE table_schema = 'star' ORDER BY constraint_name",
    )
    assert found == [
        ("dim_pk", "dim", "PRIMARY KEY", "YES", "YES", "NO"),  # as the reference's page says
        ("fact_pk", "fact", "PRIMARY KEY", "YES", "YES", "NO"),
        ("to_dim", "fact", "FOREIGN KEY", "YES", "YES", "NO"),
    ]
    joined = rows(
        spark,
        "SELECT u.column_name, r.unique_constraint_name, t.table_name FROM information_schema.key_column_usage u "
        "JOIN information_schema.referential_constraints r USING (constraint_name) "
        "JOIN information_schema.constraint_table_usage t USING (constraint_name) WHERE constraint_name = 'to_dim'",
    )
    assert joined == [("k", "dim_pk", "dim")]
    described = rows(spark, "DESCRIBE EXTENDED fact")
    assert ("to_dim", "FOREIGN KEY (`k`) REFERENCES `gov`.`star`.`dim` (`k`)", "") in described
    table = sdk.tables.get("gov.star.fact")
    primary, foreign = table.table_constraints
    assert primary.primary_key_constraint.child_columns == ["n"]
    assert foreign.foreign_key_constraint.parent_table == "gov.star.dim"
    assert foreign.foreign_key_constraint.parent_columns == ["k"]
    told = [(c.name, c.type_text, c.type_name.value, c.nullable) for c in table.columns]
    assert told == [
        ("n", "bigint", "LONG", False),
        ("k", "bigint", "LONG", True),
        ("x", "decimal(12,2)", "DECIMAL", True),
    ]
    # the columns of a primary key are NOT NULL although it was not said
    assert not sdk.tables.get("gov.star.dim").columns[0].nullable


MISTAKES = [
    (
        "ALTER TABLE loose ADD CONSTRAINT pk PRIMARY KEY (a)",
        "INVALID_PARAMETER_VALUE",
        "Cannot create the primary key `pk` because its child column(s) `a` is nullable. "
        "Please change the column nullability and retry.",
    ),
    ("ALTER TABLE loose ADD PRIMARY KEY (zz)", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "`zz`"),
    ("ALTER TABLE nope ADD PRIMARY KEY (a)", "TABLE_OR_VIEW_NOT_FOUND", "`gov`.`star`.`nope`"),
    ("ALTER TABLE fact ADD PRIMARY KEY (k)", "INVALID_PARAMETER_VALUE", "already has a primary"),
    (
        "ALTER TABLE loose ADD FOREIGN KEY (a) REFERENCES loose",
        "INVALID_PARAMETER_VALUE",
        "has no primary key",
    ),
    (
        "ALTER TABLE loose ADD FOREIGN KEY (a) REFERENCES fact (x)",
        "FOREIGN_KEY_MISMATCH",
        "Foreign key parent columns `x` do not match primary key child columns `n`.",
    ),
    (
        "ALTER TABLE loose ADD FOREIGN KEY (b) REFERENCES fact",
        "INVALID_PARAMETER_VALUE",
        "the type string",
    ),
    (
        "ALTER TABLE fact ADD CONSTRAINT to_dim FOREIGN KEY (k) REFERENCES dim",
        "CONSTRAINT_ALREADY_EXISTS",
        "to_dim",
    ),
    ("ALTER TABLE dim DROP PRIMARY KEY", "INVALID_PARAMETER_VALUE", "`to_dim`"),
    ("ALTER TABLE loose DROP PRIMARY KEY", "CONSTRAINT_DOES_NOT_EXIST", "loose"),
    (
        "CREATE TABLE bad (a BIGINT, PRIMARY KEY (b))",
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        "`b`",
    ),
    ("ALTER TABLE loose ALTER COLUMN zz SET TAGS ('a' = 'b')", "UNRESOLVED_COLUMN", "`zz`"),
    ("GRANT SELECT ON TABLE loose TO nobody", "PRINCIPAL_DOES_NOT_EXIST", "nobody"),
    (
        "GRANT CREATE_SCHEMA ON TABLE loose TO `account users`",
        "INVALID_PARAMETER_VALUE",
        "Privilege CREATE SCHEMA is not applicable to this entity",
    ),
    ("GRANT SELECT ON SCHEMA nope TO `account users`", "SCHEMA_NOT_FOUND", "`gov`.`nope`"),
    ("COMMENT ON COLUMN loose.zz IS 'x'", "UNRESOLVED_COLUMN", "`zz`"),
    ("CREATE CATALOG gov", "CATALOG_ALREADY_EXISTS", "gov"),
    ("DROP CATALOG gov", "CATALOG_NOT_EMPTY", "gov"),
    ("DROP VOLUME nope", "VOLUME_NOT_FOUND", "gov.star.nope"),
    ("GRANT SELECT ON", "PARSE_SYNTAX_ERROR", "end of input"),
]


@pytest.mark.parametrize(("text", "expected", "said"), MISTAKES)
def test_a_mistake_is_an_error_and_changes_nothing(
    spark: Any, text: str, expected: str, said: str
) -> None:
    seen = "SELECT count(*) FROM information_schema.table_constraints"
    before = rows(spark, seen)
    found, message = condition(spark, text)
    assert (found or "").startswith(expected)
    assert said in message
    assert rows(spark, seen) == before


def test_keys_follow_their_table(spark: Any) -> None:
    spark.sql("CREATE TABLE moving (id INT NOT NULL)")
    spark.sql("ALTER TABLE moving ADD CONSTRAINT moving_key PRIMARY KEY (id) NOT ENFORCED")
    seen = (
        "SELECT table_name FROM information_schema.table_constraints "
        "WHERE constraint_name = 'moving_key'"
    )
    spark.sql("ALTER TABLE moving RENAME TO moved")
    assert rows(spark, seen) == [("moved",)]
    spark.sql("DROP TABLE moved")
    assert rows(spark, seen) == []
    spark.sql(
        "CREATE OR REPLACE TABLE moved (id INT NOT NULL, CONSTRAINT moving_key PRIMARY KEY (id))"
    )
    assert rows(spark, seen) == [("moved",)]
    spark.sql("CREATE OR REPLACE TABLE moved (id INT NOT NULL)")
    assert rows(spark, seen) == []
    spark.sql("ALTER TABLE moved ADD CONSTRAINT moving_key PRIMARY KEY (id)")
    spark.sql("ALTER TABLE moved DROP CONSTRAINT moving_key")
    assert rows(spark, seen) == []


def test_tags_and_comments(spark: Any) -> None:
    spark.sql("ALTER TABLE dim SET TAGS ('owner' = 'sales', 'gold')")
    spark.sql("ALTER TABLE dim ALTER COLUMN name SET TAGS ('pii' = 'no')")
    spark.sql("ALTER SCHEMA star SET TAGS ('layer' = 'gold')")
    spark.sql("ALTER TABLE dim UNSET TAGS ('gold')")
    tags = "SELECT tag_name, tag_value FROM information_schema"
    assert rows(spark, f"{tags}.table_tags WHERE table_name = 'dim'") == [("owner", "sales")]
    assert rows(spark, f"{tags}.column_tags WHERE column_name = 'name'") == [("pii", "no")]
    assert rows(spark, f"{tags}.schema_tags") == [("layer", "gold")]
    spark.sql("COMMENT ON COLUMN dim.name IS 'it\\'s \"new\"'")
    assert rows(spark, "DESCRIBE dim")[1] == ("name", "string", 'it\'s "new"')


def test_grants_in_sql_and_over_rest(spark: Any, sdk: Any, shared_spark_workspace: Any) -> None:
    from databricks.sdk.service.catalog import PermissionsChange, Privilege

    guest = shared_spark_workspace.guest["client_id"]
    spark.sql(f"GRANT USE CATALOG ON CATALOG gov TO `{guest}`")
    change = PermissionsChange(add=[Privilege.SELECT, Privilege.USE_SCHEMA], principal=guest)
    sdk.grants.update("schema", "gov.star", changes=[change])
    shown = rows(spark, f"SHOW GRANTS `{guest}` ON TABLE dim")
    assert shown == [
        (guest, "SELECT", "SCHEMA", "gov.star"),
        (guest, "USE SCHEMA", "SCHEMA", "gov.star"),
        (guest, "USE CATALOG", "CATALOG", "gov"),
    ]
    effective = sdk.grants.get_effective("table", "gov.star.dim", principal=guest)
    [assignment] = effective.privilege_assignments
    told = {(p.privilege.value, p.inherited_from_name) for p in assignment.privileges}
    assert told == {("SELECT", "gov.star"), ("USE_SCHEMA", "gov.star"), ("USE_CATALOG", "gov")}
    as_guest = client(shared_spark_workspace, token=shared_spark_workspace.guest["token"])
    assert as_guest.tables.get("gov.star.dim").name == "dim"
    spark.sql(f"REVOKE SELECT ON SCHEMA gov.star FROM `{guest}`")
    from databricks.sdk.errors import PermissionDenied

    with pytest.raises(PermissionDenied, match="SELECT"):
        as_guest.tables.get("gov.star.dim")


def test_catalog_schema_table_and_volume_over_rest(spark: Any, sdk: Any) -> None:
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.catalog import PrimaryKeyConstraint, TableConstraint, VolumeType

    sdk.catalogs.create("rest", comment="made over REST")
    assert [c.name for c in sdk.catalogs.list()] == ["gov", "main", "rest"]
    sdk.schemas.create("raw", "rest", comment="it's raw")
    assert sdk.schemas.get("rest.raw").comment == "it's raw"
    assert [s.name for s in sdk.schemas.list("rest")] == ["default", "raw"]
    spark.sql("CREATE TABLE rest.raw.t (id INT NOT NULL) COMMENT 'by SQL'")
    spark.sql("CREATE VIEW rest.raw.v AS SELECT id FROM rest.raw.t")
    listed = {t.name: (t.table_type.value, t.comment) for t in sdk.tables.list("rest", "raw")}
    assert listed == {"t": ("MANAGED", "by SQL"), "v": ("VIEW", None)}
    constraint = TableConstraint(primary_key_constraint=PrimaryKeyConstraint("t_key", ["id"]))
    sdk.table_constraints.create("rest.raw.t", constraint)
    found = "SELECT constraint_name FROM rest.information_schema.table_constraints"
    assert rows(spark, found) == [("t_key",)]
    sdk.table_constraints.delete("rest.raw.t", "t_key", False)
    assert rows(spark, found) == []
    volume = sdk.volumes.create("rest", "raw", "landing", VolumeType.MANAGED, comment="files")
    assert volume.storage_location == "dbfs:/Volumes/rest/raw/landing"
    assert rows(spark, "SHOW VOLUMES IN rest.raw") == [("raw", "landing")]
    assert sdk.tables.exists("rest.raw.t").table_exists
    with pytest.raises(NotFound, match=r"Table 'rest\.raw\.none' does not exist"):
        sdk.tables.get("rest.raw.none")
    with pytest.raises(NotFound, match=r"Schema 'rest\.none' does not exist"):
        sdk.schemas.get("rest.none")
    sdk.tables.delete("rest.raw.v")
    sdk.catalogs.delete("rest", force=True)
    with pytest.raises(NotFound, match="Catalog 'rest' does not exist"):
        sdk.catalogs.get("rest")


def test_cluster_by_auto_and_owner(spark: Any, sdk: Any, shared_spark_workspace: Any) -> None:
    guest = shared_spark_workspace.guest["client_id"]
    spark.sql("CREATE TABLE auto (id INT) CLUSTER BY AUTO")
    spark.sql("ALTER TABLE loose CLUSTER BY AUTO")
    spark.sql(f"ALTER TABLE auto OWNER TO `{guest}`")
    assert sdk.tables.get("gov.star.auto").owner == guest
    assert sdk.tables.get("gov.star.loose").owner != guest
