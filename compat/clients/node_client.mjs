// node-postgres: every type, in text and binary, transactions, errors, COPY, a stream of 100,000 rows.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import QueryStream from 'pg-query-stream';

// Over TCP; or in a data channel, of a peer that is signalled at this port.
const port = process.env.DATA_CHANNEL;
const channels = port && (await import('./data_channel.mjs'));
const peer = channels && (await channels.connectPeer(port));
const over = peer ? await channels.configuration(peer) : { ssl: { rejectUnauthorized: false } };
const client = new pg.Client(over);
await client.connect();

const day = new Date(2024, 1, 29);
// type -> [parameter, result]
const values = {
  bool: [true, true],
  int2: [-32768, -32768],
  int4: [7, 7],
  int8: ['9223372036854775807', '9223372036854775807'],
  float4: [1.5, 1.5],
  float8: [-Infinity, -Infinity],
  numeric: ['1.50', '1.50'],
  text: ['naïve', 'naïve'],
  varchar: ['v', 'v'],
  'bpchar(3)': ['v', 'v  '],
  name: ['relation', 'relation'],
  bytea: [Buffer.from([0, 255]), Buffer.from([0, 255])],
  date: [day, day],
  time: ['12:34:56.000789', '12:34:56.000789'],
  timestamp: [new Date(0), new Date(0)],
  timestamptz: [new Date(0), new Date(0)],
  interval: ['3 days 04:05:06', { days: 3, hours: 4, minutes: 5, seconds: 6 }],
  uuid: ['00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000005'],
  json: [{ x: [1, 2] }, { x: [1, 2] }],
  jsonb: [{ x: [1, 2] }, { x: [1, 2] }],
  'bool[]': [[true, null], [true, null]],
  'int4[]': [[1, null, 3], [1, null, 3]],
  'int8[]': [['1'], ['1']],
  'float8[]': [[1.5], [1.5]],
  'numeric[]': [['1.5'], [1.5]],
  'text[]': [['a', 'b c', null, 'q"\\'], ['a', 'b c', null, 'q"\\']],
  'uuid[]': [['00000000-0000-0000-0000-000000000005'], ['00000000-0000-0000-0000-000000000005']],
  'timestamptz[]': [[new Date(0)], [new Date(0)]],
  'jsonb[]': [[{ a: 1 }], [{ a: 1 }]],
};
for (const [type, [value, expected]] of Object.entries(values)) {
  const { rows } = await client.query(`SELECT $1::${type} AS v, $2::${type} AS n`, [value, null]);
  const got = type === 'interval' ? { ...rows[0].v } : rows[0].v;
  assert.deepEqual(got, expected, type);
  assert.equal(rows[0].n, null);
}
for (const special of ['NaN', 'Infinity', '-Infinity']) {
  assert.equal((await client.query('SELECT $1::numeric AS v', [special])).rows[0].v, special);
}
// Results in binary: what node-postgres reads itself.
const binary = await client.query({
  text: "SELECT true AS a, 3::int2 AS b, 7::int4 AS c, 9::int8 AS d, 1.5::float4 AS e, 2.5::float8 AS f, 'x'::text AS g, 12.34::numeric AS h, timestamptz 'epoch' AS i, '{1,2}'::int4[] AS j",
  binary: true,
});
const { d, ...others } = binary.rows[0];
assert.equal(BigInt(d), 9n);
assert.deepEqual(others, { a: true, b: 3, c: 7, e: 1.5, f: 2.5, g: 'x', h: '12.34', i: new Date(0), j: [1, 2] });
assert.deepEqual(binary.fields.map((f) => f.dataTypeID), [16, 21, 23, 20, 700, 701, 25, 1700, 1184, 1007]);

await client.query("CREATE TYPE node_mood AS ENUM ('sad', 'happy')");
const mood = await client.query('SELECT $1::node_mood AS m, $2::node_mood[]::text[] AS ms', ['happy', ['sad', 'happy']]);
assert.deepEqual(mood.rows[0], { m: 'happy', ms: ['sad', 'happy'] });
await client.query('DROP TYPE node_mood');

await client.query('CREATE TABLE node_t (id int PRIMARY KEY, v text)');
await client.query('BEGIN');
await client.query('INSERT INTO node_t VALUES (1)');
await client.query('SAVEPOINT s');
await assert.rejects(client.query('INSERT INTO node_t VALUES (1)'), (e) =>
  e.code === '23505' && e.constraint === 'node_t_pkey' && e.table === 'node_t' && e.detail === 'Key (id)=(1) already exists.');
await assert.rejects(client.query('SELECT 1'), (e) => e.code === '25P02');
await client.query('ROLLBACK TO s');
assert.equal((await client.query('SELECT count(*)::int AS n FROM node_t')).rows[0].n, 1);
await client.query('ROLLBACK');
assert.equal((await client.query('SELECT count(*)::int AS n FROM node_t')).rows[0].n, 0);
await assert.rejects(client.query('SELECT nosuch'), (e) => e.code === '42703' && e.position === '8');
const several = await client.query("INSERT INTO node_t VALUES (1, 'a'), (2, 'b'); SELECT * FROM node_t ORDER BY id");
assert.deepEqual(several.map((r) => [r.command, r.rowCount]), [['INSERT', 2], ['SELECT', 2]]);
for (let i = 0; i < 3; i++) {
  const named = await client.query({ name: 'q', text: 'SELECT $1::int4 + 1 AS n', values: [i] });
  assert.equal(named.rows[0].n, i + 1);
}

await client.query('TRUNCATE node_t');
const lines = Array.from({ length: 1000 }, (_, n) => `${n}\trow ${n}\n`);
const into = client.query(copyFrom('COPY node_t FROM STDIN'));
await pipeline(Readable.from(lines), into);
assert.equal(into.rowCount, 1000);
let text = '';
const out = client.query(copyTo('COPY (SELECT * FROM node_t ORDER BY id) TO STDOUT'));
for await (const chunk of out) text += chunk;
assert.equal(text, lines.join(''));

let count = 0;
for await (const row of client.query(new QueryStream('SELECT g FROM generate_series(1, 100000) g', [], { batchSize: 1000 }))) {
  count += 1;
  assert.equal(row.g, count);
}
assert.equal(count, 100000);
const heard = new Promise((resolve) => client.once('notification', resolve));
await client.query('LISTEN node_channel');
await client.query("NOTIFY node_channel, 'hello'");
assert.equal((await heard).payload, 'hello');
await client.query('DROP TABLE node_t');
await client.end();
console.log('node-postgres');
// libdatachannel's threads would go on.
if (peer) process.exit(0);
