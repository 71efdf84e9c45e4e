"""`python -m local_databricks`: see command.py."""

from local_databricks.command import main

raise SystemExit(main())
