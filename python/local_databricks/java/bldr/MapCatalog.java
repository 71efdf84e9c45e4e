package bldr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.catalyst.analysis.NoSuchNamespaceException;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.connector.catalog.CatalogPlugin;
import org.apache.spark.sql.connector.catalog.CatalogV2Util;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.IdentityColumnSpec;
import org.apache.spark.sql.connector.catalog.NamespaceChange;
import org.apache.spark.sql.connector.catalog.StagedTable;
import org.apache.spark.sql.connector.catalog.StagingTableCatalog;
import org.apache.spark.sql.connector.catalog.SupportsNamespaces;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCatalog;
import org.apache.spark.sql.connector.catalog.TableCatalogCapability;
import org.apache.spark.sql.connector.catalog.TableChange;
import org.apache.spark.sql.connector.catalog.TableWritePrivilege;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * One catalogue of the workspace: `main.sales.t` is the table `t` of the session catalogue's schema `main__sales`.
 *
 * A catalogue's name holds no "__" and ends in no "_" (the registry refuses others), so the first "__" of a mapped
 * schema parts it again. Delta knows only the session catalogue; everything here delegates to it. The schema
 * information_schema is InformationSchema's.
 */
public class MapCatalog implements StagingTableCatalog, SupportsNamespaces {
  static final String SEPARATOR = "__";
  static final String INFORMATION = "information_schema";
  private String name;

  static CatalogPlugin session() {
    return SparkSession.active().sessionState().catalogManager().catalog("spark_catalog");
  }

  private StagingTableCatalog tables() {
    return (StagingTableCatalog) session();
  }

  private SupportsNamespaces schemas() {
    return (SupportsNamespaces) session();
  }

  /** The mapped schema of `catalog`.`schema`, folded as Unity Catalog and Spark fold names. */
  static String mapped(String catalog, String schema) {
    return (catalog + SEPARATOR + schema).toLowerCase(java.util.Locale.ROOT);
  }

  private String[] in(String[] namespace) {
    if (namespace.length == 1 && namespace[0].equals("delta")) {
      return namespace; // delta.`/path`
    }
    int last = namespace.length - 1;
    if (namespace.length == 1 || namespace.length == 2 && namespace[0].equalsIgnoreCase(name)) {
      return new String[] {mapped(name, namespace[last])};
    }
    throw noCatalog(namespace);
  }

  private Identifier in(Identifier table) {
    return Identifier.of(in(table.namespace()), table.name());
  }

  /** The first part of a name of three is not a catalogue of this workspace. */
  private static RuntimeException noCatalog(String[] namespace) {
    String text = "[NO_SUCH_CATALOG_EXCEPTION] Catalog '" + (namespace.length > 0 ? namespace[0] : "")
        + "' was not found. Please verify the catalog name and then retry the query or command again. "
        + "SQLSTATE: 42704";
    return new IllegalArgumentException(text);
  }

  private boolean isInformation(String[] namespace) {
    return namespace.length == 1 && namespace[0].equalsIgnoreCase(INFORMATION);
  }

  private NoSuchTableException missing(Identifier table) {
    List<String> parts = new ArrayList<>(List.of(name));
    parts.addAll(List.of(table.namespace()));
    parts.add(table.name());
    return new NoSuchTableException(scala.jdk.javaapi.CollectionConverters.asScala(parts).toSeq());
  }

  private NoSuchNamespaceException missing(String[] namespace) {
    String[] parts = new String[namespace.length + 1];
    parts[0] = name;
    System.arraycopy(namespace, 0, parts, 1, namespace.length);
    return new NoSuchNamespaceException(parts);
  }

  @Override
  public void initialize(String catalog, CaseInsensitiveStringMap options) {
    name = catalog;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String[] defaultNamespace() {
    return new String[] {"default"};
  }

  @Override
  public Set<TableCatalogCapability> capabilities() {
    return EnumSet.of(
        TableCatalogCapability.SUPPORT_COLUMN_DEFAULT_VALUE,
        TableCatalogCapability.SUPPORTS_CREATE_TABLE_WITH_GENERATED_COLUMNS,
        TableCatalogCapability.SUPPORTS_CREATE_TABLE_WITH_IDENTITY_COLUMNS);
  }

  // Tables

  @Override
  public Identifier[] listTables(String[] namespace) throws NoSuchNamespaceException {
    if (namespace.length == 0) {
      return new Identifier[0];
    }
    if (isInformation(namespace)) {
      return InformationSchema.list(namespace);
    }
    Identifier[] found;
    try {
      found = tables().listTables(in(namespace));
    } catch (NoSuchNamespaceException e) {
      throw missing(namespace);
    }
    return Arrays.stream(found)
        .filter(table -> table.namespace().length > 0) // a session's temporary view has none
        .map(table -> Identifier.of(namespace, table.name()))
        .toArray(Identifier[]::new);
  }

  @Override
  public Table loadTable(Identifier table) throws NoSuchTableException {
    if (isInformation(table.namespace())) {
      return InformationSchema.load(name, table);
    }
    if (table.namespace().length != 1) {
      throw new NoSuchTableException(table);
    }
    try {
      return tables().loadTable(in(table));
    } catch (NoSuchTableException e) {
      throw missing(table);
    }
  }

  @Override
  public Table loadTable(Identifier table, Set<TableWritePrivilege> privileges)
      throws NoSuchTableException {
    try {
      return tables().loadTable(in(table), privileges);
    } catch (NoSuchTableException e) {
      throw missing(table);
    }
  }

  @Override
  public Table loadTable(Identifier table, String version) throws NoSuchTableException {
    return tables().loadTable(in(table), version);
  }

  @Override
  public Table loadTable(Identifier table, long timestamp) throws NoSuchTableException {
    return tables().loadTable(in(table), timestamp);
  }

  @Override
  public void invalidateTable(Identifier table) {
    if (!isInformation(table.namespace())) {
      tables().invalidateTable(in(table));
    }
  }

  @Override
  public Table createTable(
      Identifier table, StructType schema, Transform[] partitions, Map<String, String> properties) {
    throw new UnsupportedOperationException("a table is created from columns");
  }

  @Override
  public Table createTable(
      Identifier table, Column[] columns, Transform[] partitions, Map<String, String> properties)
      throws org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException,
          NoSuchNamespaceException {
    return tables().createTable(in(table), delta(columns), partitions, provided(properties));
  }

  @Override
  public StagedTable stageCreate(
      Identifier table, Column[] columns, Transform[] partitions, Map<String, String> properties)
      throws org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException,
          NoSuchNamespaceException {
    return tables().stageCreate(in(table), struct(columns), partitions, provided(properties));
  }

  @Override
  public StagedTable stageReplace(
      Identifier table, Column[] columns, Transform[] partitions, Map<String, String> properties)
      throws NoSuchNamespaceException, NoSuchTableException {
    return tables().stageReplace(in(table), struct(columns), partitions, provided(properties));
  }

  @Override
  public StagedTable stageCreateOrReplace(
      Identifier table, Column[] columns, Transform[] partitions, Map<String, String> properties)
      throws NoSuchNamespaceException {
    return tables()
        .stageCreateOrReplace(in(table), struct(columns), partitions, provided(properties));
  }

  @Override
  public Table alterTable(Identifier table, TableChange... changes) throws NoSuchTableException {
    return tables().alterTable(in(table), changes);
  }

  @Override
  public boolean dropTable(Identifier table) {
    return tables().dropTable(in(table));
  }

  @Override
  public void renameTable(Identifier from, Identifier to)
      throws NoSuchTableException,
          org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException {
    tables().renameTable(in(from), in(to));
  }

  private static StructType struct(Column[] columns) {
    return CatalogV2Util.v2ColumnsToStructType(delta(columns));
  }

  /** Delta reads what is generated from a column's metadata; Spark's parser gives it as a property of the column. */
  private static Column[] delta(Column[] columns) {
    Column[] out = columns.clone();
    for (int i = 0; i < out.length; i++) {
      Column c = out[i];
      String metadata = null;
      if (c.generationExpression() != null) {
        metadata = Json.object("delta.generationExpression", c.generationExpression());
      } else if (c.identityColumnSpec() != null) {
        IdentityColumnSpec identity = c.identityColumnSpec();
        metadata =
            Json.object(
                "delta.identity.start", identity.getStart(),
                "delta.identity.step", identity.getStep(),
                "delta.identity.allowExplicitInsert", identity.isAllowExplicitInsert());
      }
      if (metadata != null) {
        out[i] = Column.create(c.name(), c.dataType(), c.nullable(), c.comment(), metadata);
      }
    }
    return out;
  }

  private static Map<String, String> provided(Map<String, String> properties) {
    if (properties.containsKey(TableCatalog.PROP_PROVIDER)) {
      return properties;
    }
    Map<String, String> with = new HashMap<>(properties);
    with.put(TableCatalog.PROP_PROVIDER, "delta");
    return with;
  }

  // Schemas

  @Override
  public String[][] listNamespaces() throws NoSuchNamespaceException {
    List<String[]> found = new ArrayList<>();
    String prefix = name.toLowerCase(java.util.Locale.ROOT) + SEPARATOR;
    for (String[] schema : schemas().listNamespaces()) {
      if (schema[0].startsWith(prefix)) {
        found.add(new String[] {schema[0].substring(prefix.length())});
      }
    }
    found.add(new String[] {INFORMATION});
    found.sort((a, b) -> a[0].compareTo(b[0]));
    return found.toArray(new String[0][]);
  }

  @Override
  public String[][] listNamespaces(String[] namespace) throws NoSuchNamespaceException {
    return namespace.length == 0 ? listNamespaces() : new String[0][];
  }

  @Override
  public boolean namespaceExists(String[] namespace) {
    return isInformation(namespace)
        || namespace.length == 1 && schemas().namespaceExists(in(namespace));
  }

  @Override
  public Map<String, String> loadNamespaceMetadata(String[] namespace)
      throws NoSuchNamespaceException {
    if (isInformation(namespace)) {
      return Map.of();
    }
    try {
      return schemas().loadNamespaceMetadata(in(namespace));
    } catch (NoSuchNamespaceException e) {
      throw missing(namespace);
    }
  }

  @Override
  public void createNamespace(String[] namespace, Map<String, String> metadata)
      throws org.apache.spark.sql.catalyst.analysis.NamespaceAlreadyExistsException {
    if (namespaceExists(namespace)) {
      throw new org.apache.spark.sql.catalyst.analysis.NamespaceAlreadyExistsException(namespace);
    }
    schemas().createNamespace(in(namespace), metadata);
  }

  @Override
  public void alterNamespace(String[] namespace, NamespaceChange... changes)
      throws NoSuchNamespaceException {
    schemas().alterNamespace(in(namespace), changes);
  }

  @Override
  public boolean dropNamespace(String[] namespace, boolean cascade)
      throws NoSuchNamespaceException,
          org.apache.spark.sql.catalyst.analysis.NonEmptyNamespaceException {
    return schemas().dropNamespace(in(namespace), cascade);
  }
}
