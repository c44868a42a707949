// tus-js-client over a bad network, to servers that end.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tus from 'tus-js-client';
import { assert, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const headers = { Authorization: `Basic ${btoa('postgres:')}`, 'Zserver-Database': 'postgres' };
const url = (path, at = port) => `http://127.0.0.1:${at}${path}`;
const sha = (data) => createHash('sha256').update(data).digest('hex');

async function bucket(name, at = port) {
  const made = await fetch(url(`/api/v1/files/${name}`, at), { method: 'PUT', headers, body: '{}' });
  assert.equal(made.status, 201, await made.text());
}

async function stored(path, at = port) {
  const read = await fetch(url(`/api/v1/files/${path}`, at), { headers });
  assert.equal(read.status, 200);
  return Buffer.from(await read.arrayBuffer());
}

function upload(data, options) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(data, {
      endpoint: url('/files'),
      headers,
      retryDelays: [0, 100, 300, 500, 1000, 2000, 3000],
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload),
    });
    upload.start();
  });
}

/** Forwards to `await target()`, which a client waits for; `onBytes` may cut what it is told about. */
function proxy(target, onBytes) {
  const server = net.createServer({ pauseOnConnect: true }, async (client) => {
    client.on('error', () => client.destroy());
    let there;
    try {
      there = net.connect(await target(), '127.0.0.1');
    } catch {
      client.destroy();
      return;
    }
    const cut = () => (client.destroy(), there.destroy());
    for (const socket of [client, there]) socket.on('error', cut).on('close', cut);
    if (client.destroyed) {
      cut();
      return;
    }
    client.on('data', (data) => {
      if (!there.write(data)) {
        client.pause();
        there.once('drain', () => client.resume());
      }
      onBytes(data.length, cut);
    });
    there.pipe(client);
    client.resume();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function serve(data) {
  const words = ['serve', '--dev', '--data', data, '--pg-listen', '127.0.0.1:0', '--http-listen', '127.0.0.1:0'];
  // What names the server under test is no setting of this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ZSERVER_')));
  const child = spawn(process.env.ZSERVER_BINARY, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(/HTTP is served on .*:(\d+)/);
    if (found) {
      child.stdout.resume();
      return { child, port: Number(found[1]) };
    }
  }
  throw new Error('the server ended');
}

/** Kills a server; it is gone when this is over. */
async function kill({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

if (port) await bucket('js');
await step('a file', async () => {
  const data = randomBytes(300_000);
  const done = await upload(data, { metadata: { bucket: 'js', filename: 'a/file.bin', filetype: 'image/png', k: 'é' } });
  assert.match(done.url, /\/files\/[0-9a-f-]{36}$/);
  assert.equal(sha(await stored('js/a/file.bin')), sha(data));
  const head = await fetch(url('/api/v1/files/js/a/file.bin'), { method: 'HEAD', headers });
  assert.equal(head.headers.get('content-type'), 'image/png');
  assert.deepEqual(JSON.parse(head.headers.get('zserver-metadata')), { k: 'é' });
});
await step('pieces', async () => {
  const data = randomBytes(1_000_000);
  await upload(data, { chunkSize: 100_000, metadata: { bucket: 'js', filename: 'pieces' } });
  assert.equal(sha(await stored('js/pieces')), sha(data));
});
await step('with its first bytes', async () => {
  const data = randomBytes(200_000);
  await upload(data, { uploadDataDuringCreation: true, metadata: { bucket: 'js', filename: 'first' } });
  assert.equal(sha(await stored('js/first')), sha(data));
});
await step('parts at once', async () => {
  const data = randomBytes(2_000_000);
  await upload(data, { parallelUploads: 4, metadata: { bucket: 'js', filename: 'parallel' } });
  assert.equal(sha(await stored('js/parallel')), sha(data));
});
await step('a length that comes later', async () => {
  const { Readable } = await import('node:stream');
  const data = randomBytes(500_000);
  const stream = Readable.from([data.subarray(0, 200_000), data.subarray(200_000)]);
  await upload(stream, { uploadLengthDeferred: true, chunkSize: 150_000, metadata: { bucket: 'js', filename: 'deferred' } });
  assert.equal(sha(await stored('js/deferred')), sha(data));
});
await step('methods that are overridden', async () => {
  const data = randomBytes(100_000);
  await upload(data, { overridePatchMethod: true, metadata: { bucket: 'js', filename: 'override' } });
  assert.equal(sha(await stored('js/override')), sha(data));
});
for (const protocol of ['ietf-draft-03', 'ietf-draft-05']) {
  await step(protocol, async () => {
    const data = randomBytes(700_000);
    await upload(data, { protocol, chunkSize: 300_000, metadata: { bucket: 'js', filename: protocol } });
    assert.equal(sha(await stored(`js/${protocol}`)), sha(data));
  });
}
await step('stopped and gone on with', async () => {
  const data = randomBytes(3_000_000);
  const first = await new Promise((resolve, reject) => {
    const begun = new tus.Upload(data, {
      endpoint: url('/files'), headers, chunkSize: 500_000, metadata: { bucket: 'js', filename: 'again' }, onError: reject,
      onChunkComplete: async (_, sent) => {
        if (sent >= 1_000_000) {
          await begun.abort();
          resolve(begun);
        }
      },
    });
    begun.start();
  });
  let resumed = Infinity;
  await upload(data, { uploadUrl: first.url, onProgress: (sent) => (resumed = Math.min(resumed, sent)) });
  assert.ok(resumed >= 1_000_000, `${resumed}`);
  assert.equal(sha(await stored('js/again')), sha(data));
});
await step('given up', async () => {
  const begun = await new Promise((resolve, reject) => {
    const upload = new tus.Upload(randomBytes(1_000_000), {
      endpoint: url('/files'), headers, chunkSize: 100_000, metadata: { bucket: 'js', filename: 'never' }, onError: reject,
      onChunkComplete: async () => {
        await upload.abort(true);
        resolve(upload);
      },
    });
    upload.start();
  });
  const read = await fetch(begun.url ?? url('/files/x'), { method: 'HEAD', headers: { ...headers, 'Tus-Resumable': '1.0.0' } });
  assert.equal(read.status, 404);
});
await step('what is refused', async () => {
  const status = async (metadata) => {
    try {
      await upload(randomBytes(10), { metadata, retryDelays: null });
    } catch (error) {
      return error.originalResponse.getStatus();
    }
    return 0;
  };
  assert.equal(await status({ bucket: 'js' }), 400);
  assert.equal(await status({ bucket: 'nothing', filename: 'x' }), 404);
  assert.equal(await status({ bucket: 'js', filename: '../x' }), 400);
});
await step('100 MB, cut three times, killed once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tus-'));
  // The one that serves now; while it starts again, whoever wants it waits.
  let serving = serve(join(directory, 'data'));
  let between;
  try {
    const first = await serving;
    await bucket('big', first.port);
    const data = randomBytes(100 << 20);
    let seen = 0;
    const events = [20, 40, 60, 80].map((megabytes) => megabytes << 20);
    let [cuts, kills] = [0, 0];
    between = await proxy(async () => (await serving).port, (count, cut) => {
      seen += count;
      if (events.length === 0 || seen < events[0]) return;
      events.shift();
      if (events.length > 0) {
        cuts += 1;
        cut();
        return;
      }
      kills += 1;
      // The data directory is locked until the process is gone.
      serving = kill(first).then(() => serve(join(directory, 'data')));
      cut();
    });
    await upload(data, { endpoint: url('/files', between.address().port), metadata: { bucket: 'big', filename: 'big.bin' } });
    assert.deepEqual([cuts, kills], [3, 1]);
    const { port } = await serving;
    assert.equal(sha(await stored('big/big.bin', port)), sha(data));
  } finally {
    between?.close();
    await serving.then(kill, () => {});
    rmSync(directory, { recursive: true, force: true });
  }
});
finish();
