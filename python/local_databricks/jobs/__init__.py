"""Jobs 2.2: settings, runs, the task graph and its references."""
