// Neon's serverless driver, over HTTP: values, errors, batches, Drizzle and Kysely on it;
// over its WebSocket: pools, transactions, LISTEN, COPY, cursors, the same two on it.
import { Client, Pool, neon, neonConfig, types } from '@neondatabase/serverless';
import { eq, sql as raw } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { drizzle as drizzleOverSockets } from 'drizzle-orm/neon-serverless';
import { jsonb, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';
import { Kysely, PostgresDialect } from 'kysely';
import { NeonDialect } from 'kysely-neon';
import WebSocket from 'ws';
import { assert, codeOf, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
neonConfig.fetchEndpoint = () => `http://127.0.0.1:${port}/sql`;
const url = 'postgresql://postgres:any@127.0.0.1/postgres';
const sql = neon(url);

await step('values', async () => {
  const rows = await sql`select ${1}::int as i, ${'é'}::text as t, null as n, true as b, ${[1, 2]}::int[] as a,
    ${JSON.stringify({ k: [1] })}::jsonb as j, 9007199254740993::int8 as big, 1.50::numeric as d, '\\x0102'::bytea as y,
    timestamptz '2020-01-02 03:04:05+00' as ts, date '2020-01-02' as day`;
  const row = rows[0];
  assert.equal(row.i, 1);
  assert.equal(row.t, 'é');
  assert.equal(row.n, null);
  assert.equal(row.b, true);
  assert.deepEqual(row.a, [1, 2]);
  assert.deepEqual(row.j, { k: [1] });
  assert.equal(row.big, '9007199254740993');
  assert.equal(row.d, '1.50');
  assert.deepEqual([...row.y], [1, 2]);
  assert.equal(row.ts.toISOString(), '2020-01-02T03:04:05.000Z');
  assert.ok(row.day instanceof Date);
});
await step('full results', async () => {
  const full = neon(url, { fullResults: true, arrayMode: true });
  const result = await full.query('select g, g * 2 as h from generate_series(1, $1::int) g', [2]);
  assert.deepEqual(result.rows, [[1, 2], [2, 4]]);
  assert.equal(result.command, 'SELECT');
  assert.equal(result.rowCount, 2);
  assert.deepEqual(result.fields.map((field) => field.name), ['g', 'h']);
  assert.equal(result.fields[0].dataTypeID, types.builtins.INT4);
});
await step('definitions and changes', async () => {
  await sql`create table items (id serial primary key, name text not null, data jsonb, made timestamptz default now())`;
  const rows = await sql`insert into items (name, data) values (${'a'}, ${JSON.stringify({ x: 1 })}), ('b', null) returning id`;
  assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
});
await step('errors', async () => {
  assert.equal(await codeOf(() => sql`insert into items (id, name) values (1, 'again')`), '23505');
  assert.equal(await codeOf(() => sql`select 1 / 0`), '22012');
  const error = await sql`select * from nowhere`.catch((error) => error);
  assert.equal(error.code, '42P01');
  assert.equal(error.message, 'relation "nowhere" does not exist');
  assert.equal(error.position, '15');
});
await step('transaction', async () => {
  const results = await sql.transaction([sql`select count(*)::int as n from items`, sql`insert into items (name) values ('c') returning name`]);
  assert.deepEqual(results, [[{ n: 2 }], [{ name: 'c' }]]);
});
await step('transaction that fails', async () => {
  const failing = () => sql.transaction([sql`insert into items (name) values ('d')`, sql`insert into items (id, name) values (1, 'x')`]);
  assert.equal(await codeOf(failing), '23505');
  assert.deepEqual(await sql`select count(*)::int as n from items`, [{ n: 3 }]);
});
await step('transaction options', async () => {
  const options = { isolationLevel: 'Serializable', readOnly: true, deferrable: true };
  const [[row]] = await sql.transaction((tx) => [tx`show transaction_isolation`], options);
  assert.equal(row.transaction_isolation, 'serializable');
  assert.equal(await codeOf(() => sql.transaction([sql`insert into items (name) values ('e')`], options)), '25006');
});
await step('many at once', async () => {
  const rows = await Promise.all(Array.from({ length: 40 }, (_, n) => sql`select ${n}::int as n`));
  assert.deepEqual(rows.map(([row]) => row.n), Array.from({ length: 40 }, (_, n) => n));
});

const items = pgTable('items', { id: serial().primaryKey(), name: text().notNull(), data: jsonb(), made: timestamp({ withTimezone: true }) });
const db = drizzle(sql);
await step('drizzle', async () => {
  const [made] = await db.insert(items).values({ name: 'drizzle', data: { deep: [1, { two: 2 }] } }).returning();
  assert.deepEqual(made.data, { deep: [1, { two: 2 }] });
  await db.update(items).set({ name: 'drizzled' }).where(eq(items.id, made.id));
  const found = await db.select({ name: items.name }).from(items).where(eq(items.id, made.id));
  assert.deepEqual(found, [{ name: 'drizzled' }]);
  const [rows] = await db.batch([db.select({ n: raw`count(*)::int` }).from(items), db.delete(items).where(eq(items.id, made.id))]);
  assert.deepEqual(rows, [{ n: 4 }]);
});
await step('kysely', async () => {
  const kysely = new Kysely({ dialect: new NeonDialect({ neon: sql }) });
  await kysely.insertInto('items').values({ name: 'kysely' }).execute();
  const row = await kysely.selectFrom('items').select(['name']).where('name', '=', 'kysely').executeTakeFirstOrThrow();
  assert.equal(row.name, 'kysely');
  const updated = await kysely.updateTable('items').set({ name: 'k' }).where('name', '=', 'kysely').executeTakeFirst();
  assert.equal(updated.numUpdatedRows, 1n);
});

neonConfig.webSocketConstructor = WebSocket;
neonConfig.wsProxy = () => `127.0.0.1:${port}/v2`;
neonConfig.useSecureWebSocket = false;
const pool = port ? new Pool({ connectionString: url, max: 4 }) : null;
await step('socket: values', async () => {
  const { rows, fields, command, rowCount } = await pool.query('select $1::int as i, $2::text as t, array[1, 2] as a, now() as ts, null as n', [1, 'é']);
  assert.equal(rows[0].i, 1);
  assert.equal(rows[0].t, 'é');
  assert.deepEqual(rows[0].a, [1, 2]);
  // Drizzle has set a parser of its own.
  assert.ok(new Date(rows[0].ts).getTime() > 0);
  assert.deepEqual([fields.length, command, rowCount], [5, 'SELECT', 1]);
});
await step('socket: errors', async () => {
  assert.equal(await codeOf(() => pool.query('select 1 / 0')), '22012');
  const error = await pool.query('select * from nowhere').catch((error) => error);
  assert.deepEqual([error.code, error.position], ['42P01', '15']);
  assert.equal((await pool.query('select 1 as a')).rows[0].a, 1);
});
await step('socket: interactive transaction', async () => {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level serializable');
    const { rows } = await client.query("insert into items (name) values ('in a transaction') returning id");
    assert.equal((await pool.query('select count(*)::int as n from items where id = $1', [rows[0].id])).rows[0].n, 0);
    await client.query('savepoint s');
    assert.equal(await codeOf(() => client.query('insert into items (id, name) values ($1, $2)', [rows[0].id, 'again'])), '23505');
    assert.equal(await codeOf(() => client.query('select 1')), '25P02');
    await client.query('rollback to s');
    await client.query('commit');
    assert.equal((await pool.query('delete from items where id = $1', [rows[0].id])).rowCount, 1);
  } finally {
    client.release();
  }
});
await step('socket: many at once', async () => {
  const all = await Promise.all(Array.from({ length: 60 }, (_, n) => pool.query('select $1::int as n', [n])));
  assert.deepEqual(all.map(({ rows }) => rows[0].n), Array.from({ length: 60 }, (_, n) => n));
});
await step('socket: many rows', async () => {
  const { rows } = await pool.query("select g, repeat('x', 100) as x from generate_series(1, 50000) g");
  assert.equal(rows.length, 50000);
  assert.equal(rows[49999].g, 50000);
});
await step('socket: notifications', async () => {
  const client = new Client(url);
  await client.connect();
  const heard = new Promise((resolve) => client.on('notification', resolve));
  await client.query('listen news');
  await pool.query("select pg_notify('news', 'hello')");
  const { channel, payload } = await heard;
  assert.deepEqual([channel, payload], ['news', 'hello']);
  await client.end();
});
await step('socket: notices and settings', async () => {
  const client = new Client(url);
  await client.connect();
  const noticed = new Promise((resolve) => client.on('notice', resolve));
  await client.query('drop table if exists nothing');
  assert.equal((await noticed).message, 'table "nothing" does not exist, skipping');
  await client.query("set application_name to 'socket'");
  assert.equal((await client.query('show application_name')).rows[0].application_name, 'socket');
  await client.end();
});
await step('socket: COPY', async () => {
  // node-postgres without pg-copy-streams gives up a COPY FROM, and passes over what a COPY TO sends.
  const client = new Client(url);
  await client.connect();
  assert.notEqual(await codeOf(() => client.query('copy items (name) from stdin')), 'no error');
  await client.query('copy (select 1) to stdout');
  assert.equal((await client.query('select 2 as a')).rows[0].a, 2);
  await client.end();
});
await step('socket: drizzle', async () => {
  const db = drizzleOverSockets(pool);
  const id = await db.transaction(async (tx) => {
    const [made] = await tx.insert(items).values({ name: 'over a socket' }).returning();
    await tx.update(items).set({ name: 'changed' }).where(eq(items.id, made.id));
    return made.id;
  });
  assert.deepEqual(await db.select({ name: items.name }).from(items).where(eq(items.id, id)), [{ name: 'changed' }]);
  await assert.rejects(db.transaction(async (tx) => {
    await tx.delete(items).where(eq(items.id, id));
    throw new Error('no');
  }));
  assert.equal((await db.delete(items).where(eq(items.id, id))).rowCount, 1);
});
await step('socket: kysely', async () => {
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const name = await db.transaction().execute(async (tx) => {
    await tx.insertInto('items').values({ name: 'kysely over a socket' }).execute();
    return (await tx.selectFrom('items').select('name').where('name', 'like', 'kysely over%').executeTakeFirstOrThrow()).name;
  });
  assert.equal(name, 'kysely over a socket');
  assert.equal((await db.deleteFrom('items').where('name', '=', name).executeTakeFirst()).numDeletedRows, 1n);
});
await step('socket: ended clients', async () => {
  await pool.end();
  let count = -1;
  for (let tries = 0; count !== 0 && tries < 100; tries += 1) {
    [{ count }] = await sql`select count(*)::int as count from pg_stat_activity where pid <> pg_backend_pid() and state is not null`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(count, 0);
});
finish();
