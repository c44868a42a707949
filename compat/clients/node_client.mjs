// node-postgres: types, transactions, errors, a stream of 100,000 rows.
import assert from 'node:assert/strict';
import pg from 'pg';
import QueryStream from 'pg-query-stream';

const client = new pg.Client({ ssl: { rejectUnauthorized: false } });
await client.connect();
const { rows } = await client.query(
  'SELECT $1::int4 AS a, $2::text AS b, $3::bool AS c, $4::jsonb AS d, $5::int4[] AS e, $6::numeric AS f, $7::timestamptz AS g, $8::bytea AS h',
  [7, 'naïve', true, { x: [1, 2] }, [1, 2], '1.50', new Date(0), Buffer.from([0, 255])],
);
assert.deepEqual(rows[0], {
  a: 7, b: 'naïve', c: true, d: { x: [1, 2] }, e: [1, 2], f: '1.50', g: new Date(0), h: Buffer.from([0, 255]),
});
await client.query('CREATE TABLE node_t (id int PRIMARY KEY)');
await client.query('BEGIN');
await client.query('INSERT INTO node_t VALUES (1)');
await assert.rejects(client.query('INSERT INTO node_t VALUES (1)'), (e) => e.code === '23505' && e.constraint === 'node_t_pkey');
await assert.rejects(client.query('SELECT 1'), (e) => e.code === '25P02');
await client.query('ROLLBACK');
assert.equal((await client.query('SELECT count(*)::int AS n FROM node_t')).rows[0].n, 0);
await assert.rejects(client.query('SELECT nosuch'), (e) => e.code === '42703' && e.position === '8');
for (let i = 0; i < 3; i++) {
  const named = await client.query({ name: 'q', text: 'SELECT $1::int4 + 1 AS n', values: [i] });
  assert.equal(named.rows[0].n, i + 1);
}
let count = 0;
for await (const row of client.query(new QueryStream('SELECT g FROM generate_series(1, 100000) g', [], { batchSize: 1000 }))) {
  count += 1;
  assert.equal(row.g, count);
}
assert.equal(count, 100000);
await client.query('DROP TABLE node_t');
await client.end();
console.log('node-postgres');
