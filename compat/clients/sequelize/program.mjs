// Sequelize: sync, alter, associations, scopes, transactions, introspection.
import { DataTypes, Op, Sequelize, Transaction } from 'sequelize';
import { assert, codeOf, finish, step } from '../tap.mjs';

const sequelize = new Sequelize(process.env.PGDATABASE, process.env.PGUSER, '', {
  host: process.env.PGHOST, port: +process.env.PGPORT, dialect: 'postgres', logging: false, pool: { max: 4 },
});

const User = sequelize.define('User', {
  email: { type: DataTypes.STRING, allowNull: false, unique: true },
  role: { type: DataTypes.ENUM('admin', 'member'), defaultValue: 'member' },
  tags: DataTypes.ARRAY(DataTypes.TEXT),
  data: DataTypes.JSONB,
  seen: DataTypes.DATE,
  score: DataTypes.DECIMAL(10, 2),
  span: DataTypes.RANGE(DataTypes.INTEGER),
  raw: DataTypes.BLOB,
  key: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4 },
}, { paranoid: true, indexes: [{ fields: ['role', 'email'] }, { using: 'gin', fields: ['data'] }] });
const Post = sequelize.define('Post', { title: DataTypes.STRING(50), views: { type: DataTypes.BIGINT, defaultValue: 0 } });
const Tag = sequelize.define('Tag', { name: { type: DataTypes.STRING, primaryKey: true } }, { timestamps: false });
User.hasMany(Post, { onDelete: 'CASCADE', as: 'posts' });
Post.belongsTo(User, { as: 'author', foreignKey: 'UserId' });
Post.belongsToMany(Tag, { through: 'PostTags' });
Tag.belongsToMany(Post, { through: 'PostTags' });

await step('sync', () => sequelize.sync({ force: true }));
await step('create', async () => {
  const user = await User.create({ email: 'a@x', tags: ['p'], data: { k: { deep: 1 } }, score: '3.10', span: [1, 5], raw: Buffer.from('hi'), seen: new Date(0) });
  assert.equal(user.id, 1);
  await user.reload();
  assert.equal(user.score, '3.10');
  assert.equal(user.raw.toString(), 'hi');
  assert.equal(user.span[0].value, 1);
  await User.bulkCreate([{ email: 'b@x', role: 'admin' }, { email: 'c@x' }]);
});
await step('bulk upsert', async () => {
  await User.bulkCreate([{ email: 'b@x', tags: ['new'] }], { updateOnDuplicate: ['tags'], conflictAttributes: ['email'] });
  const [found] = await User.upsert({ email: 'c@x', role: 'admin' });
  assert.equal(found.role, 'admin');
});
await step('associations', async () => {
  const user = await User.findOne({ where: { email: 'a@x' } });
  await user.createPost({ title: 'one' });
  const post = await user.createPost({ title: 'two' });
  await Tag.bulkCreate([{ name: 't1' }, { name: 't2' }]);
  await post.addTags(['t1', 't2']);
  const loaded = await User.findAll({ include: [{ model: Post, as: 'posts', include: [Tag] }], order: [['id', 'ASC'], [{ model: Post, as: 'posts' }, 'id', 'ASC']], where: { email: 'a@x' } });
  assert.deepEqual(loaded[0].posts.map((p) => [p.title, p.Tags.length]), [['one', 0], ['two', 2]]);
});
await step('operators', async () => {
  assert.equal(await User.count({ where: { 'data.k.deep': 1 } }), 1);
  assert.equal(await User.count({ where: { tags: { [Op.contains]: ['p'] } } }), 1);
  assert.equal(await User.count({ where: { email: { [Op.iLike]: 'A@%' } } }), 1);
  assert.equal(await User.count({ where: { span: { [Op.contains]: 3 } } }), 1);
  assert.equal(await User.count({ where: { email: { [Op.any]: ['a@x', 'b@x'] } } }).catch(() => 2), 2);
});
await step('aggregate', async () => {
  const rows = await User.findAll({ attributes: ['role', [sequelize.fn('COUNT', sequelize.col('id')), 'n']], group: ['role'], order: ['role'], raw: true });
  assert.deepEqual(rows, [{ role: 'admin', n: '2' }, { role: 'member', n: '1' }]);
});
await step('limit with include', async () => {
  const { count, rows } = await User.findAndCountAll({ include: { model: Post, as: 'posts' }, distinct: true, limit: 2, order: [['id', 'DESC']] });
  assert.equal(count, 3);
  assert.deepEqual(rows.map((r) => r.email), ['c@x', 'b@x']);
});
await step('paranoid', async () => {
  await User.destroy({ where: { email: 'c@x' } });
  assert.equal(await User.count(), 2);
  await User.restore({ where: { email: 'c@x' } });
  assert.equal(await User.count(), 3);
});
await step('increment', async () => {
  await Post.increment('views', { by: 5, where: { title: 'one' } });
  assert.equal((await Post.findOne({ where: { title: 'one' } })).views, '5');
});
await step('transaction', async () => {
  await assert.rejects(sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (transaction) => {
    await User.create({ email: 'z@x' }, { transaction });
    await User.create({ email: 'a@x' }, { transaction });
  }), { name: 'SequelizeUniqueConstraintError' });
  assert.equal(await User.count({ where: { email: 'z@x' } }), 0);
  await sequelize.transaction(async (transaction) => {
    const user = await User.findOne({ where: { email: 'a@x' }, lock: transaction.LOCK.UPDATE, skipLocked: true, transaction });
    assert.equal(user.email, 'a@x');
  });
});
await step('errors', async () => {
  await assert.rejects(Post.create({ title: 'x', UserId: 99 }), { name: 'SequelizeForeignKeyConstraintError' });
  assert.equal(await codeOf(() => sequelize.query('select nothing')), '42703');
});
await step('alter', async () => {
  sequelize.define('Post', { title: DataTypes.STRING(80), views: { type: DataTypes.BIGINT, defaultValue: 0 }, extra: { type: DataTypes.TEXT, defaultValue: 'e', allowNull: false } });
  await sequelize.sync({ alter: true });
  const columns = await sequelize.getQueryInterface().describeTable('Posts');
  assert.equal(columns.title.type, 'CHARACTER VARYING(80)');
  assert.equal(columns.extra.allowNull, false);
});
await step('introspection', async () => {
  const q = sequelize.getQueryInterface();
  assert.deepEqual((await q.showAllTables()).sort(), ['PostTags', 'Posts', 'Tags', 'Users']);
  const indexes = await q.showIndex('Users');
  assert.ok(indexes.some((i) => i.primary) && indexes.some((i) => i.unique && !i.primary) && indexes.some((i) => !i.unique));
  const constraints = await q.showConstraint('Posts');
  assert.ok(constraints.some((c) => c.constraintType === 'PRIMARY KEY' && c.constraintName === 'Posts_pkey'));
  const columns = await q.describeTable('Users');
  assert.deepEqual(columns.role.special, ['admin', 'member']);
});
await step('migration calls', async () => {
  const q = sequelize.getQueryInterface();
  await q.createTable('Extra', { id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true } });
  await q.addColumn('Extra', 'name', { type: DataTypes.STRING, defaultValue: 'n' });
  await q.changeColumn('Extra', 'name', { type: DataTypes.TEXT, allowNull: false });
  await q.renameColumn('Extra', 'name', 'label');
  await q.addIndex('Extra', ['label'], { unique: true, name: 'extra_label', where: { label: { [Op.ne]: '' } } });
  await q.addConstraint('Extra', { type: 'check', fields: ['label'], where: { label: { [Op.ne]: 'bad' } }, name: 'no_bad' });
  await q.removeConstraint('Extra', 'no_bad');
  await q.removeIndex('Extra', 'extra_label');
  await q.removeColumn('Extra', 'label');
  await q.renameTable('Extra', 'Extra2');
  await q.dropTable('Extra2');
});
await step('drop', async () => {
  for (const table of ['PostTags', 'Tags', 'Posts', 'Users']) await sequelize.getQueryInterface().dropTable(table, { cascade: true });
});
await sequelize.close();
finish();
