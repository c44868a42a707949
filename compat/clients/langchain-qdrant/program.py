"""LangChain's store over Qdrant's API: a round trip, with embeddings made of letters."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from langchain_core.documents import Document  # noqa: E402
from langchain_core.embeddings import Embeddings  # noqa: E402
from langchain_qdrant import QdrantVectorStore  # noqa: E402
from qdrant_client import models  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")


def step(name):
    """PostgreSQL does not speak it: what there is to pass."""
    if PORT:
        return tap.step(name)
    return lambda work: print(f"ok {name}", flush=True)


class Letters(Embeddings):
    """How often each letter is there."""

    def embed_query(self, text):
        counts = [float(text.lower().count(chr(ord("a") + n))) for n in range(26)]
        return [count + 0.01 for count in counts]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


TEXTS = ["foxes jump", "dogs sleep", "zebras graze", "queens quibble"]
store = None


@step("documents are stored")
def _():
    global store
    documents = [Document(page_content=text, metadata={"n": n, "kind": "even" if n % 2 == 0 else "odd"}) for n, text in enumerate(TEXTS)]
    store = QdrantVectorStore.from_documents(documents, Letters(), url=f"http://127.0.0.1:{PORT}", api_key="postgres:", collection_name="langchain")
    assert store.client.count("langchain").count == 4


@step("similarity")
def _():
    found = store.similarity_search("a fox jumps", k=2)
    assert found[0].page_content == "foxes jump" and found[0].metadata["n"] == 0, found
    scored = store.similarity_search_with_score("zebra", k=4)
    assert scored[0][0].page_content == "zebras graze" and scored[0][1] > scored[3][1], scored


@step("filters")
def _():
    odd = models.Filter(must=[models.FieldCondition(key="metadata.kind", match=models.MatchValue(value="odd"))])
    found = store.similarity_search("a fox jumps", k=4, filter=odd)
    assert {document.metadata["n"] for document in found} == {1, 3}, found


@step("a retriever")
def _():
    retriever = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"k": 4, "score_threshold": 0.9})
    found = retriever.invoke("queens quibble")
    assert [document.page_content for document in found] == ["queens quibble"], found


@step("relevance that is marginal")
def _():
    found = store.max_marginal_relevance_search("foxes and dogs", k=2, fetch_k=4)
    assert len(found) == 2, found


@step("added and deleted")
def _():
    ids = store.add_texts(["yaks yodel"], metadatas=[{"n": 9}])
    assert store.similarity_search("yak", k=1)[0].page_content == "yaks yodel"
    assert store.get_by_ids(ids)[0].metadata["n"] == 9
    assert store.delete(ids)
    assert store.similarity_search("yak", k=1)[0].page_content != "yaks yodel"


@step("an existing collection")
def _():
    again = QdrantVectorStore.from_existing_collection(embedding=Letters(), url=f"http://127.0.0.1:{PORT}", api_key="postgres:", collection_name="langchain")
    assert again.similarity_search("dogs", k=1)[0].page_content == "dogs sleep"


tap.finish()
