"""Each step does the same on the server and on qdrant-client's in-memory mode, and compares the answers."""

import math
import os
import random
import sys
import uuid
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from qdrant_client import QdrantClient, models  # noqa: E402
from qdrant_client.http.exceptions import UnexpectedResponse  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
DIMS = 16
local = QdrantClient(":memory:")
warnings.simplefilter("ignore", UserWarning)


def step(name):
    """PostgreSQL does not speak it: what there is to pass."""
    if PORT:
        return tap.step(name)
    return lambda work: print(f"ok {name}", flush=True)


remote = QdrantClient(url=f"http://127.0.0.1:{PORT}", api_key="postgres:", timeout=60) if PORT else None


def plain(value):
    """An answer without what may differ: versions, and digits beyond single precision."""
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) and abs(value) > 1e-5 else 0.0
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in ("version", "shard_key")}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    return value


def close(a, b, at="answer"):
    """Equal, numbers within what single precision leaves."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        assert abs(a - b) <= 2e-4 * max(1.0, abs(a), abs(b)), f"{at}: {a} here, {b} there"
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b), f"{at}: {len(a)} here, {len(b)} there: {a} {b}"[:900]
        for index, (x, y) in enumerate(zip(a, b)):
            close(x, y, f"{at}[{index}]")
    elif isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), f"{at}: {sorted(a)} here, {sorted(b)} there"
        for key in a:
            close(a[key], b[key], f"{at}.{key}")
    else:
        assert a == b, f"{at}: {a} here, {b} there"


def ranked(points):
    """Points of one score in one order: which of them comes first is not promised."""
    points = plain(points)
    return sorted(points, key=lambda point: (-round(point["score"], 3), str(point["id"])))


def same(call, ordered=False):
    """The same call on both."""
    here, there = plain(call(remote)), plain(call(local))
    if not ordered and isinstance(here, list) and here and isinstance(here[0], dict) and "score" in here[0]:
        here, there = ranked(here), ranked(there)
    close(here, there)
    return here


def both_fail(call):
    for client in (remote, local):
        try:
            call(client)
        except (UnexpectedResponse, ValueError, KeyError):
            continue
        raise AssertionError(f"{client._client.__class__.__name__} takes it")


CITIES = ["Berlin", "London", "Moscow", "New York", "Oslo"]
chance = random.Random(7)


def vector(dims=DIMS):
    return [chance.uniform(-1, 1) for _ in range(dims)]


def payload(number):
    made = {
        "city": chance.choice(CITIES),
        "price": chance.choice([number, number / 2, round(chance.uniform(0, 100), 2)]),
        "count": chance.randrange(20),
        "tags": chance.sample(["a", "b", "c", "d", "e"], chance.randrange(4)),
        "is_new": chance.random() < 0.5,
        "text": " ".join(chance.sample(["quick", "brown", "fox", "jumps", "over", "lazy dogs"], 3)),
        "made": f"20{chance.randrange(10, 25)}-0{chance.randrange(1, 9)}-1{chance.randrange(9)}T0{chance.randrange(9)}:00:00Z",
        "deep": {"a": {"b": chance.randrange(5)}, "list": [{"k": chance.randrange(4), "v": chance.choice("xyz")} for _ in range(chance.randrange(4))]},
        "maybe": chance.choice([None, 1, [], [None, 2], "text"]),
    }
    for key in list(made):
        if chance.random() < 0.1:
            del made[key]
    return made


def identifier(number):
    return number if number % 3 else str(uuid.UUID(int=(number << 96) + 12345, version=4))


POINTS = [models.PointStruct(id=identifier(number), vector=vector(), payload=payload(number)) for number in range(300)]
IDS = [point.id for point in POINTS]


@step("quick start")
def _():
    remote.create_collection("test_collection", vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT))
    vectors = [[0.05, 0.61, 0.76, 0.74], [0.19, 0.81, 0.75, 0.11], [0.36, 0.55, 0.47, 0.94], [0.18, 0.01, 0.85, 0.80], [0.24, 0.18, 0.22, 0.44], [0.35, 0.08, 0.11, 0.44]]
    points = [models.PointStruct(id=n + 1, vector=v, payload={"city": city}) for n, (v, city) in enumerate(zip(vectors, ["Berlin", "London", "Moscow", "New York", "Beijing", "Mumbai"]))]
    info = remote.upsert(collection_name="test_collection", wait=True, points=points)
    assert info.status == models.UpdateStatus.COMPLETED
    found = remote.query_points("test_collection", query=[0.2, 0.1, 0.9, 0.7], with_payload=False, limit=3).points
    assert [point.id for point in found] == [4, 1, 3] and abs(found[0].score - 1.362) < 1e-4, found
    london = models.Filter(must=[models.FieldCondition(key="city", match=models.MatchValue(value="London"))])
    found = remote.query_points("test_collection", query=[0.2, 0.1, 0.9, 0.7], query_filter=london, with_payload=True, limit=3).points
    assert [(point.id, point.payload) for point in found] == [(2, {"city": "London"})]


@step("collections")
def _():
    for distance in models.Distance:
        for client in (remote, local):
            client.create_collection(f"c_{distance.value}", vectors_config=models.VectorParams(size=DIMS, distance=distance))
            assert client.collection_exists(f"c_{distance.value}")
        same(lambda client: client.upsert(f"c_{distance.value}", POINTS).status)
    named = {"image": models.VectorParams(size=4, distance=models.Distance.EUCLID), "text": models.VectorParams(size=8, distance=models.Distance.COSINE)}
    for client in (remote, local):
        client.create_collection("named", vectors_config=named, sparse_vectors_config={"words": models.SparseVectorParams()})
    names = {collection.name for collection in remote.get_collections().collections}
    assert {"named", "c_Cosine", "c_Dot", "c_Euclid", "c_Manhattan"} <= names
    info = remote.get_collection("named")
    assert info.config.params.vectors["text"].size == 8 and "words" in info.config.params.sparse_vectors, info
    assert remote.get_collection("c_Cosine").points_count == len(POINTS)
    both_fail(lambda client: client.create_collection("named", vectors_config=named))
    both_fail(lambda client: client.get_collection("missing"))


QUERIES = [vector() for _ in range(5)]


def match(key, value):
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def field(key, **test):
    return models.FieldCondition(key=key, **test)


FILTERS = {
    "value": models.Filter(must=[match("city", "Oslo")]),
    "integer": models.Filter(must=[match("count", 3)]),
    "boolean": models.Filter(must=[match("is_new", True)]),
    "of an array": models.Filter(must=[match("tags", "b")]),
    "any": models.Filter(must=[field("city", match=models.MatchAny(any=["Oslo", "Berlin"]))]),
    "any of an array": models.Filter(must=[field("tags", match=models.MatchAny(any=["a", "e"]))]),
    "except": models.Filter(must=[field("city", match=models.MatchExcept(**{"except": ["Oslo"]}))]),
    "text": models.Filter(must=[field("text", match=models.MatchText(text="quick FOX"))]),
    "phrase": models.Filter(must=[field("text", match=models.MatchPhrase(phrase="lazy dogs"))]),
    "range": models.Filter(must=[field("price", range=models.Range(gte=10, lt=60.5))]),
    "instants": models.Filter(must=[field("made", range=models.DatetimeRange(gt="2014-01-01T00:00:00Z", lte="2020-06-01T00:00:00+02:00"))]),
    "must not": models.Filter(must_not=[match("city", "Oslo"), match("is_new", False)]),
    "should": models.Filter(should=[match("city", "Oslo"), match("count", 5)]),
    "min should": models.Filter(min_should=models.MinShould(conditions=[match("city", "Oslo"), match("is_new", True), field("count", range=models.Range(gt=10))], min_count=2)),
    "all together": models.Filter(must=[field("count", range=models.Range(gt=2))], should=[match("city", "Oslo"), match("city", "Moscow")], must_not=[match("tags", "a")]),
    "within": models.Filter(must=[models.Filter(should=[match("city", "Oslo"), models.Filter(must=[match("city", "Berlin"), match("is_new", True)])])]),
    "ids": models.Filter(must=[models.HasIdCondition(has_id=IDS[:40])]),
    "no ids": models.Filter(must_not=[models.HasIdCondition(has_id=IDS[40:])]),
    "empty": models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="maybe"))]),
    "null": models.Filter(must=[models.IsNullCondition(is_null=models.PayloadField(key="maybe"))]),
    "not empty": models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key="tags"))]),
    "count of values": models.Filter(must=[field("tags", values_count=models.ValuesCount(gte=2))]),
    "no values": models.Filter(must=[field("tags", values_count=models.ValuesCount(lt=1))]),
    "deep": models.Filter(must=[match("deep.a.b", 3)]),
    "elements": models.Filter(must=[match("deep.list[].k", 2)]),
    "nested": models.Filter(must=[models.NestedCondition(nested=models.Nested(key="deep.list", filter=models.Filter(must=[match("k", 2), match("v", "x")])))]),
}


@step("searches")
def _():
    for distance in models.Distance:
        name = f"c_{distance.value}"
        for query in QUERIES:
            same(lambda client: client.query_points(name, query=query, limit=20).points)
            same(lambda client: client.query_points(name, query=query, limit=7, offset=13, with_payload=["city", "deep.a"], with_vectors=True).points)
        scores = [point.score for point in local.query_points(name, query=QUERIES[0], limit=30).points]
        threshold = (scores[9] + scores[10]) / 2
        found = same(lambda client: client.query_points(name, query=QUERIES[0], limit=30, score_threshold=threshold).points)
        assert len(found) == 10, found
    exact = models.SearchParams(exact=True)
    same(lambda client: client.query_points("c_Cosine", query=QUERIES[1], search_params=exact, limit=50).points)
    same(lambda client: client.query_points("c_Cosine", query=QUERIES[1], search_params=models.SearchParams(hnsw_ef=512), limit=50).points)


@step("filters")
def _():
    for name, condition in FILTERS.items():
        try:
            same(lambda client: client.count("c_Euclid", count_filter=condition).count)
            same(lambda client: client.query_points("c_Cosine", query=QUERIES[2], query_filter=condition, limit=15).points)
            same(lambda client: client.scroll("c_Dot", scroll_filter=condition, limit=400)[0].__len__())
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


@step("filters with payload indexes")
def _():
    kinds = {"city": "keyword", "tags": "keyword", "count": "integer", "price": "float", "is_new": "bool", "made": "datetime", "deep.a.b": "integer"}
    for key, kind in kinds.items():
        remote.create_payload_index("c_Cosine", field_name=key, field_schema=kind)
    schema = remote.get_collection("c_Cosine").payload_schema
    assert {key: index.data_type.value for key, index in schema.items()} == kinds, schema
    for name, condition in FILTERS.items():
        try:
            same(lambda client: client.count("c_Cosine", count_filter=condition).count)
            same(lambda client: client.query_points("c_Cosine", query=QUERIES[3], query_filter=condition, limit=15).points)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    remote.delete_payload_index("c_Cosine", field_name="city")
    assert "city" not in remote.get_collection("c_Cosine").payload_schema
    both_fail(lambda client: client.query_points("c_Cosine", query=QUERIES[0], query_filter=models.Filter(min_should=models.MinShould(conditions=[], min_count=0))))


@step("pages")
def _():
    for condition in (None, FILTERS["should"]):
        for client in (remote, local):
            seen, offset = [], None
            while True:
                points, offset = client.scroll("c_Cosine", scroll_filter=condition, limit=23, offset=offset, with_payload=False)
                seen += [point.id for point in points]
                if offset is None:
                    break
            assert len(seen) == len(set(seen)) == client.count("c_Cosine", count_filter=condition).count
    numbers = [point.id for point in remote.scroll("c_Cosine", limit=400)[0]]
    first = [point for point in numbers if isinstance(point, int)]
    assert numbers[: len(first)] == sorted(first), "numbers come first, in order"
    for direction in ("asc", "desc"):
        order = models.OrderBy(key="price", direction=direction)
        values = lambda client: [point.payload["price"] for point in client.scroll("c_Cosine", order_by=order, limit=50)[0]]
        close(values(remote), values(local))
    order = models.OrderBy(key="made", direction="desc", start_from="2018-01-01T00:00:00Z")
    values = lambda client: [point.payload["made"] for point in client.scroll("c_Cosine", order_by=order, limit=20)[0]]
    assert values(remote) == values(local)


@step("points by id")
def _():
    ids = [IDS[5], IDS[0], IDS[7], 99999, str(uuid.uuid4())]
    same(lambda client: client.retrieve("c_Cosine", ids=ids, with_vectors=True), ordered=True)
    same(lambda client: client.retrieve("c_Cosine", ids=ids, with_payload=models.PayloadSelectorExclude(exclude=["deep.list", "city"])), ordered=True)
    same(lambda client: client.retrieve("c_Cosine", ids=ids, with_payload=["deep.list[].k", "tags"]), ordered=True)


@step("recommendations")
def _():
    strategies = list(models.RecommendStrategy)
    for name in ("c_Cosine", "c_Dot", "c_Euclid", "c_Manhattan"):
        for strategy in strategies:
            recommend = models.RecommendQuery(recommend=models.RecommendInput(positive=[IDS[1], IDS[2], QUERIES[0]], negative=[IDS[4]], strategy=strategy))
            same(lambda client: client.query_points(name, query=recommend, limit=10).points)
            same(lambda client: client.query_points(name, query=recommend, limit=10, query_filter=FILTERS["should"]).points)
        target = models.DiscoverQuery(discover=models.DiscoverInput(target=QUERIES[1], context=[models.ContextPair(positive=IDS[3], negative=IDS[6])]))
        same(lambda client: client.query_points(name, query=target, limit=10).points)
        context = models.ContextQuery(context=[models.ContextPair(positive=IDS[3], negative=IDS[6]), models.ContextPair(positive=QUERIES[2], negative=IDS[8])])
        scores = lambda client: sorted(round(point.score, 3) for point in client.query_points(name, query=context, limit=5).points)
        close(scores(remote), scores(local))
    same(lambda client: client.query_points("c_Cosine", query=IDS[10], limit=10).points)
    both_fail(lambda client: client.query_points("c_Cosine", query=123456, limit=10))


@step("groups and facets")
def _():
    for key in ("city", "count", "tags"):
        here, there = (plain(client.query_points_groups("c_Cosine", query=QUERIES[0], group_by=key, limit=4, group_size=3)) for client in (remote, local))
        close([[group["id"], [hit["id"] for hit in group["hits"]]] for group in here["groups"]], [[group["id"], [hit["id"] for hit in group["hits"]]] for group in there["groups"]])
    for key in ("city", "tags", "count"):
        here, there = ({hit.value: hit.count for hit in client.facet("c_Dot", key=key, limit=50).hits} for client in (remote, local))
        assert here == there, (key, here, there)


@step("prefetch and fusion")
def _():
    prefetch = [models.Prefetch(query=QUERIES[0], limit=20), models.Prefetch(query=QUERIES[1], limit=20, filter=FILTERS["boolean"])]
    for fusion in models.Fusion:
        scores = lambda client: [round(point.score, 4) for point in client.query_points("c_Cosine", prefetch=prefetch, query=models.FusionQuery(fusion=fusion), limit=10).points]
        close(scores(remote), scores(local))
    same(lambda client: client.query_points("c_Cosine", prefetch=prefetch, query=QUERIES[3], limit=10).points)
    same(lambda client: client.query_points("c_Cosine", prefetch=prefetch, query=QUERIES[3], limit=10, query_filter=FILTERS["value"]).points)
    batch = [models.QueryRequest(query=query, limit=5, with_payload=True) for query in QUERIES]
    here, there = (client.query_batch_points("c_Dot", requests=batch) for client in (remote, local))
    for one, other in zip(here, there):
        close(ranked(one.points), ranked(other.points))


@step("unlike each other")
def _():
    for name in ("c_Cosine", "c_Dot", "c_Euclid", "c_Manhattan"):
        for diversity in (0.0, 0.4, 1.0):
            query = models.NearestQuery(nearest=QUERIES[2], mmr=models.Mmr(diversity=diversity, candidates_limit=40))
            chosen = lambda client: [point.id for point in client.query_points(name, query=query, limit=8, offset=2, query_filter=FILTERS["should"]).points]
            assert chosen(remote) == chosen(local), (name, diversity, chosen(remote), chosen(local))


@step("named and sparse vectors")
def _():
    points = []
    for number in range(60):
        vectors = {"image": vector(4), "text": vector(8)}
        if number % 2:
            indices = chance.sample(range(100), 5)
            vectors["words"] = models.SparseVector(indices=indices, values=[chance.uniform(0.1, 1) for _ in indices])
        if number % 5 == 0:
            del vectors["image"]
        points.append(models.PointStruct(id=number, vector=vectors, payload={"n": number}))
    same(lambda client: client.upsert("named", points).status)
    same(lambda client: client.query_points("named", query=[0.1, 0.2, 0.3, 0.4], using="image", limit=100, with_vectors=["image"]).points)
    same(lambda client: client.query_points("named", query=points[3].vector["text"], using="text", limit=10, with_vectors=True).points)
    words = models.SparseVector(indices=list(range(20)), values=[1.0] * 20)
    same(lambda client: client.query_points("named", query=words, using="words", limit=50, with_vectors=True).points)
    same(lambda client: client.count("named", count_filter=models.Filter(must=[models.HasVectorCondition(has_vector="image")])).count)
    same(lambda client: client.update_vectors("named", points=[models.PointVectors(id=1, vector={"image": [1, 2, 3, 4]}), models.PointVectors(id=2, vector={"text": [1] * 8})]).status)
    same(lambda client: client.delete_vectors("named", vectors=["image"], points=[3, 4]).status)
    same(lambda client: client.retrieve("named", ids=[1, 2, 3, 4], with_vectors=True), ordered=True)
    both_fail(lambda client: client.query_points("named", query=[1, 2, 3, 4], limit=1))
    both_fail(lambda client: client.upsert("named", [models.PointStruct(id=1, vector={"nothing": [1.0]})]))
    both_fail(lambda client: client.upsert("named", [models.PointStruct(id=1, vector={"image": [1.0]})]))


@step("changes of payloads")
def _():
    condition = FILTERS["value"]
    changes = [
        lambda client: client.set_payload("c_Dot", payload={"new": {"x": 1}, "city": "Paris"}, points=IDS[:5]),
        lambda client: client.set_payload("c_Dot", payload={"b": 9, "c": None}, key="deep.a", points=IDS[3:9]),
        lambda client: client.set_payload("c_Dot", payload={"k": 7}, key="deep.list[0]", points=IDS[10:30]),
        lambda client: client.set_payload("c_Dot", payload={"seen": True}, points=condition),
        lambda client: client.overwrite_payload("c_Dot", payload={"only": 1}, points=[IDS[40]]),
        lambda client: client.delete_payload("c_Dot", keys=["deep.a", "tags"], points=IDS[50:60]),
        lambda client: client.delete_payload("c_Dot", keys=["deep.list[].k"], points=IDS[60:70]),
        lambda client: client.clear_payload("c_Dot", points_selector=[IDS[41]]),
    ]
    for change in changes:
        same(lambda client: change(client).status)
    same(lambda client: client.retrieve("c_Dot", ids=IDS), ordered=True)
    both_fail(lambda client: client.set_payload("c_Dot", payload={"a": 1}, points=[IDS[0], 777777]))
    same(lambda client: client.retrieve("c_Dot", ids=IDS[:1]), ordered=True)


@step("upserts and deletions")
def _():
    again = models.PointStruct(id=IDS[0], vector=vector(), payload={"again": True})
    batch = models.Batch(ids=[9001, 9002], vectors=[vector(), vector()], payloads=[{"n": 1}, {"n": 2}])
    for points in ([again], batch):
        same(lambda client: client.upsert("c_Manhattan", points).status)
    same(lambda client: client.upsert("c_Manhattan", [models.PointStruct(id=IDS[1], vector=vector(), payload={})], update_mode=models.UpdateMode.INSERT_ONLY).status)
    same(lambda client: client.upsert("c_Manhattan", [models.PointStruct(id=8888, vector=vector(), payload={})], update_mode=models.UpdateMode.UPDATE_ONLY).status)
    same(lambda client: client.upsert("c_Manhattan", [models.PointStruct(id=IDS[2], vector=QUERIES[0], payload={"f": 1}), models.PointStruct(id=8889, vector=QUERIES[0])], update_filter=FILTERS["value"]).status)
    same(lambda client: client.delete("c_Manhattan", points_selector=[IDS[7], 9001, 424242]).status)
    same(lambda client: client.delete("c_Manhattan", points_selector=FILTERS["integer"]).status)
    same(lambda client: client.count("c_Manhattan").count)
    same(lambda client: client.query_points("c_Manhattan", query=QUERIES[0], limit=400, with_vectors=True).points)
    operations = [
        models.UpsertOperation(upsert=models.PointsList(points=[models.PointStruct(id=1, vector=vector(), payload={"v": 1})])),
        models.SetPayloadOperation(set_payload=models.SetPayload(payload={"w": 2}, points=[1])),
        models.DeleteOperation(delete=models.PointIdsList(points=[2])),
        models.DeletePayloadOperation(delete_payload=models.DeletePayload(keys=["v"], points=[1])),
    ]
    for client in (remote, local):
        client.batch_update_points("c_Manhattan", update_operations=operations)
    same(lambda client: client.retrieve("c_Manhattan", ids=[1, 2]), ordered=True)
    both_fail(lambda client: client.delete("c_Manhattan", points_selector=[]))
    both_fail(lambda client: client.upsert("c_Manhattan", [models.PointStruct(id=1, vector=[1.0])]))


@step("aliases")
def _():
    change = [models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="c_Dot", alias_name="other"))]
    for client in (remote, local):
        client.update_collection_aliases(change_aliases_operations=change)
    same(lambda client: client.get_aliases())
    same(lambda client: client.query_points("other", query=QUERIES[0], limit=3).points)
    rename = [models.RenameAliasOperation(rename_alias=models.RenameAlias(old_alias_name="other", new_alias_name="another"))]
    for client in (remote, local):
        client.update_collection_aliases(change_aliases_operations=rename)
    same(lambda client: client.get_collection_aliases("c_Dot"))
    remote.update_collection_aliases(change_aliases_operations=[models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="another"))])
    assert remote.get_aliases().aliases == []


@step("uploads")
def _():
    remote.create_collection("upload", vectors_config=models.VectorParams(size=DIMS, distance=models.Distance.COSINE, datatype=models.Datatype.FLOAT16))
    remote.upload_collection("upload", vectors=[vector() for _ in range(1500)], payload=[{"n": number} for number in range(1500)], ids=range(1500), batch_size=100, parallel=1, wait=True)
    assert remote.count("upload").count == 1500
    found = remote.query_points("upload", query=vector(), limit=10, query_filter=models.Filter(must=[field("n", range=models.Range(lt=30))])).points
    assert len(found) == 10 and all(point.payload["n"] < 30 for point in found), found
    assert remote.delete_collection("upload") and not remote.collection_exists("upload")
    assert not remote.delete_collection("upload")


@step("what is not there is named")
def _():
    refused = [
        lambda: remote.count("c_Dot", count_filter=models.Filter(must=[field("city", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=1, lat=1), radius=5))])),
        lambda: remote.create_payload_index("c_Dot", field_name="text", field_schema="text"),
        lambda: remote.create_collection("q", vectors_config=models.VectorParams(size=4, distance="Dot"), quantization_config=models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type="int8"))),
        lambda: remote.query_points("c_Dot", query=models.FormulaQuery(formula=models.SumExpression(sum=["$score", 1.0])), prefetch=[]),
        lambda: remote.query_points("c_Dot", query=QUERIES[0], search_params=models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True))),
    ]
    for call in refused:
        try:
            call()
        except UnexpectedResponse as error:
            assert error.status_code == 501 and b"not supported" in error.content, error
        else:
            raise AssertionError("it is taken")


tap.finish()
