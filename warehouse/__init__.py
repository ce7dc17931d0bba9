"""The warehouse: settings, services, migrations, command line, builds and reading."""
