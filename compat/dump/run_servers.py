"""PostgreSQL as it compares with zserver where locales show: with that which zserver has."""

from servers import Postgres, as_postgres, give_to_postgres, pg_bin


class Plain(Postgres):
    """PostgreSQL with the locale that zserver has."""

    def init(self):
        self.data.mkdir(parents=True)
        give_to_postgres(self.data)
        as_postgres([pg_bin() / "initdb", "-D", self.data, "-U", "postgres", "-N", "-A", "trust", "-E", "UTF8", "--locale=C"])
