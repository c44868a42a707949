// SQL over data channels of libdatachannel: the test of node-postgres over TCP in a channel,
// passwords, large results and parameters, cancels, what a closed channel leaves; JSON-RPC.
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { ChannelStream, configuration, connectPeer } from './data_channel.mjs';
import { assert, codeOf, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const role = { user: 'channel_role', password: 's3cret', database: 'postgres' };

if (port) {
  const tcp = new pg.Client();
  await tcp.connect();
  await tcp.query("CREATE ROLE channel_role SUPERUSER LOGIN PASSWORD 's3cret'");
  await tcp.query('CREATE TABLE channel_t (id int PRIMARY KEY)');
  await tcp.end();
}
const peer = port ? await connectPeer(port) : undefined;
const client = async (more = {}) => {
  const client = new pg.Client(await configuration(peer, { ...role, ...more }));
  client.on('error', () => {});
  await client.connect();
  return client;
};

await step('the test of node-postgres', async () => {
  const environment = { ...process.env, DATA_CHANNEL: port, PGUSER: role.user, PGPASSWORD: role.password };
  const done = spawnSync('node', ['node_client.mjs'], { env: environment, encoding: 'utf8', timeout: 120_000 });
  assert.equal(done.stdout, 'node-postgres\n', done.stderr);
});
await step('passwords', async () => {
  assert.equal(await codeOf(() => client({ password: 'wrong' })), '28P01');
  assert.equal(await codeOf(() => client({ user: 'postgres', password: 'any' })), '28P01');
});
await step('several channels of a peer', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => client()));
  const pids = await Promise.all(clients.map((one) => one.query('SELECT pg_backend_pid() AS pid, pg_sleep(0.1)')));
  assert.equal(new Set(pids.map((result) => result.rows[0].pid)).size, 8);
  await Promise.all(clients.map((one) => one.end()));
});
await step('large results and parameters', async () => {
  const one = await client();
  const begun = performance.now();
  const { rows } = await one.query("SELECT g, repeat('x', 1000) AS v FROM generate_series(1, 50000) g");
  const seconds = (performance.now() - begun) / 1000;
  console.error(`# 50 MB in ${seconds.toFixed(2)} s: ${(50 / seconds).toFixed(1)} MB/s`);
  assert.equal(rows.length, 50_000);
  assert.ok(rows.every((row, at) => row.g === at + 1 && row.v.length === 1000));
  const text = 'é'.repeat(3_000_000);
  const back = await one.query('SELECT $1::text AS v, md5($1) AS sum', [text]);
  assert.equal(back.rows[0].v, text);
  await one.end();
});
await step('cancel', async () => {
  const one = await client();
  const running = codeOf(() => one.query('SELECT pg_sleep(60)'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const asked = Buffer.alloc(16);
  [16, 80877102, one.processID, one.secretKey].forEach((number, at) => asked.writeInt32BE(number, at * 4));
  new ChannelStream(await peer.channel('pgwire')).write(asked);
  assert.equal(await running, '57014');
  assert.equal((await one.query('SELECT 1 AS one')).rows[0].one, 1);
  await one.end();
});
await step('a channel that closes undoes', async () => {
  const one = await client();
  const { pid } = (await one.query('SELECT pg_backend_pid() AS pid')).rows[0];
  await one.query('BEGIN');
  await one.query('INSERT INTO channel_t VALUES (1)');
  one.connection.stream.channel.close();
  const other = await client();
  const there = async () => (await other.query('SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = $1', [pid])).rows[0].n;
  for (let left = 100; left && (await there()); left -= 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await there(), 0);
  await other.query('INSERT INTO channel_t VALUES (1)');
  await other.end();
});
await step('JSON-RPC', async () => {
  const channel = await peer.channel('jsonrpc-sql.v1');
  const waiting = new Map();
  channel.onMessage((text) => {
    const message = JSON.parse(text);
    waiting.get(message.id)?.(message);
  });
  let last = 0;
  const ask = (method, params) => new Promise((resolve) => {
    waiting.set((last += 1), resolve);
    channel.sendMessage(JSON.stringify({ jsonrpc: '2.0', id: last, method, params }));
  });
  const { result } = await ask('query', { query: 'SELECT $1::int + 1 AS n', params: [41] });
  assert.deepEqual([result.rows, result.columns[0].name, result.row_count], [[[42]], 'n', 1]);
  assert.equal((await ask('query', { query: 'SELECT nosuch' })).error.data.code, '42703');
  const begun = performance.now();
  for (let at = 0; at < 200; at += 1) await ask('query', { query: 'SELECT 1' });
  console.error(`# a request and its answer: ${((performance.now() - begun) / 200).toFixed(2)} ms`);
  channel.close();
});
peer?.close();
finish();
