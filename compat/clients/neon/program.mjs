// Neon's serverless driver over HTTP: values, errors, batches, Drizzle and Kysely on it.
import { neon, neonConfig, types } from '@neondatabase/serverless';
import { eq, sql as raw } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { jsonb, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';
import { Kysely } from 'kysely';
import { NeonDialect } from 'kysely-neon';
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
finish();
