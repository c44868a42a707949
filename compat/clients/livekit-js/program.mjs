// livekit-client in Chromium: a page with two participants does the steps, and tells this program.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finish, step } from '../tap.mjs';

const steps = ['two join and see each other', 'data, reliable and lossy', 'remote procedure calls', 'text streams',
  'microphone: heard, muted, unmuted', 'camera with simulcast: seen', 'metadata', 'a moderator removes'];
if (!process.env.ZSERVER_HTTP_PORT) {
  // PostgreSQL does not speak it: what there is to pass.
  for (const name of steps) console.log(`ok ${name}`);
  process.exit(0);
}

// A page of another origin asks: a server that lets it.
const data = mkdtempSync(join(tmpdir(), 'zserver-'));
const words = ['serve', '--dev', '--data', join(data, 'data'), '--pg-listen', '127.0.0.1:0', '--http-listen', '127.0.0.1:0'];
// What names the server under test is no setting of this one.
const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ZSERVER_')));
const env = { ...others, ZSERVER_HTTP_CORS_ORIGINS: '*' };
const zserver = spawn(process.env.ZSERVER_BINARY, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
let port;
for await (const line of createInterface({ input: zserver.stdout })) {
  port = line.match(/HTTP is served on .*:(\d+)/)?.[1];
  if (port) break;
}
zserver.stdout.resume();

const base = `http://127.0.0.1:${port}`;
const headers = { authorization: `Basic ${btoa('postgres:')}`, 'zserver-database': 'postgres' };
async function ask(method, path, body) {
  const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}
await ask('POST', '/api/v1/rooms', { name: 'js' });
const token = async (identity) => (await ask('POST', '/api/v1/rooms/js/tokens',
  { identity, name: identity, grants: { canUpdateOwnMetadata: true } })).token;
const tokens = { ada: await token('ada'), bea: await token('bea') };

// What runs in the page.
async function page(url, tokens, names) {
  const { Room, RoomEvent, Track, DisconnectReason, RpcError } = LivekitClient;
  const told = (line) => fetch('/told', { method: 'POST', body: line });
  const within = (promise, what) => Promise.race([promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`${what} does not come`)), 20000))]);
  const heard = (room, event, fits = () => true) => within(new Promise((resolve) => {
    const listen = (...words) => { if (fits(...words)) { room.off(event, listen); resolve(words); } };
    room.on(event, listen);
  }), event);
  const equal = (left, right) => { if (left !== right) throw new Error(`${left}, not ${right}`); };
  const rooms = { ada: new Room(), bea: new Room() };
  const { ada, bea } = rooms;
  const work = {
    'two join and see each other': async () => {
      await ada.connect(url, tokens.ada);
      const came = heard(ada, RoomEvent.ParticipantConnected);
      await bea.connect(url, tokens.bea);
      equal((await came)[0].identity, 'bea');
      equal(bea.remoteParticipants.get('ada').name, 'ada');
      equal(ada.name, 'js');
    },
    'data, reliable and lossy': async () => {
      const bytes = new TextEncoder().encode('hello');
      let came = heard(bea, RoomEvent.DataReceived);
      await ada.localParticipant.publishData(bytes, { reliable: true, topic: 't' });
      const [data, who, , topic] = await came;
      equal(`${new TextDecoder().decode(data)} ${who.identity} ${topic}`, 'hello ada t');
      came = heard(ada, RoomEvent.DataReceived);
      for (let count = 0; count < 20; count += 1) {
        await bea.localParticipant.publishData(bytes, { reliable: false, destinationIdentities: ['ada'] });
      }
      equal((await came)[1].identity, 'bea');
    },
    'remote procedure calls': async () => {
      bea.registerRpcMethod('greet', async ({ callerIdentity, payload }) => {
        if (payload === 'fail') throw new RpcError(1500, 'refused');
        return `hello ${payload} from ${callerIdentity}`;
      });
      const call = (payload) => ada.localParticipant.performRpc({ destinationIdentity: 'bea', method: 'greet', payload });
      equal(await call('x'), 'hello x from ada');
      equal(await call('fail').catch((error) => error.code), 1500);
    },
    'text streams': async () => {
      const came = within(new Promise((resolve) => bea.registerTextStreamHandler('chat', async (reader) => resolve(await reader.readAll()))), 'text');
      const text = 'é'.repeat(50000);
      await ada.localParticipant.sendText(text, { topic: 'chat' });
      equal(await came, text);
    },
    'microphone: heard, muted, unmuted': async () => {
      const came = heard(bea, RoomEvent.TrackSubscribed, (track) => track.kind === 'audio');
      const published = await ada.localParticipant.setMicrophoneEnabled(true);
      const [track] = await came;
      const received = async () => {
        const report = await track.receiver.getStats();
        let packets = 0;
        report.forEach((entry) => { if (entry.type === 'inbound-rtp') packets = entry.packetsReceived; });
        return packets;
      };
      for (let count = 0; (await received()) < 20; count += 1) {
        if (count > 100) throw new Error('nothing is heard');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      let changed = heard(bea, RoomEvent.TrackMuted);
      await published.mute();
      await changed;
      changed = heard(bea, RoomEvent.TrackUnmuted);
      await published.unmute();
      await changed;
      changed = heard(bea, RoomEvent.TrackUnpublished);
      await ada.localParticipant.unpublishTrack(published.track);
      await changed;
    },
    'camera with simulcast: seen': async () => {
      const came = heard(bea, RoomEvent.TrackSubscribed, (track) => track.kind === 'video');
      await ada.localParticipant.setCameraEnabled(true, { resolution: { width: 1280, height: 720 } }, { simulcast: true, videoCodec: 'vp8' });
      const [track, publication] = await came;
      equal(publication.source, Track.Source.Camera);
      const element = track.attach();
      element.muted = true;
      document.body.append(element);
      element.play();
      await within(new Promise((resolve) => element.requestVideoFrameCallback(resolve)), 'a frame');
      for (let count = 0; element.videoWidth === 0; count += 1) {
        if (count > 100) throw new Error('nothing is seen');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await ada.localParticipant.setCameraEnabled(false);
    },
    metadata: async () => {
      const came = heard(bea, RoomEvent.ParticipantMetadataChanged);
      await ada.localParticipant.setMetadata('busy');
      equal((await came)[1].metadata, 'busy');
    },
    'a moderator removes': async () => {
      const gone = heard(ada, RoomEvent.Disconnected);
      const left = heard(bea, RoomEvent.ParticipantDisconnected);
      await fetch('/remove', { method: 'POST' });
      equal((await gone)[0], DisconnectReason.PARTICIPANT_REMOVED);
      equal((await left)[0].identity, 'ada');
      await bea.disconnect();
    },
  };
  for (const name of names) {
    try {
      await work[name]();
      await told(`ok ${name}`);
    } catch (error) {
      await told(`not ok ${name}: ${error.message} ${error.stack}`);
    }
  }
  await told('done');
}

const script = readFileSync(new URL('../node_modules/livekit-client/dist/livekit-client.umd.js', import.meta.url));
const results = new Map();
let done;
const ended = new Promise((resolve) => { done = resolve; });
const server = createServer(async (request, answer) => {
  if (request.url === '/livekit.js') {
    answer.setHeader('content-type', 'text/javascript').end(script);
  } else if (request.url === '/') {
    const call = `(${page})(${JSON.stringify(`ws://127.0.0.1:${port}`)}, ${JSON.stringify(tokens)}, ${JSON.stringify(steps)})`;
    answer.setHeader('content-type', 'text/html').end(`<meta charset=utf-8><body><script src=/livekit.js></script><script>${call}</script>`);
  } else if (request.url === '/remove') {
    await ask('DELETE', '/api/v1/rooms/js/participants/ada');
    answer.end();
  } else if (request.url === '/told') {
    let text = '';
    for await (const piece of request) text += piece;
    if (text === 'done') done();
    else results.set(steps.find((name) => text.replace(/^(not )?ok /, '').startsWith(name)), text);
    answer.end();
  } else {
    answer.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
const browser = execFile(process.env.CHROMIUM ?? 'chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`,
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection', `http://127.0.0.1:${server.address().port}/`]);
browser.on('error', done);
await Promise.race([ended, new Promise((resolve) => { setTimeout(resolve, 180000); })]);
browser.kill('SIGKILL');
server.closeAllConnections();
server.close();
for (const name of steps) {
  await step(name, () => {
    const text = results.get(name) ?? 'it was not done';
    if (text !== `ok ${name}`) throw new Error(text);
  });
}
zserver.kill('SIGKILL');
rmSync(data, { recursive: true, force: true, maxRetries: 5 });
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
finish();
