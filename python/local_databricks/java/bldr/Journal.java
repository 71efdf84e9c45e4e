package bldr;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.catalog.AlterDatabaseEvent;
import org.apache.spark.sql.catalyst.catalog.AlterTableEvent;
import org.apache.spark.sql.catalyst.catalog.CatalogDatabase;
import org.apache.spark.sql.catalyst.catalog.CatalogTable;
import org.apache.spark.sql.catalyst.catalog.CreateDatabaseEvent;
import org.apache.spark.sql.catalyst.catalog.CreateTableEvent;
import org.apache.spark.sql.catalyst.catalog.DropDatabaseEvent;
import org.apache.spark.sql.catalyst.catalog.DropTableEvent;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogEvent;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogEventListener;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogWithListener;
import org.apache.spark.sql.catalyst.catalog.RenameTableEvent;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.OptionConverters;

/**
 * Keeps Spark's in-memory catalogue on disk: one file per schema and per table or view, written before the statement
 * that changed it returns, each moved into place whole.
 *
 * `folder/<schema>/_schema` and `folder/<schema>/<table>.json`, where `schema` is the mapped name. A table's file
 * holds an `id` that stays with the table until it is dropped, what people and the registry read, and Spark's own
 * CatalogTable (Java serialization) that restore() hands back: managed stays managed, so DROP deletes the files.
 */
final class Journal implements ExternalCatalogEventListener {
  private static final String SCHEMA = "_schema"; // no table's file: it has no suffix
  // What is known of ids, for information_schema: id of a table -> {schema, table}, schema/table -> id, schema -> id.
  private static final Map<String, String[]> NAMES = new ConcurrentHashMap<>();
  private static final Map<String, String> IDS = new ConcurrentHashMap<>();
  private final Path folder;
  private final ExternalCatalogWithListener catalog;

  Journal(Path folder, ExternalCatalogWithListener catalog) {
    this.folder = folder;
    this.catalog = catalog;
  }

  /** The catalogue, schema and name of the table with an id; null when there is none. */
  static String[] name(String id) {
    String[] found = NAMES.get(id);
    if (found == null) {
      return null;
    }
    int at = found[0].indexOf(MapCatalog.SEPARATOR);
    return at < 0 ? null : new String[] {
      found[0].substring(0, at), found[0].substring(at + MapCatalog.SEPARATOR.length()), found[1]
    };
  }

  static String tableId(String schema, String table) {
    return IDS.getOrDefault(schema + "/" + table, "");
  }

  static String schemaId(String schema) {
    return IDS.getOrDefault(schema, "");
  }

  private static void know(String schema, String table, String id) {
    NAMES.put(id, new String[] {schema, table});
    IDS.put(schema + "/" + table, id);
  }

  private static void forget(String schema, String table) {
    String id = IDS.remove(schema + "/" + table);
    if (id != null) {
      NAMES.remove(id);
    }
  }

  /** Puts back what the folder holds; call it once, before the journal listens. */
  void restore() throws IOException {
    Files.createDirectories(folder);
    for (Path schema : entries(folder)) {
      Map<?, ?> read = Json.MAPPER.readValue(schema.resolve(SCHEMA).toFile(), Map.class);
      catalog.createDatabase((CatalogDatabase) thaw(read), true);
      IDS.put(schema.getFileName().toString(), (String) read.get("id"));
      for (Path file : entries(schema)) {
        if (!file.getFileName().toString().equals(SCHEMA)) {
          Map<?, ?> definition = Json.MAPPER.readValue(file.toFile(), Map.class);
          CatalogTable table = (CatalogTable) thaw(definition);
          catalog.createTable(table, true);
          know(table.database(), table.identifier().table(), (String) definition.get("id"));
        }
      }
    }
  }

  @Override
  public synchronized void onEvent(ExternalCatalogEvent event) {
    try {
      if (event instanceof CreateDatabaseEvent e) {
        writeSchema(e.database());
      } else if (event instanceof AlterDatabaseEvent e) {
        writeSchema(e.database());
      } else if (event instanceof DropDatabaseEvent e) {
        remove(folder.resolve(e.database()));
        IDS.remove(e.database());
        IDS.keySet().stream().filter(k -> k.startsWith(e.database() + "/")).toList()
            .forEach(k -> forget(e.database(), k.substring(e.database().length() + 1)));
      } else if (event instanceof CreateTableEvent e) {
        writeTable(e.database(), e.name(), UUID.randomUUID().toString());
      } else if (event instanceof AlterTableEvent e) {
        writeTable(e.database(), e.name(), id(e.database(), e.name()));
      } else if (event instanceof RenameTableEvent e) {
        String id = id(e.database(), e.name());
        forget(e.database(), e.name());
        writeTable(e.database(), e.newName(), id);
        Files.deleteIfExists(file(e.database(), e.name()));
      } else if (event instanceof DropTableEvent e) {
        Files.deleteIfExists(file(e.database(), e.name()));
        forget(e.database(), e.name());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the catalogue's journal could not be written", e);
    }
  }

  private Path file(String schema, String table) {
    return folder.resolve(schema).resolve(table + ".json");
  }

  private static String id(String schema, String table) {
    String known = tableId(schema, table);
    return known.isEmpty() ? UUID.randomUUID().toString() : known;
  }

  private void writeSchema(String name) throws IOException {
    CatalogDatabase schema = catalog.getDatabase(name);
    String id = IDS.computeIfAbsent(name, n -> UUID.randomUUID().toString());
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("id", id);
    out.put("comment", schema.description());
    out.put("location", schema.locationUri().toString());
    out.put("properties", CollectionConverters.asJava(schema.properties()));
    out.put("frozen", freeze(schema));
    write(folder.resolve(name).resolve(SCHEMA), out);
  }

  private void writeTable(String schema, String name, String id) throws IOException {
    CatalogTable table = catalog.getTable(schema, name);
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("id", id);
    out.put("type", table.tableType().name());
    out.put("provider", OptionConverters.toJava(table.provider()).orElse(null));
    out.put("location", OptionConverters.toJava(table.storage().locationUri()).map(URI::toString).orElse(null));
    out.put("comment", OptionConverters.toJava(table.comment()).orElse(null));
    out.put("created", table.createTime());
    out.put("view", OptionConverters.toJava(table.viewText()).orElse(null));
    out.put("schema", table.schema().json());
    out.put("properties", CollectionConverters.asJava(table.properties()));
    out.put("frozen", freeze(table));
    write(file(schema, name), out);
    know(schema, name, id);
  }

  private static void write(Path path, Object value) throws IOException {
    Files.createDirectories(path.getParent());
    Path fresh = path.resolveSibling("." + path.getFileName());
    Files.writeString(fresh, Json.text(value));
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> found = Files.list(folder)) {
      return found.filter(p -> !p.getFileName().toString().startsWith(".")).sorted().toList();
    }
  }

  private static void remove(Path schema) throws IOException {
    if (!Files.isDirectory(schema)) {
      return;
    }
    try (Stream<Path> found = Files.list(schema)) {
      for (Path file : found.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(schema);
  }

  private static String freeze(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static Object thaw(Map<?, ?> read) throws IOException {
    byte[] bytes = Base64.getDecoder().decode((String) read.get("frozen"));
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      return in.readObject();
    } catch (ClassNotFoundException e) {
      throw new IOException(e);
    }
  }
}
