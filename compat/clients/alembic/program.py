"""Alembic over SQLAlchemy: revisions up and down, autogenerate that finds no difference, reflection."""

import datetime
import decimal
import os
import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, step  # noqa: E402

import sqlalchemy as sa  # noqa: E402
from alembic import command  # noqa: E402
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.migration import MigrationContext  # noqa: E402
from alembic.operations import Operations  # noqa: E402
from sqlalchemy.dialects import postgresql as pg  # noqa: E402
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload  # noqa: E402

URL = f"postgresql+psycopg://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"
engine = sa.create_engine(URL)


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )


class User(Base):
    __tablename__ = "user"
    __table_args__ = (
        sa.CheckConstraint("age >= 0", name="age"),
        sa.Index("ix_lower_name", sa.text("lower(name)"), unique=True),
        sa.Index("ix_data", "data", postgresql_using="gin"),
        sa.Index("ix_partial", "age", postgresql_where=sa.text("age > 18")),
        {"comment": "who may log in"},
    )
    id: Mapped[int] = mapped_column(sa.Identity(start=10), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50), comment="as shown")
    age: Mapped[int | None]
    mood: Mapped[str | None] = mapped_column(sa.Enum("sad", "ok", name="mood"))
    data: Mapped[dict | None] = mapped_column(pg.JSONB)
    tags: Mapped[list[str] | None] = mapped_column(pg.ARRAY(sa.Text))
    key: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    price: Mapped[decimal.Decimal | None] = mapped_column(sa.Numeric(10, 2))
    made: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    twice: Mapped[int | None] = mapped_column(sa.Integer, sa.Computed("age * 2", persisted=True))
    span: Mapped[object | None] = mapped_column(pg.INT4RANGE)
    posts: Mapped[list["Post"]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Post(Base):
    __tablename__ = "post"
    __table_args__ = (sa.UniqueConstraint("user_id", "title"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"))
    title: Mapped[str]
    user: Mapped[User] = relationship(back_populates="posts")


def differences():
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


@step("create all")
def _():
    Base.metadata.create_all(engine)


@step("autogenerate finds no difference")
def _():
    assert differences() == [], differences()


@step("autogenerate finds what is missing")
def _():
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table post add column extra int")
        connection.exec_driver_sql('alter table "user" drop constraint ck_user_age, alter name type varchar(60)')
        connection.exec_driver_sql("drop index ix_partial")
    found = sorted(d[0] if isinstance(d, tuple) else d[0][0] for d in differences())
    assert found == ["add_index", "modify_type", "remove_column"], found
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        code = render_python_code(produce_migrations(context, Base.metadata).upgrade_ops)
        assert "op.drop_column('post', 'extra')" in code, code


@step("operations repair it")
def _():
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        op.drop_column("post", "extra")
        op.alter_column("user", "name", type_=sa.String(50), existing_type=sa.String(60))
        op.create_index("ix_partial", "user", ["age"], postgresql_where=sa.text("age > 18"))
        op.create_check_constraint("age", "user", "age >= 0")
    assert differences() == [], differences()


@step("orm")
def _():
    with Session(engine) as session:
        ann = User(name="Ann", age=30, mood="ok", data={"k": [1, None]}, tags=["a", "b"], price=decimal.Decimal("9.50"))
        ann.posts = [Post(title="one"), Post(title="two")]
        session.add_all([ann, User(name="Bob")])
        session.commit()
        assert ann.id == 10 and ann.twice == 60 and isinstance(ann.key, uuid.UUID)
        found = session.scalars(sa.select(User).options(selectinload(User.posts)).order_by(User.id)).all()
        assert [len(user.posts) for user in found] == [2, 0]
        assert session.scalar(sa.select(sa.func.count()).where(User.data["k"][0].as_integer() == 1)) == 1
        assert session.scalars(sa.select(User.name).where(User.tags.contains(["b"]))).all() == ["Ann"]


@step("upsert and returning")
def _():
    with engine.begin() as connection:
        insert = pg.insert(Post).values(user_id=10, title="one")
        rows = connection.execute(
            insert.on_conflict_do_update(index_elements=["user_id", "title"], set_={"title": insert.excluded.title}).returning(Post.id)
        ).all()
        assert rows == [(1,)], rows


@step("errors")
def _():
    with Session(engine) as session:
        session.add(User(name="ANN"))
        try:
            session.commit()
        except sa.exc.IntegrityError as error:
            assert error.orig.sqlstate == "23505"
            assert error.orig.diag.constraint_name == "ix_lower_name"
        else:
            raise AssertionError("no error")


@step("reflection")
def _():
    inspector = sa.inspect(engine)
    assert sorted(inspector.get_table_names()) == ["post", "user"]
    assert inspector.get_table_comment("user") == {"text": "who may log in"}
    columns = {column["name"]: column for column in inspector.get_columns("user")}
    assert columns["id"]["identity"]["start"] == 10
    assert columns["twice"]["computed"] == {"sqltext": "(age * 2)", "persisted": True}, columns["twice"]
    assert columns["name"]["comment"] == "as shown"
    assert [key["options"] for key in inspector.get_foreign_keys("post")] == [
        {"ondelete": "CASCADE", "deferrable": True, "initially": "DEFERRED"}
    ]
    indexes = {index["name"]: index for index in inspector.get_indexes("user")}
    assert indexes["ix_lower_name"]["expressions"] == ["lower(name::text)"], indexes["ix_lower_name"]
    assert indexes["ix_partial"]["dialect_options"]["postgresql_where"] == "(age > 18)"
    assert indexes["ix_data"]["dialect_options"]["postgresql_using"] == "gin"
    assert inspector.get_enums() == [{"name": "mood", "schema": "public", "visible": True, "labels": ["sad", "ok"]}]
    assert inspector.get_check_constraints("user")[0]["sqltext"] == "age >= 0"
    reflected = sa.MetaData()
    reflected.reflect(engine)
    assert set(reflected.tables) == {"user", "post"}


REVISION = '''
revision = "{name}"
down_revision = {down!r}

import sqlalchemy as sa
from alembic import op


def upgrade():
    {up}


def downgrade():
    {back}
'''


@step("revisions up and down")
def _():
    with tempfile.TemporaryDirectory() as place:
        config = Config(f"{place}/alembic.ini", stdout=open(os.devnull, "w"))
        config.set_main_option("script_location", f"{place}/scripts")
        config.set_main_option("sqlalchemy.url", URL)
        command.init(config, f"{place}/scripts")
        env = Path(place, "scripts", "env.py")
        env.write_text(
            "from alembic import context\nimport sqlalchemy as sa\n"
            f"with sa.create_engine({URL!r}).connect() as c:\n"
            "    context.configure(connection=c, target_metadata=None)\n"
            "    with context.begin_transaction():\n        context.run_migrations()\n    c.commit()\n"
        )
        versions = Path(place, "scripts", "versions")
        (versions / "a.py").write_text(REVISION.format(
            name="a", down=None, back="op.drop_table('moved')",
            up="op.create_table('moved', sa.Column('id', sa.BigInteger, primary_key=True), sa.Column('n', sa.Integer, nullable=False, server_default='1'))",
        ))
        (versions / "b.py").write_text(REVISION.format(
            name="b", down="a", up="op.alter_column('moved', 'n', new_column_name='m', nullable=True, server_default=None)",
            back="op.alter_column('moved', 'm', new_column_name='n', nullable=False, server_default='1')",
        ))
        command.upgrade(config, "head")
        assert [c["name"] for c in sa.inspect(engine).get_columns("moved")] == ["id", "m"]
        command.downgrade(config, "a")
        assert [c["name"] for c in sa.inspect(engine).get_columns("moved")] == ["id", "n"]
        command.downgrade(config, "base")
        assert "moved" not in sa.inspect(engine).get_table_names()


@step("two-phase")
def _():
    with Session(engine, twophase=True) as session:
        session.add(User(name="Prepared"))
        session.commit()
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from \"user\" where name = 'Prepared'")) == 1


@step("server side cursor")
def _():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as connection:
        result = connection.execute(sa.text("select n from generate_series(1, 1000) n"))
        assert sum(row.n for row in result) == 500500


@step("drop all")
def _():
    Base.metadata.drop_all(engine)
    assert sa.inspect(engine).get_enums() == []


finish()
