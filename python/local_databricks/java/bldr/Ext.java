package bldr;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.TableIdentifier;
import org.apache.spark.sql.catalyst.analysis.CurrentNamespace$;
import org.apache.spark.sql.catalyst.analysis.UnresolvedIdentifier;
import org.apache.spark.sql.catalyst.analysis.UnresolvedNamespace;
import org.apache.spark.sql.catalyst.analysis.UnresolvedView;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.catalyst.parser.ParserInterface;
import org.apache.spark.sql.catalyst.plans.logical.AlterViewAs;
import org.apache.spark.sql.catalyst.plans.logical.CreateView;
import org.apache.spark.sql.catalyst.plans.logical.DropView;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.SetViewProperties;
import org.apache.spark.sql.catalyst.plans.logical.ShowViews;
import org.apache.spark.sql.catalyst.plans.logical.UnsetViewProperties;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.connector.catalog.CatalogManager;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * Views of a mapped catalogue: only the session catalogue keeps views, so a statement about the view `main.s.v` is made
 * one about `spark_catalog.main__s.v` when it is parsed. Also what makes new catalogues known to sessions. It has to be
 * the last of the extensions, so that its parser is the outermost.
 */
public class Ext extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    extensions.injectParser((session, inner) -> new Parser((SparkSession) session, inner));
    extensions.injectHintResolutionRule(session -> new Known(new Catalogs((SparkSession) session)));
    return BoxedUnit.UNIT;
  }

  /** Changes no plan; it runs in front of name resolution, whatever interface the plan came through. */
  private static final class Known extends Rule<LogicalPlan> {
    private final Catalogs catalogs;

    Known(Catalogs catalogs) {
      this.catalogs = catalogs;
    }

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      catalogs.tell();
      return plan;
    }
  }

  static final class Parser implements ParserInterface {
    private final SparkSession session;
    private final ParserInterface inner;
    private final Catalogs catalogs;

    Parser(SparkSession session, ParserInterface inner) {
      this.session = session;
      this.inner = inner;
      catalogs = new Catalogs(session);
    }

    @Override
    public LogicalPlan parsePlan(String text) throws ParseException {
      catalogs.tell(); // a session's first statement may be about a view of a new catalogue
      LogicalPlan plan = inner.parsePlan(text);
      if (plan instanceof CreateView p && p.child() instanceof UnresolvedIdentifier view) {
        LogicalPlan named = new UnresolvedIdentifier(kept(view.nameParts()), view.allowTemp());
        return p.withNewChildrenInternal(named, p.query());
      } else if (plan instanceof DropView p && p.child() instanceof UnresolvedIdentifier view) {
        return p.withNewChildInternal(
            new UnresolvedIdentifier(kept(view.nameParts()), view.allowTemp()));
      } else if (plan instanceof AlterViewAs p && p.child() instanceof UnresolvedView view) {
        return p.withNewChildrenInternal(kept(view), p.query());
      } else if (plan instanceof SetViewProperties p && p.child() instanceof UnresolvedView view) {
        return p.withNewChildInternal(kept(view));
      } else if (plan instanceof UnsetViewProperties p && p.child() instanceof UnresolvedView view) {
        return p.withNewChildInternal(kept(view));
      } else if (plan instanceof ShowViews p) {
        return p.withNewChildInternal(schema(p.namespace()));
      }
      return plan;
    }

    private LogicalPlan kept(UnresolvedView view) {
      return new UnresolvedView(
          kept(view.multipartIdentifier()), view.commandName(), view.allowTemp(), view.suggestAlternative());
    }

    private CatalogManager manager() {
      return session.sessionState().catalogManager();
    }

    private boolean isMapped(String catalog) {
      return session.sessionState().conf()
          .getConfString("spark.sql.catalog." + catalog, "")
          .equals(MapCatalog.class.getName());
    }

    /** The name under which the session catalogue keeps this view; a temporary view keeps its own. */
    private Seq<String> kept(Seq<String> parts) {
      if (session.sessionState().catalog().isTempView(parts)) {
        return parts;
      }
      List<String> names = new ArrayList<>(CollectionConverters.asJava(parts));
      if (names.size() == 1) {
        names.addAll(0, List.of(manager().currentNamespace()));
      }
      if (names.size() == 2) {
        names.add(0, manager().currentCatalog().name());
      }
      if (names.size() != 3 || !isMapped(names.get(0))) {
        return parts;
      }
      return seq("spark_catalog", MapCatalog.mapped(names.get(0), names.get(1)), names.get(2));
    }

    private LogicalPlan schema(LogicalPlan namespace) {
      List<String> names = new ArrayList<>();
      if (namespace instanceof UnresolvedNamespace given) {
        names.addAll(CollectionConverters.asJava(given.multipartIdentifier()));
      } else if (namespace == CurrentNamespace$.MODULE$) {
        names.addAll(List.of(manager().currentNamespace()));
      }
      if (names.size() == 1) {
        names.add(0, manager().currentCatalog().name());
      }
      if (names.size() != 2 || !isMapped(names.get(0))) {
        return namespace;
      }
      return new UnresolvedNamespace(
          seq("spark_catalog", MapCatalog.mapped(names.get(0), names.get(1))), false);
    }

    private static Seq<String> seq(String... parts) {
      return CollectionConverters.asScala(List.of(parts)).toSeq();
    }

    @Override
    public Expression parseExpression(String text) throws ParseException {
      return inner.parseExpression(text);
    }

    @Override
    public TableIdentifier parseTableIdentifier(String text) throws ParseException {
      return inner.parseTableIdentifier(text);
    }

    @Override
    public FunctionIdentifier parseFunctionIdentifier(String text) throws ParseException {
      return inner.parseFunctionIdentifier(text);
    }

    @Override
    public Seq<String> parseMultipartIdentifier(String text) throws ParseException {
      return inner.parseMultipartIdentifier(text);
    }

    @Override
    public LogicalPlan parseQuery(String text) throws ParseException {
      return inner.parseQuery(text);
    }

    @Override
    public StructType parseRoutineParam(String text) throws ParseException {
      return inner.parseRoutineParam(text);
    }

    @Override
    public StructType parseTableSchema(String text) throws ParseException {
      return inner.parseTableSchema(text);
    }

    @Override
    public DataType parseDataType(String text) throws ParseException {
      return inner.parseDataType(text);
    }
  }
}
