// Qdrant's REST client for JavaScript.
import { QdrantClient } from '@qdrant/js-client-rest';
import { assert, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const client = new QdrantClient({ url: `http://127.0.0.1:${port ?? 1}`, apiKey: 'postgres:', checkCompatibility: Boolean(port) });
const name = 'js_cities';
const statusOf = (work) => work().then(() => 200, (error) => error.status);

await step('a collection', async () => {
  await client.createCollection(name, { vectors: { size: 4, distance: 'Cosine' }, hnsw_config: { m: 8 } });
  const { collections } = await client.getCollections();
  assert.ok(collections.some((one) => one.name === name));
  assert.deepEqual(await client.collectionExists(name), { exists: true });
  const info = await client.getCollection(name);
  assert.equal(info.status, 'green');
  assert.deepEqual(info.config.params.vectors.size, 4);
  assert.equal(info.config.hnsw_config.m, 8);
  assert.equal(await statusOf(() => client.createCollection(name, { vectors: { size: 4, distance: 'Dot' } })), 409);
  assert.equal(await statusOf(() => client.getCollection('missing')), 404);
});
await step('points', async () => {
  const result = await client.upsert(name, {
    wait: true,
    points: [
      { id: 1, vector: [0.05, 0.61, 0.76, 0.74], payload: { city: 'Berlin', population: 3_400_000, tags: ['a', 'b'] } },
      { id: 2, vector: [0.19, 0.81, 0.75, 0.11], payload: { city: ['Berlin', 'London'] } },
      { id: 3, vector: [0.36, 0.55, 0.47, 0.94], payload: { city: ['Berlin', 'Moscow'], deep: { a: [{ b: 1 }] } } },
      { id: '5c56c793-69f3-4fbf-87e6-c4bf54c28c26', vector: [0.18, 0.01, 0.85, 0.8], payload: { city: 'London' } },
      { id: 5, vector: [0.24, 0.18, 0.22, 0.44], payload: { count: [0] } },
      { id: 6, vector: [0.35, 0.08, 0.11, 0.44] },
    ],
  });
  assert.equal(result.status, 'completed');
  const points = await client.retrieve(name, { ids: [3, '5c56c793-69f3-4fbf-87e6-c4bf54c28c26', 77], with_vector: true });
  assert.deepEqual(points.map((point) => point.id), [3, '5c56c793-69f3-4fbf-87e6-c4bf54c28c26']);
  assert.ok(Math.abs(Math.hypot(...points[0].vector) - 1) < 1e-6, 'cosine vectors are kept at length 1');
  assert.deepEqual(points[0].payload, { city: ['Berlin', 'Moscow'], deep: { a: [{ b: 1 }] } });
  assert.equal((await client.count(name)).count, 6);
});
await step('searches', async () => {
  const query = [0.2, 0.1, 0.9, 0.7];
  const { points } = await client.query(name, { query, limit: 3, params: { exact: true, hnsw_ef: 64 }, with_payload: true });
  assert.equal(points.length, 3);
  assert.equal(points[0].id, '5c56c793-69f3-4fbf-87e6-c4bf54c28c26');
  const london = { must: [{ key: 'city', match: { value: 'London' } }] };
  const found = (await client.query(name, { query, limit: 3, filter: london, with_payload: { include: ['city'] } })).points;
  assert.deepEqual(new Set(found.map((point) => point.id)), new Set([2, '5c56c793-69f3-4fbf-87e6-c4bf54c28c26']));
  const batch = await client.queryBatch(name, { searches: [{ query, limit: 1 }, { query, limit: 2, filter: london }] });
  assert.deepEqual(batch.map((one) => one.points.length), [1, 2]);
  const recommended = (await client.query(name, { query: { recommend: { positive: [1], negative: [6] } }, limit: 4 })).points;
  assert.ok(recommended.length === 4 && recommended.every((point) => ![1, 6].includes(point.id)));
  const { groups } = await client.queryGroups(name, { query, group_by: 'city', limit: 3, group_size: 2 });
  assert.equal(groups[0].id, 'London');
  assert.equal(groups.length, 3);
});
await step('pages', async () => {
  const first = await client.scroll(name, { limit: 4, with_payload: false });
  assert.deepEqual(first.points.map((point) => point.id), [1, 2, 3, 5]);
  const rest = await client.scroll(name, { limit: 4, offset: first.next_page_offset });
  assert.equal(rest.points.length, 2);
  assert.equal(rest.next_page_offset, null);
});
await step('changes', async () => {
  await client.setPayload(name, { payload: { seen: true }, points: [1, 2], wait: true });
  await client.overwritePayload(name, { payload: { only: 1 }, points: [3], wait: true });
  await client.deletePayload(name, { keys: ['population'], points: [1], wait: true });
  await client.updateVectors(name, { points: [{ id: 6, vector: [1, 0, 0, 0] }], wait: true });
  const points = await client.retrieve(name, { ids: [1, 3, 6], with_vector: true });
  assert.deepEqual(points[0].payload, { city: 'Berlin', tags: ['a', 'b'], seen: true });
  assert.deepEqual(points[1].payload, { only: 1 });
  assert.deepEqual(points[2].vector, [1, 0, 0, 0]);
  await client.createPayloadIndex(name, { field_name: 'city', field_schema: 'keyword', wait: true });
  await client.delete(name, { filter: { must: [{ key: 'city', match: { value: 'London' } }] }, wait: true });
  assert.equal((await client.count(name, { exact: true })).count, 4);
  const answers = await client.batchUpdate(name, { operations: [{ delete: { points: [1] } }, { upsert: { points: [{ id: 9, vector: [1, 1, 1, 1] }] } }], wait: true });
  assert.equal(answers.length, 2);
});
await step('aliases', async () => {
  await client.updateCollectionAliases({ actions: [{ create_alias: { collection_name: name, alias_name: 'js_alias' } }] });
  assert.deepEqual((await client.getCollectionAliases(name)).aliases, [{ alias_name: 'js_alias', collection_name: name }]);
  assert.equal((await client.count('js_alias')).count, 4);
});
await step('errors', async () => {
  assert.equal(await statusOf(() => client.upsert(name, { points: [{ id: 1, vector: [1] }] })), 400);
  assert.equal(await statusOf(() => client.setPayload(name, { payload: { a: 1 }, points: [4242], wait: true })), 404);
  const error = await client.query(name, { query: [1, 2], limit: 1 }).catch((error) => error);
  assert.match(error.data.status.error, /dimension/);
  assert.equal(await client.deleteCollection(name), true);
});
finish();
