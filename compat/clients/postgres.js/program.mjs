// postgres.js: tagged templates, types, transactions, cursors, COPY, LISTEN, pipelining.
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import postgres from 'postgres';
import { assert, codeOf, finish, step } from '../tap.mjs';

const sql = postgres({ max: 4, onnotice: () => {} });

await step('create', async () => {
  await sql`create table people (id int generated always as identity primary key, name text not null,
    age int, tags text[], data jsonb, born date, at timestamptz default now(), big bigint, price numeric(10,2), raw bytea)`;
});
await step('insert helper', async () => {
  const rows = [
    { name: 'Ann', age: 30, tags: ['a', 'b'], data: sql.json({ k: [1, 2] }), big: '9007199254740993', price: '12.50' },
    { name: 'Bob', age: null, tags: [], data: sql.json(null), big: '1', price: '0.01' },
  ];
  const made = await sql`insert into people ${sql(rows, 'name', 'age', 'tags', 'data', 'big', 'price')} returning *`;
  assert.equal(made.length, 2);
  assert.deepEqual(made[0].tags, ['a', 'b']);
  assert.deepEqual(made[0].data, { k: [1, 2] });
  assert.equal(made[0].big, '9007199254740993');
  assert.equal(made[1].age, null);
});
await step('types', async () => {
  const born = new Date(Date.UTC(2000, 1, 29));
  const raw = Buffer.from([0, 255, 10]);
  const [row] = await sql`update people set born = ${born}, raw = ${raw} where name = 'Ann' returning born, raw, at, price, age`;
  assert.equal(row.born.getTime(), born.getTime());
  assert.ok(row.raw.equals(raw));
  assert.ok(row.at instanceof Date);
  assert.equal(row.price, '12.50');
});
await step('fragments and lists', async () => {
  const condition = sql`age is not null`;
  const rows = await sql`select ${sql(['name', 'age'])} from people where ${condition} and name in ${sql(['Ann', 'Bob'])}`;
  assert.deepEqual([...rows], [{ name: 'Ann', age: 30 }]);
});
await step('columns', async () => {
  const rows = await sql`select id, name, data from people limit 1`;
  assert.deepEqual(rows.columns.map((c) => [c.name, c.type]), [['id', 23], ['name', 25], ['data', 3802]]);
  const { columns, types } = await sql`select * from people where id = ${1} and name = ${'x'}`.describe();
  assert.equal(columns.length, 10);
  assert.deepEqual([...types], [23, 25]);
});
await step('transaction', async () => {
  await sql.begin(async (tx) => {
    await tx`insert into people (name) values ('Cid')`;
    await assert.rejects(tx.savepoint(async (sp) => {
      await sp`insert into people (name) values ('Dan')`;
      await sp`insert into people (name) values (null)`;
    }), { code: '23502' });
    await tx`insert into people (name) values ('Eve')`;
  });
  const names = (await sql`select name from people order by id`).map((r) => r.name);
  assert.deepEqual(names, ['Ann', 'Bob', 'Cid', 'Eve']);
});
await step('rollback', async () => {
  await assert.rejects(sql.begin('isolation level serializable', async (tx) => {
    await tx`delete from people`;
    throw new Error('no');
  }), /no/);
  assert.equal((await sql`select count(*)::int as n from people`)[0].n, 4);
});
await step('two-phase', async () => {
  const code = await codeOf(() => sql.begin(async (tx) => {
    await tx`insert into people (name) values ('Prepared')`;
    await tx.prepare('gid1');
  }));
  if (code === 'no error') await sql`commit prepared 'gid1'`;
  else assert.equal(code, '55000');
});
await step('errors', async () => {
  assert.equal(await codeOf(() => sql`select * from nowhere`), '42P01');
  assert.equal(await codeOf(() => sql`select 1 / ${0}::int`), '22012');
  await assert.rejects(sql`insert into people (name, age) values ('x', ${'no'})`, { code: '22P02' });
});
await step('cursor', async () => {
  const seen = [];
  for await (const rows of sql`select n from generate_series(1, 25) n`.cursor(10)) seen.push(rows.length);
  assert.deepEqual(seen, [10, 10, 5]);
});
await step('forEach', async () => {
  let sum = 0;
  await sql`select n from generate_series(1, 100) n`.forEach((row) => { sum += row.n; });
  assert.equal(sum, 5050);
});
await step('raw and values', async () => {
  assert.deepEqual([...await sql`select 1 as a, 'x' as b`.values()], [[1, 'x']]);
  const [[one]] = await sql`select 1::int4`.raw();
  assert.equal(one.toString(), '1');
});
await step('simple and file', async () => {
  const result = await sql`select 1 as a; select 2 as b`.simple();
  assert.deepEqual(result.map((r) => [...r]), [[{ a: 1 }], [{ b: 2 }]]);
});
await step('copy in', async () => {
  await sql`create table copied (a int, b text)`;
  const writable = await sql`copy copied from stdin`.writable();
  await pipeline(Readable.from(['1\tone\n', '2\ttwo\n']), writable);
  assert.equal((await sql`select count(*)::int as n from copied`)[0].n, 2);
});
await step('copy out', async () => {
  const chunks = [];
  const readable = await sql`copy copied to stdout`.readable();
  for await (const chunk of readable) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), '1\tone\n2\ttwo\n');
});
await step('listen', async () => {
  const got = [];
  const { unlisten } = await sql.listen('news', (payload) => got.push(payload));
  await sql.notify('news', 'hello');
  for (let n = 0; n < 100 && !got.length; n += 1) await new Promise((r) => setTimeout(r, 20));
  assert.deepEqual(got, ['hello']);
  await unlisten();
});
await step('concurrency', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => sql`select ${n}::int as n`));
  assert.deepEqual(answers.map((a) => a[0].n), Array.from({ length: 200 }, (_, n) => n));
});
await step('cancel', async () => {
  const query = sql`select pg_sleep(20)`;
  setTimeout(() => query.cancel(), 200);
  assert.equal(await codeOf(() => query), '57014');
});
await step('custom types', async () => {
  await sql`create type mood as enum ('sad', 'happy')`;
  const own = postgres({ max: 1, types: { rect: { to: 1337, from: [1337], serialize: String, parse: String } } });
  const [row] = await own`select ${'happy'}::mood as m, array['sad', 'happy']::mood[] as all, row(1, 'x') as r`;
  assert.equal(row.m, 'happy');
  assert.deepEqual(row.all, ['sad', 'happy']);
  await own.end();
});
await sql.end();
finish();
