"""LlamaIndex' store over Qdrant's API and over its in-memory mode: the same answers."""

import os
import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode  # noqa: E402
from llama_index.core.vector_stores import (  # noqa: E402
    FilterCondition, FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery,
)
from llama_index.vector_stores.qdrant import QdrantVectorStore  # noqa: E402
from qdrant_client import QdrantClient  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
NAMES = ["otter", "beaver", "heron", "kingfisher", "trout", "salmon", "pike", "newt", "frog", "toad", "dragonfly", "swan"]
KINDS = {"otter": "mammal", "beaver": "mammal", "heron": "bird", "kingfisher": "bird", "swan": "bird"}
stores = []


def step(name):
    """PostgreSQL does not speak it: what there is to pass."""
    if PORT:
        return tap.step(name)
    return lambda work: print(f"ok {name}", flush=True)


def embed(text):
    """A little of every letter, and where one stands: no two texts are equally near."""
    counts = [0.1 + letter / 1_000 for letter in range(24)]
    for place, letter in enumerate(text):
        counts[(ord(letter) - ord("a")) % 24] += 1.0 + place / 97
    length = sum(count * count for count in counts) ** 0.5
    return [count / length for count in counts]


def nodes():
    made = []
    for number, name in enumerate(NAMES):
        node = TextNode(id_=str(uuid.UUID(int=(7 << 120) + number)), text=name, metadata={"kind": KINDS.get(name, "other"), "number": number}, embedding=embed(name))
        node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=f"document {number % 4}")
        made.append(node)
    return made


def same(**query):
    """The same query of both: names with their similarities."""
    answers = []
    for store in stores:
        result = store.query(VectorStoreQuery(**query))
        answers.append([(node.get_content(), round(score, 4)) for node, score in zip(result.nodes, result.similarities)])
    assert answers[0] == answers[1], answers
    return [name for name, _ in answers[0]]


def only(key, value, operator=FilterOperator.EQ):
    return MetadataFilter(key=key, value=value, operator=operator)


@step("nodes are added")
def _():
    clients = [QdrantClient(url=f"http://127.0.0.1:{PORT}", api_key="postgres:"), QdrantClient(":memory:")]
    stores.extend(QdrantVectorStore(client=client, collection_name="llamaindex") for client in clients)
    for store in stores:
        assert len(store.add(nodes())) == len(NAMES)


@step("queries")
def _():
    assert same(query_embedding=embed("otter"), similarity_top_k=5)[0] == "otter"
    assert same(query_embedding=embed("dragon"), similarity_top_k=3)[0] == "dragonfly"


@step("filters")
def _():
    assert same(query_embedding=embed("otter"), similarity_top_k=12, filters=MetadataFilters(filters=[only("kind", "bird")])).__len__() == 3
    number = [only("number", 3, FilterOperator.GT), only("number", 9, FilterOperator.LTE)]
    assert len(same(query_embedding=embed("newt"), similarity_top_k=12, filters=MetadataFilters(filters=number))) == 6
    either = MetadataFilters(filters=[only("kind", "mammal"), only("number", 11)], condition=FilterCondition.OR)
    assert sorted(same(query_embedding=embed("newt"), similarity_top_k=12, filters=either)) == ["beaver", "otter", "swan"]
    kinds = MetadataFilters(filters=[only("kind", ["bird", "mammal"], FilterOperator.IN)])
    assert len(same(query_embedding=embed("newt"), similarity_top_k=12, filters=kinds)) == 5
    others = MetadataFilters(filters=[only("kind", "other", FilterOperator.NE)])
    assert len(same(query_embedding=embed("newt"), similarity_top_k=12, filters=others)) == 5


@step("nodes by id")
def _():
    ids = [nodes()[2].node_id, nodes()[5].node_id]
    for store in stores:
        assert sorted(node.get_content() for node in store.get_nodes(node_ids=ids)) == ["heron", "salmon"]


@step("deletions")
def _():
    for store in stores:
        store.delete("document 1")
        store.delete_nodes(node_ids=[nodes()[0].node_id])
    left = same(query_embedding=embed("otter"), similarity_top_k=20)
    assert len(left) == 8 and "otter" not in left and "beaver" not in left, left


@step("all of it")
def _():
    for store in stores:
        store.clear()
        assert not store.client.collection_exists("llamaindex")


tap.finish()
