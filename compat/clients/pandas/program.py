"""pandas over SQLAlchemy and over ADBC (COPY in binary, Arrow): frames written and read."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, step  # noqa: E402

import adbc_driver_postgresql.dbapi as adbc  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
import sqlalchemy as sa  # noqa: E402

PLACE = f"{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"
engine = sa.create_engine(f"postgresql+psycopg2://{PLACE}")
frame = pd.DataFrame(
    {
        "n": pd.array([1, 2, None], dtype="Int64"),
        "x": [0.5, float("nan"), 2.25],
        "s": ["a", None, "ü'\"\\"],
        "d": pd.to_datetime(["2020-02-29", None, "1999-12-31 23:59:59.123456"], format="ISO8601"),
        "z": pd.to_datetime(["2020-01-01 12:00", "2021-01-01", None], utc=True, format="ISO8601"),
        "b": pd.array([True, False, None], dtype="boolean"),
    }
)


@step("to_sql and read_sql_table")
def _():
    assert frame.to_sql("frame", engine, index=True, index_label="i", if_exists="replace", method="multi") == 3
    back = pd.read_sql_table("frame", engine, index_col="i")
    assert list(back.columns) == list("nxsdzb")
    assert back["s"].tolist() == ["a", None, "ü'\"\\"]
    assert back["d"].isna().tolist() == [False, True, False]
    assert str(back["z"].dtype) == "datetime64[ns, UTC]"


@step("append and replace")
def _():
    frame.to_sql("frame", engine, index=True, index_label="i", if_exists="append")
    assert pd.read_sql("select count(*) as c from frame", engine)["c"][0] == 6
    try:
        frame.to_sql("frame", engine, if_exists="fail")
    except ValueError:
        return
    raise AssertionError("no error")


@step("read_sql with parameters, in chunks")
def _():
    query = sa.text("select g, g * 2 as h from generate_series(1, :top) g")
    chunks = list(pd.read_sql(query, engine, params={"top": 2500}, chunksize=1000))
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]
    assert chunks[2]["h"].iloc[-1] == 5000


@step("pivot from a query")
def _():
    data = pd.read_sql(sa.text("select g % 3 as k, g % 2 as m, sum(g)::float8 as s from generate_series(1, 100) g group by 1, 2"), engine)
    assert data.pivot(index="k", columns="m", values="s").to_numpy().sum() == 5050


@step("ADBC reads Arrow")
def _():
    with adbc.connect(f"postgresql://{PLACE}") as connection, connection.cursor() as cursor:
        cursor.execute("select g::int4 as i, g::int8 as l, g / 4.0::float8 as f, 't' || g as t, g % 2 = 0 as b, date '2020-01-01' + g as d from generate_series(1, 1000) g")
        table = cursor.fetch_arrow_table()
        assert table.num_rows == 1000
        assert [str(t) for t in table.schema.types] == ["int32", "int64", "double", "string", "bool", "date32[day]"], table.schema
        assert table.column("t")[999].as_py() == "t1000"


@step("ADBC ingests Arrow")
def _():
    table = pa.table({"id": pa.array(range(10000), pa.int64()), "name": [f"n{n}" for n in range(10000)], "score": pa.array([n / 8 for n in range(10000)])})
    with adbc.connect(f"postgresql://{PLACE}") as connection:
        with connection.cursor() as cursor:
            assert cursor.adbc_ingest("ingested", table, mode="create") == 10000
        connection.commit()
    assert pd.read_sql("select sum(id)::bigint as s, max(score) as m from ingested", engine).iloc[0].tolist() == [49995000, 9999 / 8]


@step("ADBC catalog")
def _():
    with adbc.connect(f"postgresql://{PLACE}") as connection:
        objects = connection.adbc_get_objects(depth="all", table_name_filter="ingested").read_all().to_pylist()
        tables = [t for catalog in objects for schema in catalog["catalog_db_schemas"] or [] for t in schema["db_schema_tables"] or []]
        assert [c["column_name"] for c in tables[0]["table_columns"]] == ["id", "name", "score"]
        assert connection.adbc_get_table_schema("ingested").names == ["id", "name", "score"]


finish()
