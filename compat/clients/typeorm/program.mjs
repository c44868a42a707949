// TypeORM: entities by schema objects, synchronize, migrations, relations, query builder.
import 'reflect-metadata';
import typeorm from 'typeorm';
import { assert, codeOf, finish, step } from '../tap.mjs';

const { DataSource, EntitySchema, Table, TableColumn, TableForeignKey, TableIndex } = typeorm;

const User = new EntitySchema({
  name: 'User',
  tableName: 'app_user',
  columns: {
    id: { type: 'int', primary: true, generated: 'increment' },
    email: { type: 'varchar', length: 120, unique: true },
    role: { type: 'enum', enum: ['admin', 'member'], default: 'member' },
    tags: { type: 'text', array: true, nullable: true },
    data: { type: 'jsonb', default: {} },
    price: { type: 'numeric', precision: 10, scale: 2, nullable: true },
    key: { type: 'uuid', generated: 'uuid' },
    made: { type: 'timestamptz', createDate: true },
    version: { type: 'int', version: true },
    gone: { type: 'timestamptz', deleteDate: true, nullable: true },
  },
  indices: [{ columns: ['role', 'email'] }],
  checks: [{ name: 'price_positive', expression: '"price" > 0' }],
  relations: { posts: { type: 'one-to-many', target: 'Post', inverseSide: 'author', cascade: true } },
});
const Post = new EntitySchema({
  name: 'Post',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'identity' },
    title: { type: 'varchar' },
  },
  relations: {
    author: { type: 'many-to-one', target: 'User', inverseSide: 'posts', onDelete: 'CASCADE', joinColumn: true },
    labels: { type: 'many-to-many', target: 'Label', joinTable: true, cascade: true },
  },
});
const Label = new EntitySchema({ name: 'Label', columns: { name: { type: 'varchar', primary: true } } });

const source = new DataSource({
  type: 'postgres', host: process.env.PGHOST, port: +process.env.PGPORT, username: process.env.PGUSER,
  database: process.env.PGDATABASE, entities: [User, Post, Label], installExtensions: false, uuidExtension: 'pgcrypto',
});

await step('connect', () => source.initialize());
await step('synchronize', () => source.synchronize());
await step('synchronize again changes nothing', async () => {
  const statements = await source.driver.createSchemaBuilder().log();
  assert.deepEqual(statements.upQueries.map((q) => q.query), []);
});
await step('save', async () => {
  const users = source.getRepository(User);
  const user = await users.save({ email: 'a@x', tags: ['p', 'q'], data: { k: 1 }, price: '9.50', posts: [{ title: 'one', labels: [{ name: 'l1' }, { name: 'l2' }] }, { title: 'two' }] });
  assert.equal(user.version, 1);
  assert.match(user.key, /^[0-9a-f-]{36}$/);
  await users.insert([{ email: 'b@x', role: 'admin' }, { email: 'c@x' }]);
});
await step('find with relations', async () => {
  const [user] = await source.getRepository(User).find({ where: { email: 'a@x' }, relations: { posts: { labels: true } }, order: { posts: { id: 'ASC' } } });
  assert.deepEqual(user.posts.map((p) => p.labels.length), [2, 0]);
  assert.deepEqual(user.data, { k: 1 });
});
await step('find operators', async () => {
  const { In, ILike, ArrayContains, Raw, MoreThan } = typeorm;
  const users = source.getRepository(User);
  assert.equal(await users.countBy({ email: In(['a@x', 'b@x']) }), 2);
  assert.equal(await users.countBy({ email: ILike('A%') }), 1);
  assert.equal(await users.countBy({ tags: ArrayContains(['p']) }), 1);
  assert.equal(await users.countBy({ data: Raw((alias) => `${alias} @> '{"k": 1}'`) }), 1);
  assert.equal(await users.countBy({ price: MoreThan(9) }), 1);
});
await step('query builder', async () => {
  const rows = await source.createQueryBuilder(User, 'u').leftJoin('u.posts', 'p').select('u.email', 'email').addSelect('count(p.id)', 'n')
    .groupBy('u.email').orderBy('u.email').getRawMany();
  assert.deepEqual(rows, [{ email: 'a@x', n: '2' }, { email: 'b@x', n: '0' }, { email: 'c@x', n: '0' }]);
  const [found, count] = await source.createQueryBuilder(User, 'u').leftJoinAndSelect('u.posts', 'p').orderBy('u.id').addOrderBy('p.id').skip(0).take(2).getManyAndCount();
  assert.ok(count > 0);
  assert.equal(found[0].posts.length, 2);
});
await step('update and version', async () => {
  const users = source.getRepository(User);
  const user = await users.findOneByOrFail({ email: 'b@x' });
  user.role = 'member';
  await users.save(user);
  assert.equal((await users.findOneByOrFail({ email: 'b@x' })).version, 2);
  const result = await source.createQueryBuilder().update(User).set({ tags: ['z'] }).where('email = :e', { e: 'c@x' }).returning('*').execute();
  assert.equal(result.affected, 1);
});
await step('upsert', async () => {
  await source.getRepository(User).upsert([{ email: 'c@x', role: 'admin' }], ['email']);
  assert.equal((await source.getRepository(User).findOneByOrFail({ email: 'c@x' })).role, 'admin');
});
await step('soft delete', async () => {
  const users = source.getRepository(User);
  await users.softDelete({ email: 'c@x' });
  assert.equal(await users.count(), 2);
  await users.restore({ email: 'c@x' });
  assert.equal(await users.count(), 3);
});
await step('transactions', async () => {
  assert.equal(await codeOf(() => source.transaction('SERIALIZABLE', async (manager) => {
    await manager.save(User, { email: 'z@x' });
    await manager.insert(User, { email: 'a@x' });
  })), '23505');
  assert.equal(await source.getRepository(User).countBy({ email: 'z@x' }), 0);
  await source.transaction(async (manager) => {
    const user = await manager.findOne(User, { where: { email: 'a@x' }, lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' } });
    assert.ok(user);
    await manager.transaction((inner) => inner.insert(User, { email: 'n@x' }));
  });
  assert.equal(await source.getRepository(User).count(), 4);
});
await step('constraints', async () => {
  assert.equal(await codeOf(() => source.getRepository(User).insert({ email: 'p@x', price: '-1' })), '23514');
  assert.equal(await codeOf(() => source.getRepository(User).insert({ email: 'p@x', role: 'none' })), '22P02');
});
await step('stream', async () => {
  const stream = await source.createQueryBuilder(Post, 'p').stream();
  let n = 0;
  for await (const row of stream) n += row.p_title ? 1 : 0;
  assert.equal(n, 2);
});
await step('schema changes', async () => {
  const runner = source.createQueryRunner();
  await runner.createTable(new Table({ name: 'extra', columns: [{ name: 'id', type: 'int', isPrimary: true }, { name: 'user_id', type: 'int', isNullable: true }] }));
  await runner.addColumn('extra', new TableColumn({ name: 'label', type: 'varchar', length: '20', default: "'x'" }));
  await runner.changeColumn('extra', 'label', new TableColumn({ name: 'label2', type: 'text', isNullable: true }));
  await runner.createForeignKey('extra', new TableForeignKey({ columnNames: ['user_id'], referencedTableName: 'app_user', referencedColumnNames: ['id'], onDelete: 'SET NULL' }));
  await runner.createIndex('extra', new TableIndex({ name: 'extra_label', columnNames: ['label2'], isUnique: true, where: '"label2" IS NOT NULL' }));
  const table = await runner.getTable('extra');
  assert.deepEqual(table.columns.map((c) => c.name).sort(), ['id', 'label2', 'user_id']);
  assert.equal(table.foreignKeys.length, 1);
  assert.equal(table.indices[0].where, '(label2 IS NOT NULL)');
  await runner.dropTable('extra', false, true, true);
  await runner.release();
});
await step('tables as they are', async () => {
  const runner = source.createQueryRunner();
  const table = await runner.getTable('app_user');
  const column = (name) => table.findColumnByName(name);
  assert.deepEqual(column('role').enum, ['admin', 'member']);
  assert.equal(column('tags').isArray, true);
  assert.equal(column('price').precision, 10);
  assert.equal(table.checks.length, 1);
  assert.equal(table.uniques.length, 1);
  assert.equal(await runner.hasColumn('post', 'authorId'), true);
  await runner.release();
});
await step('drop', () => source.dropDatabase());
await source.destroy();
finish();
