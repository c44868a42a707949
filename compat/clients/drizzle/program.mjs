// Drizzle: schema pushed by generated migrations, relational queries, prepared statements.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { and, count, desc, eq, gt, relations, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { boolean, check, index, integer, jsonb, numeric, pgEnum, pgTable, serial, text, timestamp, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { assert, codeOf, finish, step } from '../tap.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const mood = pgEnum('mood', ['sad', 'ok']);
const users = pgTable('users', {
  id: serial().primaryKey(), name: varchar({ length: 40 }).notNull(), email: text().unique(), mood: mood().default('ok'),
  tags: text().array(), data: jsonb(), balance: numeric({ precision: 12, scale: 2 }), active: boolean().default(true).notNull(),
  made: timestamp({ withTimezone: true }).defaultNow(), key: uuid().defaultRandom(),
}, (t) => [index('users_name').on(t.name), uniqueIndex('users_lower').on(sql`lower(${t.name})`), check('balance_check', sql`${t.balance} >= 0`)]);
const posts = pgTable('posts', { id: integer().primaryKey().generatedAlwaysAsIdentity(), userId: integer().references(() => users.id, { onDelete: 'cascade' }), title: text() });
const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }));
const postsRelations = relations(posts, ({ one }) => ({ user: one(users, { fields: [posts.userId], references: [users.id] }) }));

const pool = new pg.Pool({ max: 3 });
const db = drizzle(pool, { schema: { users, posts, usersRelations, postsRelations } });

await step('create', async () => {
  await db.execute(sql`create type mood as enum ('sad', 'ok')`);
  await db.execute(sql`create table users (id serial primary key not null, name varchar(40) not null, email text, mood mood default 'ok', tags text[], data jsonb, balance numeric(12, 2),
    active boolean default true not null, made timestamp with time zone default now(), key uuid default gen_random_uuid(), constraint users_email_unique unique (email), constraint balance_check check (balance >= 0))`);
  await db.execute(sql`create table posts (id integer primary key generated always as identity (sequence name posts_id_seq increment by 1 minvalue 1 maxvalue 2147483647 start with 1 cache 1), "userId" integer references users(id) on delete cascade, title text)`);
});
await step('migrator', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-'));
  execFileSync('mkdir', ['-p', join(folder, 'meta')]);
  writeFileSync(join(folder, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries: [{ idx: 0, version: '7', when: 1, tag: '0000_a', breakpoints: true }] }));
  writeFileSync(join(folder, '0000_a.sql'), 'create index users_name on users (name);\n--> statement-breakpoint\ncreate unique index users_lower on users (lower(name));');
  await migrate(db, { migrationsFolder: folder });
  await migrate(db, { migrationsFolder: folder });
  assert.equal((await db.execute(sql`select count(*)::int as n from drizzle.__drizzle_migrations`)).rows[0].n, 1);
});
await step('insert', async () => {
  const made = await db.insert(users).values([{ name: 'Ann', email: 'a@x', tags: ['p'], data: { k: 1 }, balance: '5.00' }, { name: 'Bob', email: 'b@x' }]).returning();
  assert.equal(made[0].balance, '5.00');
  assert.deepEqual(made[0].tags, ['p']);
  assert.ok(made[0].made instanceof Date);
  await db.insert(posts).values([{ userId: 1, title: 'one' }, { userId: 1, title: 'two' }]);
});
await step('conflict', async () => {
  await db.insert(users).values({ name: 'Ann2', email: 'a@x' }).onConflictDoUpdate({ target: users.email, set: { mood: 'sad' } });
  await db.insert(users).values({ name: 'Ann3', email: 'a@x' }).onConflictDoNothing();
  assert.equal((await db.select().from(users).where(eq(users.email, 'a@x')))[0].mood, 'sad');
});
await step('relational query', async () => {
  const found = await db.query.users.findMany({ with: { posts: { columns: { title: true }, orderBy: (p, { asc }) => [asc(p.id)] } }, orderBy: (u, { asc }) => [asc(u.id)] });
  assert.deepEqual(found.map((u) => u.posts.map((p) => p.title)), [['one', 'two'], []]);
  const post = await db.query.posts.findFirst({ with: { user: true }, where: (p, { eq: same }) => same(p.title, 'two') });
  assert.equal(post.user.name, 'Ann');
});
await step('select', async () => {
  const sub = db.select({ userId: posts.userId, n: count().as('n') }).from(posts).groupBy(posts.userId).as('sub');
  const rows = await db.select({ name: users.name, n: sub.n }).from(users).leftJoin(sub, eq(sub.userId, users.id)).where(and(eq(users.active, true), gt(users.id, 0))).orderBy(desc(users.id));
  assert.deepEqual(rows, [{ name: 'Bob', n: null }, { name: 'Ann', n: 2 }]);
});
await step('prepared', async () => {
  const prepared = db.select().from(users).where(eq(users.id, sql.placeholder('id'))).prepare('by_id');
  assert.equal((await prepared.execute({ id: 1 }))[0].name, 'Ann');
  assert.equal((await prepared.execute({ id: 2 }))[0].name, 'Bob');
});
await step('transaction', async () => {
  await assert.rejects(db.transaction(async (tx) => { await tx.delete(users); tx.rollback(); }));
  await db.transaction(async (tx) => {
    await tx.insert(users).values({ name: 'Cid' });
    await tx.transaction(async (inner) => { await inner.insert(users).values({ name: 'cid' }); }).catch(() => {});
  }, { isolationLevel: 'serializable' });
  assert.equal(await db.$count(users), 3);
});
await step('errors', async () => {
  assert.equal(await codeOf(() => db.insert(users).values({ name: 'x', balance: '-1' })), '23514');
});
await step('introspection', async () => {
  const out = mkdtempSync(join(tmpdir(), 'drizzle-'));
  const config = join(out, 'drizzle.config.json');
  const url = `postgresql://${process.env.PGUSER}@${process.env.PGHOST}:${process.env.PGPORT}/${process.env.PGDATABASE}`;
  writeFileSync(config, JSON.stringify({ dialect: 'postgresql', out: 'out', dbCredentials: { url, ssl: false } }));
  execFileSync(process.execPath, [join(process.env.CLIENT_MODULES, 'drizzle-kit', 'bin.cjs'), 'pull', '--config', 'drizzle.config.json'], { cwd: out, stdio: 'pipe', env: { ...process.env, NODE_PATH: process.env.CLIENT_MODULES } });
  const schema = readFileSync(join(out, 'out', 'schema.ts'), 'utf8');
  for (const part of ['export const users = pgTable("users"', "pgEnum(\"mood\", ['sad', 'ok'])", 'uniqueIndex("users_lower")', 'check("balance_check"', 'generatedAlwaysAsIdentity', 'onDelete("cascade")']) {
    assert.ok(schema.includes(part), `${part} in ${schema}`);
  }
});
await pool.end();
finish();
