package bldr;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.catalyst.catalog.CatalogDatabase;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogWithListener;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.connect.service.SparkConnectService;
import org.apache.spark.sql.connect.service.SparkConnectService$;
import scala.collection.immutable.Map$;

/**
 * The Connect server of one workspace folder; its settings are the system properties spark.*.
 *
 * It prints `bldr-ready PORT` when it serves, and ends when its standard input does: whoever started it holds the
 * other end, so no server outlives the one it works for, however that one ends.
 */
public final class Server {
  private Server() {}

  public static void main(String[] arguments) {
    try {
      serve();
    } catch (Throwable e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static void serve() throws Exception {
    Thread watch = new Thread(Server::untilParentEnds, "parent");
    watch.setDaemon(true);
    watch.start();
    SparkSession session =
        (SparkSession) org.apache.spark.sql.SparkSession.builder().getOrCreate();
    Path folder = Path.of(session.conf().get("spark.bldr.folder"));
    ExternalCatalogWithListener catalog = session.sharedState().externalCatalog();
    Journal journal = new Journal(folder.resolve("catalog"), catalog);
    journal.restore();
    catalog.addListener(journal);
    check(session);
    for (String name : Files.readAllLines(folder.resolve("catalogs"))) {
      defaultSchema(catalog, name, session.conf().get("spark.sql.warehouse.dir"));
    }
    SparkConnectService.start(session.sparkContext());
    System.out.println("bldr-ready " + SparkConnectService$.MODULE$.localPort());
    System.out.flush();
    SparkConnectService$.MODULE$.server().awaitTermination();
  }

  /** A missing extension is only a warning of Spark's. */
  private static void check(SparkSession session) {
    session.sessionState().catalogManager().catalog("spark_catalog");
    if (!(session.sessionState().sqlParser() instanceof Ext.Parser)) {
      throw new IllegalStateException("the extension " + Ext.class.getName() + " is not in place");
    }
  }

  private static void defaultSchema(
      ExternalCatalogWithListener catalog, String name, String warehouse) {
    String schema = MapCatalog.mapped(name, "default");
    if (!catalog.databaseExists(schema)) {
      URI location = URI.create(warehouse + "/" + schema + ".db");
      catalog.createDatabase(new CatalogDatabase(schema, "", location, Map$.MODULE$.empty()), true);
    }
  }

  private static void untilParentEnds() {
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
      while (in.readLine() != null) {
        // nothing is said on this pipe but its end
      }
    } catch (IOException e) {
      // a broken pipe is an end too
    }
    if (Boolean.getBoolean("bldr.orderly")) {
      System.exit(0); // writes the AppCDS archive
    }
    Runtime.getRuntime().halt(0);
  }
}
