package bldr;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.catalyst.catalog.CatalogTable;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalog;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableCatalog;
import org.apache.spark.sql.connector.read.LocalScan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.unsafe.types.UTF8String;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.OptionConverters;

/**
 * A catalogue's information_schema. What Spark knows (schemata, tables, views, columns) is read from its catalogue and
 * from Delta; what the registry keeps (keys, tags, grants, volumes) from `folder/information.json`, which the registry
 * writes whole at each change. Both are read when the query runs.
 */
final class InformationSchema {
  private static final Map<String, String> OWN = new TreeMap<>(Map.of(
      "schemata",
      "catalog_name string, schema_name string, schema_owner string, comment string",
      "tables",
      "table_catalog string, table_schema string, table_name string, table_type string, "
          + "is_insertable_into string, commit_action string, table_owner string, comment string, "
          + "created timestamp, created_by string, data_source_format string, storage_path string",
      "views",
      "table_catalog string, table_schema string, table_name string, view_definition string, "
          + "check_option string, is_updatable string, is_insertable_into string",
      "columns",
      "table_catalog string, table_schema string, table_name string, column_name string, "
          + "ordinal_position int, column_default string, is_nullable string, full_data_type string, "
          + "data_type string, numeric_precision int, numeric_scale int, comment string"));

  private final String catalog;
  private final JsonNode registry;
  private final List<InternalRow> rows = new ArrayList<>();

  private InformationSchema(String catalog) {
    this.catalog = catalog;
    registry = registry();
  }

  static Identifier[] list(String[] namespace) {
    List<Identifier> found = new ArrayList<>();
    OWN.keySet().forEach(name -> found.add(Identifier.of(namespace, name)));
    registry().path("relations").fieldNames()
        .forEachRemaining(name -> found.add(Identifier.of(namespace, name)));
    return found.toArray(new Identifier[0]);
  }

  static Table load(String catalog, Identifier table) throws NoSuchTableException {
    String name = table.name().toLowerCase(Locale.ROOT);
    String columns = OWN.get(name);
    if (columns == null) {
      JsonNode relation = registry().path("relations").path(name);
      if (relation.isMissingNode()) {
        throw new NoSuchTableException(table);
      }
      columns = relation.path("columns").asText();
    }
    return new Relation(catalog, name, StructType.fromDDL(columns));
  }

  private static JsonNode registry() {
    String folder = SparkSession.active().sparkContext().conf().get("spark.bldr.folder");
    File file = Path.of(folder, "information.json").toFile();
    try {
      return file.exists() ? Json.MAPPER.readTree(file) : Json.MAPPER.createObjectNode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InternalRow[] read(String catalog, String relation, StructType columns) {
    InformationSchema of = new InformationSchema(catalog);
    if (OWN.containsKey(relation)) {
      of.own(relation);
    } else {
      of.kept(relation, columns);
    }
    return of.rows.toArray(new InternalRow[0]);
  }

  private void add(Object... cells) {
    Object[] row = new Object[cells.length];
    for (int i = 0; i < cells.length; i++) {
      row[i] = cells[i] instanceof String text ? UTF8String.fromString(text) : cells[i];
    }
    rows.add(new GenericInternalRow(row));
  }

  private String owner(String id) {
    return registry.path("owners").path(id).asText(registry.path("admin").asText(null));
  }

  /** The registry's rows of this catalogue. A cell {"of": table id, "part": 0..2} is a part of that table's name. */
  private void kept(String relation, StructType columns) {
    for (JsonNode row : registry.path("relations").path(relation).path("rows")) {
      Object[] cells = new Object[columns.length()];
      boolean known = true;
      for (int i = 0; i < cells.length && known; i++) {
        JsonNode cell = row.path(i);
        if (cell.isObject()) {
          String[] name = Journal.name(cell.path("of").asText());
          known = name != null;
          cells[i] = known ? name[cell.path("part").asInt()] : null;
        } else if (cell.isInt()) {
          cells[i] = cell.asInt();
        } else {
          cells[i] = cell.isNull() ? null : cell.asText();
        }
      }
      if (known && catalog.equalsIgnoreCase((String) cells[0])) {
        add(cells);
      }
    }
  }

  private void own(String relation) {
    ExternalCatalog external = SparkSession.active().sharedState().externalCatalog();
    String prefix = catalog.toLowerCase(Locale.ROOT) + MapCatalog.SEPARATOR;
    for (String mapped : CollectionConverters.asJava(external.listDatabases(prefix + "*"))) {
      String schema = mapped.substring(prefix.length());
      if (relation.equals("schemata")) {
        String comment = external.getDatabase(mapped).description();
        add(catalog, schema, owner(Journal.schemaId(mapped)), comment);
        continue;
      }
      for (String table : CollectionConverters.asJava(external.listTables(mapped))) {
        table(relation, schema, external.getTable(mapped, table));
      }
    }
    if (relation.equals("schemata")) {
      add(catalog, MapCatalog.INFORMATION, owner(""), null);
    }
  }

  private void table(String relation, String schema, CatalogTable table) {
    String name = table.identifier().table();
    boolean view = table.tableType().name().equals("VIEW");
    if (relation.equals("tables")) {
      String id = Journal.tableId(table.database(), name);
      String format = view ? "UNKNOWN_DATA_SOURCE_FORMAT"
          : OptionConverters.toJava(table.provider()).orElse("").toUpperCase(Locale.ROOT);
      String path = OptionConverters.toJava(table.storage().locationUri()).map(Object::toString).orElse(null);
      add(catalog, schema, name, table.tableType().name(), view ? "NO" : "YES", "PRESERVE",
          owner(id), comment(table, view), table.createTime() * 1000, owner(id), format, path);
    } else if (relation.equals("views") && view) {
      add(catalog, schema, name, OptionConverters.toJava(table.viewText()).orElse(null), "NONE", "NO", "NO");
    } else if (relation.equals("columns")) {
      int position = 0;
      for (StructField field : (view ? table.schema() : loaded(table).schema()).fields()) {
        column(schema, name, ++position, field);
      }
    }
  }

  private void column(String schema, String table, int position, StructField field) {
    DataType type = field.dataType();
    Integer precision = type instanceof DecimalType decimal ? decimal.precision() : null;
    Integer scale = type instanceof DecimalType decimal ? decimal.scale() : null;
    String text = type.sql().toLowerCase(Locale.ROOT);
    String fallback = OptionConverters.toJava(field.getCurrentDefaultValue()).orElse(null);
    add(catalog, schema, table, field.name(), position, fallback, field.nullable() ? "YES" : "NO", text,
        unityName(type), precision, scale, OptionConverters.toJava(field.getComment()).orElse(null));
  }

  private static String unityName(DataType type) {
    String name = type.typeName().replaceAll("\\(.*", "").toUpperCase(Locale.ROOT);
    return switch (name) {
      case "INTEGER" -> "INT";
      default -> name;
    };
  }

  private static String comment(CatalogTable table, boolean view) {
    if (view) {
      return OptionConverters.toJava(table.comment()).orElse(null);
    }
    return loaded(table).properties().get(TableCatalog.PROP_COMMENT);
  }

  private static Table loaded(CatalogTable table) {
    try {
      Identifier name = Identifier.of(new String[] {table.database()}, table.identifier().table());
      return ((TableCatalog) MapCatalog.session()).loadTable(name);
    } catch (NoSuchTableException e) {
      throw new IllegalStateException(e); // dropped while it was read
    }
  }

  private record Relation(String catalog, String relation, StructType fields)
      implements Table, SupportsRead {
    @Override
    public String name() {
      return catalog + "." + MapCatalog.INFORMATION + "." + relation;
    }

    @Override
    @SuppressWarnings("deprecation")
    public StructType schema() {
      return fields;
    }

    @Override
    public org.apache.spark.sql.connector.catalog.Column[] columns() {
      return org.apache.spark.sql.connector.catalog.CatalogV2Util.structTypeToV2Columns(fields);
    }

    @Override
    public Set<TableCapability> capabilities() {
      return Set.of(TableCapability.BATCH_READ);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
      return () -> new Scan(this);
    }
  }

  private record Scan(Relation of) implements LocalScan {
    @Override
    public StructType readSchema() {
      return of.fields;
    }

    @Override
    public InternalRow[] rows() {
      return read(of.catalog, of.relation, of.fields);
    }
  }
}
