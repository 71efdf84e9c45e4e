package bldr;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.apache.spark.sql.classic.SparkSession;

/**
 * The catalogues of the workspace as the registry wrote them (`folder/catalogs`, a name per line), told to each session
 * when it changed: a catalogue made at run time is there for every session's next statement.
 */
final class Catalogs {
  private final SparkSession session;
  private final Path file;
  private FileTime read;
  private List<String> told = List.of();

  Catalogs(SparkSession session) {
    this.session = session;
    file = Path.of(session.sparkContext().conf().get("spark.bldr.folder"), "catalogs");
  }

  synchronized void tell() {
    try {
      FileTime now = Files.getLastModifiedTime(file);
      if (now.equals(read)) {
        return;
      }
      List<String> names = Files.readAllLines(file);
      for (String name : told) {
        if (!names.contains(name)) {
          session.sessionState().conf().unsetConf("spark.sql.catalog." + name);
        }
      }
      for (String name : names) {
        session.sessionState().conf().setConfString("spark.sql.catalog." + name, MapCatalog.class.getName());
      }
      told = names;
      read = now;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
