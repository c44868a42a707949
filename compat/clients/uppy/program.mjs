// Uppy's tus uploader.
import { createHash, randomBytes } from 'node:crypto';
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';
import { assert, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const headers = { Authorization: `Basic ${btoa('postgres:')}`, 'Zserver-Database': 'postgres' };
const base = `http://127.0.0.1:${port}`;
const sha = (data) => createHash('sha256').update(data).digest('hex');
// Uppy asks the browser whether it is online.
globalThis.navigator ??= { onLine: true };

function uppy(options = {}) {
  return new Uppy({ autoProceed: false }).use(Tus, { endpoint: `${base}/files`, headers, retryDelays: [0, 100, 500], ...options });
}

async function stored(path) {
  const read = await fetch(`${base}/api/v1/files/${path}`, { headers });
  assert.equal(read.status, 200);
  return { data: Buffer.from(await read.arrayBuffer()), read };
}

if (port) await fetch(`${base}/api/v1/files/uppy`, { method: 'PUT', headers, body: '{}' });
await step('a file', async () => {
  const data = randomBytes(400_000);
  const own = uppy();
  own.addFile({ name: 'photo.png', type: 'image/png', data, meta: { bucket: 'uppy', caption: 'é' } });
  const result = await own.upload();
  assert.equal(result.failed.length, 0, JSON.stringify(result.failed.map((file) => file.error)));
  assert.match(result.successful[0].uploadURL, /\/files\//);
  const { data: back, read } = await stored('uppy/photo.png');
  assert.equal(sha(back), sha(data));
  assert.equal(read.headers.get('content-type'), 'image/png');
  assert.equal(JSON.parse(read.headers.get('zserver-metadata')).caption, 'é');
});
await step('several in pieces', async () => {
  const own = uppy({ chunkSize: 50_000, limit: 3 });
  const files = Array.from({ length: 5 }, (_, n) => ({ name: `many-${n}.bin`, data: randomBytes(180_000 + n) }));
  for (const file of files) own.addFile({ ...file, type: 'application/octet-stream', meta: { bucket: 'uppy' } });
  const result = await own.upload();
  assert.equal(result.successful.length, 5);
  for (const file of files) assert.equal(sha((await stored(`uppy/${file.name}`)).data), sha(file.data));
});
await step('what is refused fails', async () => {
  const own = uppy({ retryDelays: null });
  own.addFile({ name: 'x', data: randomBytes(10), meta: { bucket: 'nothing' } });
  const result = await own.upload();
  assert.equal(result.failed.length, 1);
});
finish();
