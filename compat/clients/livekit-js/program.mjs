// livekit-client in Chromium: a page with two participants does the steps, and tells this program.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Chromium } from '../chromium.mjs';
import { finish, step } from '../tap.mjs';

const steps = ['two join and see each other', 'data, reliable and lossy', 'remote procedure calls', 'text streams',
  'microphone: heard, muted, unmuted', 'camera with simulcast: seen', 'a second track, and one less', 'its socket is cut: it goes on',
  'its connection is lost: it joins anew', 'metadata', 'a moderator removes', 'over two connections: data, sound and pictures',
  'over two connections: its socket is cut', 'over two connections: the server cuts it as it resumes'];
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
const tokens = { ada: await token('ada'), bea: await token('bea'), eve: await token('eve'), fay: await token('fay') };

// What stands between the page and the server cuts their sockets; packets go their own way.
const carried = new Set();
const between = createTcpServer((near) => {
  const far = connect(port, '127.0.0.1');
  for (const [one, other] of [[near, far], [far, near]]) {
    carried.add(one);
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => { carried.delete(one); other.destroy(); });
  }
});
await new Promise((resolve) => between.listen(0, '127.0.0.1', resolve));

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
  const two = { eve: new Room({ singlePeerConnection: false }), fay: new Room({ singlePeerConnection: false }) };
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const until = async (fits, what) => {
    for (let count = 0; !(await fits()); count += 1) {
      if (count > 200) throw new Error(`${what} does not come`);
      await pause(100);
    }
  };
  // What of a track has come: packets, and pictures that could be shown.
  const came = async (track) => {
    let found = {};
    (await track.receiver.getStats()).forEach((entry) => { if (entry.type === 'inbound-rtp') found = entry; });
    return { packets: found.packetsReceived ?? 0, frames: found.framesDecoded ?? 0 };
  };
  const more = async (track, what, count) => {
    const before = (await came(track))[what];
    await until(async () => (await came(track))[what] >= before + count, `${count} ${what}`);
  };
  // How many connections a participant has, as the client itself counts.
  const connections = (room) => (room.engine.pcManager.subscriber ? 2 : 1);
  const cut = async (one, other, tracks) => {
    const sids = [one.localParticipant.sid, other.localParticipant.sid];
    let gone = 0;
    const count = () => { gone += 1; };
    for (const room of [one, other]) room.on(RoomEvent.ParticipantDisconnected, count);
    const resumed = [heard(one, RoomEvent.Reconnected), heard(other, RoomEvent.Reconnected)];
    const said = heard(other, RoomEvent.DataReceived, (data) => new TextDecoder().decode(data) === 'meanwhile');
    const restarted = [];
    for (const room of [one, other]) room.on(RoomEvent.Reconnecting, () => restarted.push(room.name));
    const lost = heard(one, RoomEvent.SignalReconnecting);
    await fetch('/cut', { method: 'POST' });
    await lost;
    await one.localParticipant.publishData(new TextEncoder().encode('meanwhile'), { reliable: true });
    await Promise.all(resumed);
    await said;
    equal(restarted.length, 0);
    equal(`${[one.localParticipant.sid, other.localParticipant.sid]}`, `${sids}`);
    equal(gone, 0);
    for (const [track, what] of tracks) await more(track, what, 10);
    for (const room of [one, other]) room.off(RoomEvent.ParticipantDisconnected, count);
  };
  const seen = {};
  const work = {
    'two join and see each other': async () => {
      await ada.connect(url, tokens.ada);
      const came = heard(ada, RoomEvent.ParticipantConnected);
      await bea.connect(url, tokens.bea);
      equal((await came)[0].identity, 'bea');
      equal(bea.remoteParticipants.get('ada').name, 'ada');
      equal(ada.name, 'js');
      equal(connections(ada), 1);
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
      await more(track, 'packets', 20);
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
      await more(track, 'frames', 30);
      if (element.videoWidth === 0) throw new Error('nothing is shown');
      seen.camera = track;
    },
    'a second track, and one less': async () => {
      // As many again as the client has sections for, and one more.
      const canvas = document.createElement('canvas');
      canvas.getContext('2d').fillRect(0, 0, 16, 16);
      const draw = setInterval(() => {
        const context = canvas.getContext('2d');
        context.fillStyle = `hsl(${Date.now() % 360} 90% 50%)`;
        context.fillRect(0, 0, canvas.width, canvas.height);
      }, 50);
      const tracks = [];
      for (const name of ['one', 'two', 'three']) {
        const came = heard(bea, RoomEvent.TrackSubscribed, (_, publication) => publication.trackName === name);
        const [stream] = canvas.captureStream(20).getVideoTracks();
        tracks.push(await ada.localParticipant.publishTrack(stream, { name, source: Track.Source.Unknown, simulcast: false, videoCodec: 'vp8' }));
        const [track] = await came;
        track.attach();
        await more(track, 'frames', 10);
      }
      for (const published of tracks) {
        const changed = heard(bea, RoomEvent.TrackUnpublished);
        await ada.localParticipant.unpublishTrack(published.track);
        await changed;
      }
      clearInterval(draw);
      // Who publishes is sent something, too.
      const came = heard(ada, RoomEvent.TrackSubscribed);
      const published = await bea.localParticipant.setMicrophoneEnabled(true);
      await more((await came)[0], 'packets', 20);
      await bea.localParticipant.unpublishTrack(published.track);
      await more(seen.camera, 'frames', 10);
    },
    'its socket is cut: it goes on': () => cut(ada, bea, [[seen.camera, 'frames']]),
    'its connection is lost: it joins anew': async () => {
      const anew = heard(ada, RoomEvent.Reconnected);
      const shown = heard(bea, RoomEvent.TrackSubscribed, (track) => track.kind === 'video');
      await ada.simulateScenario('full-reconnect');
      await anew;
      const [track] = await shown;
      track.attach();
      await more(track, 'frames', 10);
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
    'over two connections: data, sound and pictures': async () => {
      const { eve, fay } = two;
      await eve.connect(url, tokens.eve);
      await fay.connect(url, tokens.fay);
      equal(connections(eve), 2);
      const said = heard(fay, RoomEvent.DataReceived);
      await eve.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true });
      equal(new TextDecoder().decode((await said)[0]), 'hello');
      const sound = heard(fay, RoomEvent.TrackSubscribed, (track) => track.kind === 'audio');
      const pictures = heard(fay, RoomEvent.TrackSubscribed, (track) => track.kind === 'video');
      await eve.localParticipant.enableCameraAndMicrophone();
      [seen.sound] = await sound;
      [seen.pictures] = await pictures;
      for (const track of [seen.sound, seen.pictures]) document.body.append(track.attach());
      await more(seen.sound, 'packets', 20);
      await more(seen.pictures, 'frames', 30);
    },
    'over two connections: its socket is cut': () => cut(two.eve, two.fay, [[seen.sound, 'packets'], [seen.pictures, 'frames']]),
    'over two connections: the server cuts it as it resumes': async () => {
      const { eve, fay } = two;
      const resumed = heard(eve, RoomEvent.Reconnected);
      await eve.simulateScenario('disconnect-signal-on-resume');
      await resumed;
      await more(seen.pictures, 'frames', 10);
      await eve.disconnect();
      await fay.disconnect();
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
    const call = `(${page})(${JSON.stringify(`ws://127.0.0.1:${between.address().port}`)}, ${JSON.stringify(tokens)}, ${JSON.stringify(steps)})`;
    answer.setHeader('content-type', 'text/html').end(`<meta charset=utf-8><body><script src=/livekit.js></script><script>${call}</script>`);
  } else if (request.url === '/remove') {
    await ask('DELETE', '/api/v1/rooms/js/participants/ada');
    answer.end();
  } else if (request.url === '/cut') {
    for (const socket of carried) socket.destroy();
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
const browser = new Chromium();
browser.page(`http://127.0.0.1:${server.address().port}/`).catch(done);
await Promise.race([ended, new Promise((resolve) => { setTimeout(resolve, 220000); })]);
browser.close();
server.closeAllConnections();
server.close();
for (const socket of carried) socket.destroy();
between.close();
for (const name of steps) {
  await step(name, () => {
    const text = results.get(name) ?? 'it was not done';
    if (text !== `ok ${name}`) throw new Error(text);
  });
}
zserver.kill('SIGKILL');
rmSync(data, { recursive: true, force: true, maxRetries: 5 });
finish();
