// Knex: schema builder, migrations, queries, transactions, streams, introspection.
import knexLibrary from 'knex';
import { assert, codeOf, finish, step } from '../tap.mjs';

const knex = knexLibrary({
  client: 'pg',
  connection: { host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, database: process.env.PGDATABASE },
  pool: { min: 0, max: 4 },
});

const migrations = {
  getMigrations: async () => ['1_first', '2_second'],
  getMigrationName: (name) => name,
  getMigration: async (name) => ({
    '1_first': {
      up: (k) => k.schema.createTable('users', (t) => {
        t.increments('id');
        t.string('email', 100).notNullable().unique();
        t.jsonb('profile').defaultTo('{}');
        t.specificType('tags', 'text[]');
        t.timestamps(true, true);
        t.index(['created_at'], 'users_created');
      }).createTable('posts', (t) => {
        t.uuid('id').primary().defaultTo(k.raw('gen_random_uuid()'));
        t.integer('user_id').references('id').inTable('users').onDelete('CASCADE');
        t.text('title').notNullable();
        t.decimal('score', 8, 2).checkPositive();
        t.enu('state', ['draft', 'live'], { useNative: true, enumName: 'post_state' });
      }),
      down: (k) => k.schema.dropTable('posts').dropTable('users').raw('drop type post_state'),
    },
    '2_second': {
      up: (k) => k.schema.alterTable('users', (t) => {
        t.boolean('active').notNullable().defaultTo(true);
        t.string('email', 200).notNullable().alter();
        t.renameColumn('profile', 'settings');
      }),
      down: (k) => k.schema.alterTable('users', (t) => {
        t.dropColumn('active');
        t.renameColumn('settings', 'profile');
      }),
    },
  }[name]),
};

await step('migrate', async () => {
  const [, log] = await knex.migrate.latest({ migrationSource: migrations });
  assert.deepEqual(log, ['1_first', '2_second']);
  assert.equal(await knex.migrate.currentVersion({ migrationSource: migrations }), '2');
});
await step('column info', async () => {
  const info = await knex('users').columnInfo();
  assert.deepEqual(info.email, { type: 'character varying', maxLength: 200, nullable: false, defaultValue: null });
  assert.equal(info.active.defaultValue, 'true');
  assert.ok(await knex.schema.hasTable('posts'));
  assert.ok(await knex.schema.hasColumn('users', 'settings'));
});
await step('insert', async () => {
  const made = await knex('users').insert([{ email: 'a@x', tags: ['p', 'q'] }, { email: 'b@x', settings: { k: 1 } }]).returning(['id', 'tags', 'settings']);
  assert.deepEqual(made, [{ id: 1, tags: ['p', 'q'], settings: {} }, { id: 2, tags: null, settings: { k: 1 } }]);
  await knex.batchInsert('posts', Array.from({ length: 50 }, (_, n) => ({ user_id: 1 + (n % 2), title: `t${n}`, score: n + 0.5, state: 'live' })), 20);
});
await step('upsert', async () => {
  await knex('users').insert({ email: 'a@x', tags: ['z'] }).onConflict('email').merge(['tags']);
  await knex('users').insert({ email: 'b@x' }).onConflict('email').ignore();
  assert.deepEqual((await knex('users').where({ email: 'a@x' }).first()).tags, ['z']);
});
await step('query', async () => {
  const rows = await knex('users as u').join('posts as p', 'p.user_id', 'u.id').select('u.email').count({ n: 'p.id' }).avg({ a: 'score' })
    .groupBy('u.email').having(knex.raw('count(*) > ?', [10])).orderBy('u.email');
  assert.deepEqual(rows, [{ email: 'a@x', n: '25', a: '24.5000000000000000' }, { email: 'b@x', n: '25', a: '25.5000000000000000' }]);
});
await step('with and union', async () => {
  const rows = await knex.with('x', knex('posts').select('title').where('score', '<', 3)).select('title').from('x').unionAll([knex.select(knex.raw("'end' as title"))]).orderBy('title');
  assert.deepEqual(rows.map((r) => r.title), ['end', 't0', 't1', 't2']);
});
await step('json', async () => {
  const rows = await knex('users').select('email', knex.jsonExtract('settings', '$.k', 'k')).whereJsonPath('settings', '$.k', '=', 1);
  assert.deepEqual(rows, [{ email: 'b@x', k: 1 }]);
  assert.equal((await knex('users').whereJsonSupersetOf('settings', { k: 1 })).length, 1);
});
await step('transaction', async () => {
  await assert.rejects(knex.transaction(async (trx) => {
    await trx('posts').del();
    await trx('users').insert({ email: 'a@x' });
  }), { code: '23505', constraint: 'users_email_unique' });
  assert.equal((await knex('posts').count('* as n'))[0].n, '50');
});
await step('nested transaction', async () => {
  await knex.transaction(async (trx) => {
    await trx('users').insert({ email: 'c@x' });
    await trx.transaction(async (inner) => { await inner('users').insert({ email: 'd@x' }); await inner.rollback(new Error('undo')); }).catch(() => {});
  });
  assert.deepEqual((await knex('users').pluck('email').orderBy('id')), ['a@x', 'b@x', 'c@x']);
});
await step('locks', async () => {
  await knex.transaction(async (trx) => {
    assert.equal((await trx('users').forUpdate().skipLocked().where('id', 1)).length, 1);
    assert.equal((await knex('users').forUpdate().skipLocked().where('id', 1)).length, 0);
    assert.equal(await codeOf(() => knex('users').forUpdate().noWait().where('id', 1)), '55P03');
  });
});
await step('stream', async () => {
  let n = 0;
  for await (const row of knex('posts').select('title').stream({ highWaterMark: 10 })) n += row.title.length > 0 ? 1 : 0;
  assert.equal(n, 50);
});
await step('constraints', async () => {
  assert.equal(await codeOf(() => knex('posts').insert({ title: 'x', score: -1 })), '23514');
  assert.equal(await codeOf(() => knex('posts').insert({ title: 'x', state: 'odd' })), '22P02');
  assert.equal(await codeOf(() => knex('posts').insert({ title: 'x', user_id: 99 })), '23503');
});
await step('views', async () => {
  await knex.schema.createView('live', (v) => { v.columns(['title']); v.as(knex('posts').select('title').where('state', 'live')); });
  await knex.schema.createMaterializedView('counted', (v) => v.as(knex('posts').count('* as n')));
  await knex.schema.refreshMaterializedView('counted');
  assert.equal((await knex('counted').first()).n, '50');
});
await step('rollback', async () => {
  await knex.schema.dropMaterializedView('counted').dropView('live');
  await knex.migrate.rollback({ migrationSource: migrations }, true);
  assert.equal(await knex.schema.hasTable('users'), false);
});
await knex.destroy();
finish();
