// Kysely over node-postgres: schema, queries, transactions, streams, introspection, migrations.
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { assert, codeOf, finish, step } from '../tap.mjs';

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ max: 3 }), cursor: Cursor }) });

const migrator = new Migrator({
  db,
  provider: {
    getMigrations: async () => ({
      m1: {
        up: async (k) => {
          await k.schema.createType('Species').asEnum(['cat', 'dog']).execute();
          await k.schema.createTable('Person').addColumn('id', 'integer', (c) => c.primaryKey().generatedAlwaysAsIdentity())
            .addColumn('firstName', 'varchar(50)', (c) => c.notNull()).addColumn('made', 'timestamptz', (c) => c.defaultTo(sql`now()`)).execute();
          await k.schema.createTable('pet').addColumn('id', 'serial', (c) => c.primaryKey())
            .addColumn('ownerId', 'integer', (c) => c.references('Person.id').onDelete('cascade').notNull())
            .addColumn('name', 'text').addColumn('species', sql`"Species"`).addColumn('doubled', 'integer', (c) => c.generatedAlwaysAs(sql`"ownerId" * 2`).stored())
            .addUniqueConstraint('pet_unique', ['ownerId', 'name']).execute();
          await k.schema.createIndex('pet_name').on('pet').expression(sql`lower(name)`).execute();
          await k.schema.createView('cats').as(k.selectFrom('pet').select(['name']).where('species', '=', sql`'cat'`)).execute();
        },
        down: async (k) => {
          await k.schema.dropView('cats').execute();
          await k.schema.dropTable('pet').execute();
          await k.schema.dropTable('Person').execute();
          await k.schema.dropType('Species').execute();
        },
      },
    }),
  },
});

await step('migrate', async () => {
  const { error, results } = await migrator.migrateToLatest();
  assert.equal(error, undefined);
  assert.deepEqual(results.map((r) => r.status), ['Success']);
});
await step('insert', async () => {
  const people = await db.insertInto('Person').values([{ firstName: 'Ann' }, { firstName: 'Bob' }]).returning(['id', 'firstName']).execute();
  assert.deepEqual(people, [{ id: 1, firstName: 'Ann' }, { id: 2, firstName: 'Bob' }]);
  const result = await db.insertInto('pet').values([{ ownerId: 1, name: 'Tom', species: 'cat' }, { ownerId: 2, name: 'Rex', species: 'dog' }]).executeTakeFirst();
  assert.equal(result.numInsertedOrUpdatedRows, 2n);
});
await step('on conflict', async () => {
  const row = await db.insertInto('pet').values({ ownerId: 1, name: 'Tom', species: 'dog' })
    .onConflict((oc) => oc.constraint('pet_unique').doUpdateSet((eb) => ({ species: eb.ref('excluded.species') }))).returningAll().executeTakeFirst();
  assert.equal(row.species, 'dog');
  assert.equal(row.doubled, 2);
});
await step('select', async () => {
  const rows = await db.selectFrom('Person as p').innerJoin('pet', 'pet.ownerId', 'p.id').select(['p.firstName', 'pet.name']).where('p.firstName', 'in', ['Ann', 'Bob']).orderBy('p.id').execute();
  assert.deepEqual(rows, [{ firstName: 'Ann', name: 'Tom' }, { firstName: 'Bob', name: 'Rex' }]);
  const lateral = await db.selectFrom('Person as p').leftJoinLateral((eb) => eb.selectFrom('pet').select('name').whereRef('pet.ownerId', '=', 'p.id').limit(1).as('x'), (j) => j.onTrue()).select('x.name').orderBy('p.id').execute();
  assert.deepEqual(lateral.map((r) => r.name), ['Tom', 'Rex']);
});
await step('with', async () => {
  const row = await db.with('gone', (k) => k.deleteFrom('pet').where('name', '=', 'Rex').returning('id')).selectFrom('gone').select((eb) => eb.fn.countAll().as('n')).executeTakeFirst();
  assert.equal(row.n, '1');
});
await step('transaction', async () => {
  assert.equal(await codeOf(() => db.transaction().setIsolationLevel('repeatable read').execute(async (trx) => {
    await trx.deleteFrom('Person').execute();
    await trx.insertInto('pet').values({ ownerId: 77, name: 'x' }).execute();
  })), '23503');
  const trx = await db.startTransaction().execute();
  const saved = await trx.savepoint('here').execute();
  await saved.deleteFrom('Person').execute();
  await saved.rollbackToSavepoint('here').execute();
  await trx.commit().execute();
  assert.equal((await db.selectFrom('Person').select((eb) => eb.fn.countAll().as('n')).executeTakeFirst()).n, '2');
});
await step('merge', async () => {
  const result = await db.mergeInto('Person').using('pet', 'pet.ownerId', 'Person.id').whenMatched().thenUpdateSet({ firstName: 'Owner' }).executeTakeFirst();
  assert.equal(result.numChangedRows, 1n);
});
await step('stream', async () => {
  let n = 0;
  for await (const row of db.selectFrom(sql`generate_series(1, 30)`.as('g')).select(sql`g`.as('v')).stream(7)) n += Number(row.v);
  assert.equal(n, 465);
});
await step('introspection', async () => {
  const tables = await db.introspection.getTables();
  const person = tables.find((t) => t.name === 'Person');
  assert.deepEqual(person.columns.map((c) => [c.name, c.dataType, c.isNullable, c.isAutoIncrementing, c.hasDefaultValue]), [['id', 'int4', false, true, false], ['firstName', 'varchar', false, false, false], ['made', 'timestamptz', true, false, true]]);
  assert.ok(tables.find((t) => t.name === 'cats').isView);
  assert.ok((await db.introspection.getSchemas()).some((s) => s.name === 'public'));
});
await step('explain', async () => {
  const plan = await db.selectFrom('Person').selectAll().explain('json', sql`analyze`);
  assert.ok(plan[0]['QUERY PLAN'][0].Plan['Node Type']);
});
await step('migrate down', async () => {
  const { error } = await migrator.migrateDown();
  assert.equal(error, undefined);
});
await db.destroy();
finish();
