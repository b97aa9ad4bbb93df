"""A PostgreSQL server of the tests' own, in a temporary folder, that listens to a socket there."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from uplapp.study.store import postgres


class Server:
    """A running server. Its user is `uplapp`, whose database `empty` has the tables of studies."""

    dialect, errors = postgres, psycopg.errors

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self.programs, self.folder, self.user, self.made = programs, folder, user, 0
        self.run("initdb", "--no-sync", "--auth=trust", "--locale=C", "--encoding=UTF8", "--username=uplapp")
        self.start()
        self.create("empty")
        postgres.connect(self.address("empty")).close()

    def run(self, program: str, *options: str) -> None:
        """Run one of the server's programs on its folder, as a user that it accepts."""
        command = [str(self.programs / program), f"--pgdata={self.folder / 'data'}", *options]
        done = subprocess.run(command, user=self.user, cwd="/", capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start, without the waits for the disk that only a power cut would need."""
        options = (
            f"-k {self.folder} -c listen_addresses= -c fsync=off -c autovacuum=off -c max_connections=40"
        )
        self.run("pg_ctl", "--wait", f"--log={self.folder / 'log'}", f"--options={options}", "start")

    def stop(self) -> None:
        """End at once, as at a crash."""
        self.run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def address(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://uplapp:secret@/{name}?host={self.folder}"

    def create(self, name: str) -> None:
        self.tell(self.address("postgres"), f"CREATE DATABASE {name}")

    def cut(self, address: str) -> None:
        """End all connections to a database, as a restart of the server does."""
        query = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid != pg_backend_pid()"""
        self.tell(address, query)

    def flush(self, address: str) -> None:
        """Write to the files what the tables hold."""
        self.tell(address, "CHECKPOINT")

    def files(self) -> list[bytes]:
        """The content of the files of tables, indices and statistics, of every database."""
        return [path.read_bytes() for path in (self.folder / "data" / "base").rglob("*") if path.is_file()]

    def tell(self, address: str, statement: str) -> None:
        with closing(psycopg.connect(address, autocommit=True)) as connection:
            connection.execute(statement)

    def cleared(self) -> str:
        """The address of the database with the tables, emptied: much quicker than another database."""
        self.tell(self.address("empty"), f"TRUNCATE {', '.join(postgres._tables())}, _erased")
        return self.address("empty")

    def new(self) -> str:
        """The address of a new database without a table."""
        self.made += 1
        self.create(f"test{self.made}")
        return self.address(f"test{self.made}")


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server as long as the block does. The test is skipped, or fails under UPLAPP_REQUIRE_POSTGRES."""
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if found is None:
        report = pytest.fail if os.environ.get("UPLAPP_REQUIRE_POSTGRES") else pytest.skip
        report("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short, as the path of a socket must be
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        server = Server(Path(found).parent, folder, user)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
