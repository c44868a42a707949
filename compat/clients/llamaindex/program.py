"""LlamaIndex over PGVectorStore as its users use it; prints what it answers, for comparison."""

import asyncio
import os
import traceback

import psycopg2
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import (
    FilterCondition, FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery,
)
from llama_index.vector_stores.postgres import PGVectorStore

SIZE = 24


def embed(text):
    # A little of every letter, and where one stands: no two texts are equally near.
    counts = [0.1 + letter / 1_000 for letter in range(SIZE)]
    for place, letter in enumerate(text.lower()):
        if letter.isalpha():
            counts[(ord(letter) - ord("a")) % SIZE] += 1.0 + place / 97
    length = sum(count * count for count in counts) ** 0.5 or 1.0
    return [count / length for count in counts]


class Letters(BaseEmbedding):
    def _get_query_embedding(self, query):
        return embed(query)

    def _get_text_embedding(self, text):
        return embed(text)

    async def _aget_query_embedding(self, query):
        return embed(query)


def step(name):
    def run(work):
        print(f"== {name}")
        try:
            result = work()
            if asyncio.iscoroutine(result):
                asyncio.run(result)
        except Exception as error:
            text = " ".join(str(error).split())
            print(f"{type(error).__name__}: {text[:300]}")
            traceback.print_exc()

    return run


NAMES = ["otter", "beaver", "heron", "kingfisher", "trout", "salmon", "pike", "newt", "frog", "toad", "dragonfly", "swan"]
KINDS = {"otter": "mammal", "beaver": "mammal", "heron": "bird", "kingfisher": "bird", "swan": "bird"}


def nodes():
    return [
        TextNode(
            text=f"{name} by the river", id_=f"node-{n}", embedding=embed(name),
            metadata={"kind": KINDS.get(name, "other"), "weight": n * 1.5, "tags": ["wet", "wild"][: n % 3], "note": None if n % 2 else "x"},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{n % 4}")},
        )
        for n, name in enumerate(NAMES)
    ]


def store(table, **options):
    return PGVectorStore.from_params(
        host="127.0.0.1", port=os.environ["PGPORT"], database=os.environ["PGDATABASE"], user="postgres", password="x",
        table_name=table, embed_dim=SIZE, **options,
    )


def show(result):
    for node, similarity, identifier in zip(result.nodes, result.similarities, result.ids):
        print(f"{identifier} {node.get_content()} {sorted(node.metadata.items(), key=str)} {similarity:.4f}")


def ask(text, k=4, **more):
    return VectorStoreQuery(query_embedding=embed(text), similarity_top_k=k, **more)


def only(*filters, condition="and"):
    return MetadataFilters(filters=list(filters), condition=FilterCondition(condition))


O = FilterOperator
FILTERS = {
    "equal": only(MetadataFilter(key="kind", value="bird")),
    "number": only(MetadataFilter(key="weight", value=4.5, operator=O.GTE)),
    "and": only(MetadataFilter(key="kind", value="other"), MetadataFilter(key="weight", value=9, operator=O.LT)),
    "or": only(MetadataFilter(key="kind", value="mammal"), MetadataFilter(key="weight", value=16.5), condition="or"),
    "in": only(MetadataFilter(key="kind", value=["bird", "mammal"], operator=O.IN)),
    "not in": only(MetadataFilter(key="kind", value=["bird", "mammal"], operator=O.NIN)),
    "contains": only(MetadataFilter(key="tags", value="wild", operator=O.CONTAINS)),
    "any": only(MetadataFilter(key="tags", value=["wild", "tame"], operator=O.ANY)),
    "all": only(MetadataFilter(key="tags", value=["wild", "wet"], operator=O.ALL)),
    "like": only(MetadataFilter(key="kind", value="amm", operator=O.TEXT_MATCH)),
    "ilike": only(MetadataFilter(key="kind", value="AMM", operator=O.TEXT_MATCH_INSENSITIVE)),
    "empty": only(MetadataFilter(key="note", value=None, operator=O.IS_EMPTY)),
    "nested": only(only(MetadataFilter(key="kind", value="bird"), MetadataFilter(key="kind", value="mammal"), condition="or"), MetadataFilter(key="weight", value=1, operator=O.GT)),
}
STORES = {
    "plain": {},
    "jsonb with hnsw": {"use_jsonb": True, "hnsw_kwargs": {"hnsw_m": 8, "hnsw_ef_construction": 32, "hnsw_ef_search": 100}},
    "halfvec with hnsw": {
        "use_halfvec": True,
        "hnsw_kwargs": {"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40, "hnsw_dist_method": "halfvec_cosine_ops"},
    },
    "keys indexed": {"use_jsonb": True, "indexed_metadata_keys": {("kind", "text"), ("weight", "float"), ("tags", "text[]")}},
}
for name, options in STORES.items():
    table = name.replace(" ", "_")

    @step(f"{name}: nodes and search")
    def _():
        made = store(table, **options)
        print(made.add(nodes()))
        show(made.query(ask("otter")))
        show(made.query(ask("swans", k=2)))
        globals()["made"] = made

    for what, filters in FILTERS.items():

        @step(f"{name}: filter {what}")
        def _():
            show(made.query(ask("river", k=3, filters=filters)))

    @step(f"{name}: nodes by id and filter, delete")
    def _():
        for node in sorted(made.get_nodes(node_ids=["node-1", "node-3"]), key=lambda node: node.node_id):
            print(node.node_id, node.get_content())
        made.delete("doc-1")
        made.delete_nodes(["node-0"])
        made.delete_nodes(filters=FILTERS["equal"])
        show(made.query(ask("otter", k=12)))

    @step(f"{name}: asynchronous")
    async def _():
        other = store(f"a_{table}", **options)
        print(await other.async_add(nodes()))
        show(await other.aquery(ask("pike", k=3, filters=FILTERS["number"])))
        await other.adelete("doc-2")
        show(await other.aquery(ask("heron", k=2)))
        await other.close()

    @step(f"{name}: clear")
    def _():
        made.clear()
        show(made.query(ask("otter")))


@step("an index over documents, and a retriever")
def _():
    context = StorageContext.from_defaults(vector_store=store("whole", hnsw_kwargs={"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40}))
    index = VectorStoreIndex(nodes(), storage_context=context, embed_model=Letters())
    for found in index.as_retriever(similarity_top_k=3).retrieve("kingfishers"):
        print(found.node.node_id, f"{found.score:.4f}", found.node.get_content())
    again = VectorStoreIndex.from_vector_store(store("whole"), embed_model=Letters())
    again.insert_nodes([TextNode(text="heron at dusk", id_="late")])
    for found in again.as_retriever(similarity_top_k=2).retrieve("heron at dusk"):
        print(found.node.node_id, f"{found.score:.4f}")


@step("more probes than there are lists, a custom query")
def _():
    def light(statement, table, **_):
        return statement.where(table.metadata_["kind"].astext == "bird")

    birds = store("whole", customize_query_fn=light)
    show(birds.query(ask("river", k=3), ivfflat_probes=4))


@step("another number of dimensions")
def _():
    wrong = store("wrong")
    wrong.add([TextNode(text="short", id_="short", embedding=[1.0, 2.0])])


@step("what is in the tables")
def _():
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename, indexdef FROM pg_indexes WHERE tablename LIKE 'data_%' ORDER BY 1, 2")
        for row in cursor:
            print(row)
        cursor.execute(
            "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attname = 'embedding' AND attrelid::regclass::text LIKE 'data_%' AND attnum > 0 ORDER BY 1"
        )
        for row in cursor:
            print(row)
