"""LangChain's vector stores as its users use them; prints what they answer, for comparison."""

import asyncio
import os
import traceback
import uuid
import warnings

import psycopg
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_postgres import Column, PGEngine, PGVector, PGVectorStore, PostgresChatMessageHistory
from langchain_postgres.v2.indexes import DistanceStrategy, HNSWIndex, HNSWQueryOptions, IVFFlatIndex

warnings.simplefilter("ignore")
PLACE = f"postgres@127.0.0.1:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"
SYNC, ASYNC = f"postgresql+psycopg://{PLACE}", f"postgresql+asyncpg://{PLACE}"
SIZE = 24


class Words(Embeddings):
    """A vector of each word's letters, so that what is near is plain to see."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        counts = [0.0] * SIZE
        # Where a letter stands counts a little, so that no two texts are equally near.
        for place, letter in enumerate(text.lower()):
            if letter.isalpha():
                counts[(ord(letter) - ord("a")) % SIZE] += 1.0 + place / 97
        length = sum(count * count for count in counts) ** 0.5 or 1.0
        return [count / length for count in counts]


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


def show(found):
    for item in found:
        document, score = item if isinstance(item, tuple) else (item, None)
        shown = "" if score is None else f" {score:.4f}"
        print(f"{document.page_content} {sorted(document.metadata.items())}{shown}")


ANIMALS = ["otter", "beaver", "heron", "kingfisher", "trout", "salmon", "pike", "newt", "frog", "toad", "dragonfly", "swan"]
KINDS = {"otter": "mammal", "beaver": "mammal", "heron": "bird", "kingfisher": "bird", "swan": "bird"}
DOCUMENTS = [
    Document(
        page_content=f"{name} by the river",
        metadata={"id": n, "kind": KINDS.get(name, "other"), "weight": n * 1.5, "tags": ["a", "b"][: n % 3]},
    )
    for n, name in enumerate(ANIMALS)
]


@step("PGVector: collection from documents")
def _():
    global store
    store = PGVector(
        embeddings=Words(), collection_name="animals", connection=SYNC, use_jsonb=True, embedding_length=SIZE,
        collection_metadata={"what": "animals"},
    )
    ids = store.add_documents(DOCUMENTS, ids=[f"doc-{n}" for n in range(len(DOCUMENTS))])
    print(ids)


@step("PGVector: search, with scores, by vector")
def _():
    show(store.similarity_search("otter", k=4))
    show(store.similarity_search_with_score("heron", k=4))
    show(store.similarity_search_by_vector(Words().embed_query("pike"), k=2))
    show(store.similarity_search_with_relevance_scores("swan", k=3))


FILTERS = [
    {"kind": "bird"}, {"id": {"$in": [1, 5, 9]}}, {"id": {"$nin": [1, 5, 9]}}, {"weight": {"$gte": 9.0}},
    {"weight": {"$between": [3.0, 6.0]}}, {"kind": {"$like": "%mm%"}}, {"kind": {"$ilike": "BIRD"}},
    {"$and": [{"kind": "other"}, {"id": {"$lt": 7}}]}, {"$or": [{"id": 3}, {"id": {"$eq": 4}}]},
    {"$not": {"kind": "other"}}, {"missing": {"$exists": True}}, {"kind": {"$ne": "bird"}},
]
for condition in FILTERS:

    @step(f"PGVector: filter {condition}")
    def _():
        show(store.similarity_search_with_score("river", k=5, filter=condition))


@step("PGVector: a filter that is wrong")
def _():
    show(store.similarity_search("river", filter={"id": {"$what": 1}}))


@step("PGVector: maximal marginal relevance")
def _():
    show(store.max_marginal_relevance_search("otter heron", k=4, fetch_k=9, lambda_mult=0.3))
    show(store.max_marginal_relevance_search_with_score("toad", k=3, fetch_k=6))


@step("PGVector: retriever, ids, upsert, delete")
def _():
    show(store.as_retriever(search_kwargs={"k": 2}).invoke("frog"))
    show(store.get_by_ids(["doc-2", "doc-7"]))
    store.add_documents([Document(page_content="zebra on the plain", metadata={"id": 99})], ids=["doc-2"])
    show(store.get_by_ids(["doc-2"]))
    store.delete(["doc-7", "doc-8"])
    show(store.similarity_search("newt frog", k=3))


@step("PGVector: other distances, collections apart")
def _():
    for distance in ("l2", "inner", "cosine"):
        other = PGVector.from_texts(
            ["one", "two", "three"], Words(), collection_name=f"numbers {distance}", connection=SYNC, use_jsonb=True,
            metadatas=[{"n": n} for n in (1, 2, 3)], distance_strategy=distance, pre_delete_collection=True,
        )
        show(other.similarity_search_with_score("eight", k=3))
        other.delete_collection()


@step("PGVector: another number of dimensions")
def _():
    store.add_embeddings(["short"], [[1.0, 2.0]], ids=["short"])


@step("PGVector: asynchronous")
async def _():
    # Its statement that makes the extension is two in one, which asyncpg refuses.
    other = PGVector(
        embeddings=Words(), collection_name="async", connection=ASYNC, use_jsonb=True, async_mode=True,
        create_extension=False,
    )
    await other.aadd_documents(DOCUMENTS, ids=[f"a{n}" for n in range(len(DOCUMENTS))])
    show(await other.asimilarity_search_with_score("dragonfly", k=3, filter={"kind": "other"}))
    show(await other.amax_marginal_relevance_search("swan", k=2))
    await other.adelete(["a0"])
    show(await other.aget_by_ids(["a0", "a1"]))
    await other._async_engine.dispose()


@step("PGVector: what is in its tables")
def _():
    with psycopg.connect() as connection:
        for row in connection.execute(
            "SELECT column_name, data_type, udt_name, is_nullable FROM information_schema.columns "
            "WHERE table_name LIKE 'langchain_pg%' ORDER BY table_name, ordinal_position"
        ):
            print(row)
        for row in connection.execute("SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'langchain_pg%' ORDER BY 1"):
            print(row)
        for row in connection.execute("SELECT count(*), count(DISTINCT collection_id) FROM langchain_pg_embedding"):
            print(row)


async def vector_store(engine, table, **options):
    return await PGVectorStore.create(
        engine=engine, table_name=table, embedding_service=Words(), metadata_columns=["kind", "weight"],
        id_column="langchain_id", **options,
    )


@step("PGVectorStore: table, documents, search, index")
async def _():
    engine = PGEngine.from_connection_string(ASYNC)
    await engine.ainit_vectorstore_table(
        table_name="creatures", vector_size=SIZE, overwrite_existing=True,
        metadata_columns=[Column("kind", "TEXT"), Column("weight", "FLOAT")],
    )
    creatures = await vector_store(engine, "creatures")
    ids = [str(uuid.UUID(int=n)) for n in range(len(DOCUMENTS))]
    print(await creatures.aadd_documents(DOCUMENTS, ids=ids))
    show(await creatures.asimilarity_search_with_score("otter", k=4))
    for index, options in (
        (HNSWIndex(name="creatures_hnsw", m=8, ef_construction=32), HNSWQueryOptions(ef_search=100)),
        (IVFFlatIndex(name="creatures_ivf", lists=1), None),
        (HNSWIndex(name="creatures_l2", distance_strategy=DistanceStrategy.EUCLIDEAN), None),
        (HNSWIndex(name="creatures_birds", partial_indexes="kind = 'bird'"), None),
    ):
        await creatures.aapply_vector_index(index)
        print(index.name, await creatures.ais_valid_index(index.name))
        tuned = await vector_store(engine, "creatures", index_query_options=options, distance_strategy=index.distance_strategy)
        show(await tuned.asimilarity_search_with_score("heron", k=3))
        show(await tuned.asimilarity_search("heron", k=2, filter={"kind": "bird"}))
    await creatures.areindex("creatures_hnsw")
    for name in ("creatures_hnsw", "creatures_ivf", "creatures_l2", "creatures_birds"):
        await creatures.adrop_vector_index(name)
        print(name, await creatures.ais_valid_index(name))
    for condition in ({"kind": "bird"}, {"weight": {"$gt": 9.0}}, {"$or": [{"kind": "mammal"}, {"weight": {"$lt": 4}}]}, {"kind": {"$in": ["bird"]}}):
        show(await creatures.asimilarity_search("river", k=3, filter=condition))
    show(await creatures.amax_marginal_relevance_search("toad", k=3))
    show(await creatures.aget_by_ids(ids[:2]))
    await creatures.adelete(ids[:3])
    show(await creatures.asimilarity_search("otter", k=2))
    await engine.close()


@step("PGVectorStore: from a program without asyncio")
def _():
    engine = PGEngine.from_connection_string(ASYNC)
    engine.init_vectorstore_table("plain", SIZE, overwrite_existing=True, id_column=Column("langchain_id", "INTEGER"))
    plain = PGVectorStore.create_sync(engine, table_name="plain", embedding_service=Words(), id_column="langchain_id")
    plain.add_texts(["red", "green", "blue"], metadatas=[{"n": n} for n in range(3)], ids=[1, 2, 3])
    show(plain.similarity_search("bluer", k=2))
    plain.apply_vector_index(HNSWIndex())
    show(plain.similarity_search_with_score("greens", k=3))
    plain.drop_vector_index()
    engine.drop_table("plain")


@step("PGVectorStore: 1536 dimensions, 300 documents, found through the index")
async def _():
    embedding = DeterministicFakeEmbedding(size=1536)
    engine = PGEngine.from_connection_string(ASYNC)
    await engine.ainit_vectorstore_table("big", 1536, overwrite_existing=True)
    big = await PGVectorStore.create(engine, table_name="big", embedding_service=embedding)
    texts = [f"text number {n}" for n in range(300)]
    await big.aadd_texts(texts)
    await big.aapply_vector_index(HNSWIndex(name="big_index"))
    for n in (3, 70, 299):
        show(await big.asimilarity_search_with_score(texts[n], k=1))
    await engine.close()


@step("chat message history")
def _():
    with psycopg.connect(autocommit=True) as connection:
        PostgresChatMessageHistory.create_tables(connection, "chats")
        session = str(uuid.UUID(int=7))
        history = PostgresChatMessageHistory("chats", session, sync_connection=connection)
        history.add_messages([SystemMessage(content="Be brief."), HumanMessage(content="Ho?"), AIMessage(content="Hi — ünïcode")])
        for message in history.messages:
            print(message.type, message.content)
        history.clear()
        print(history.messages)
        PostgresChatMessageHistory.drop_table(connection, "chats")
