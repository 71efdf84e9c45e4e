package bldr;

import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.Table;

/** A catalogue's information_schema. */
final class InformationSchema {
  private InformationSchema() {}

  static Identifier[] list(String[] namespace) {
    return new Identifier[0];
  }

  static Table load(String catalog, Identifier table) throws NoSuchTableException {
    throw new NoSuchTableException(table);
  }
}
