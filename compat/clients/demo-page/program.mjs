// The demonstration page as it is, in two windows of a Chromium: they join, publish, watch each
// other, write, ask for rows, record and play; what they count is compared with what the server says.
import { assert, finish, step as run } from '../tap.mjs';
import { Chromium } from '../chromium.mjs';
import { compare, snapshot } from './figures.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const WATCH_MS = 60_000;
const SNAPSHOT_MS = 500;
const TITLE = 'ZServer rooms';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const base = `http://127.0.0.1:${port}`;
const headers = { authorization: `Basic ${btoa('postgres:')}`, 'zserver-database': 'postgres' };
async function sql(query) {
  const answer = await fetch(`${base}/api/v1/sql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body.results[0].rows;
}

const browser = port ? new Chromium(`--auto-select-tab-capture-source-by-title=${TITLE}`) : undefined;
const pages = {};
let track;

// What runs in a page.
const press = (selector) => document.querySelector(selector).click();
const isPressed = (source) => document.querySelector(`[data-source=${source}]`).getAttribute('aria-pressed') === 'true';
const says = (text) => document.getElementById('status').textContent === text;
async function join(name) {
  const form = document.getElementById('join');
  if (document.readyState !== 'complete' || !form) return false;
  await import('/demo/main.js');
  form.elements.name.value = name;
  form.requestSubmit();
  return true;
}
/** Of each video that comes: its sid, what was decoded and how large it is. */
async function videos() {
  const { current } = await import('/demo/main.js');
  const { room } = current;
  const found = {};
  for (const entry of (await room.connection.getStats()).values()) {
    if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') continue;
    const [sid] = [...room.media].find(([, { mid }]) => mid === entry.mid) ?? [];
    if (!sid) continue;
    found[sid] = { frames: entry.framesDecoded ?? 0, width: entry.frameWidth ?? 0, height: entry.frameHeight ?? 0, freezes: entry.freezeCount ?? 0, lost: entry.packetsLost };
  }
  return found;
}
async function heard() {
  const { current } = await import('/demo/main.js');
  const all = [...(await current.room.connection.getStats()).values()];
  return all.filter((one) => one.type === 'inbound-rtp' && one.kind === 'audio').reduce((sum, one) => sum + one.packetsReceived, 0);
}
async function sent() {
  const { current } = await import('/demo/main.js');
  const all = [...(await current.room.connection.getStats()).values()];
  const camera = current.room.own.get('camera');
  return { sid: camera?.sid, layers: all.filter((one) => one.type === 'outbound-rtp' && one.mid === camera?.transceiver.mid)
    .map((one) => ({ rid: one.rid, width: one.frameWidth ?? 0, frames: one.framesEncoded ?? 0 })) };
}

const widthOf = async (page, sid) => (await page.run(videos))[sid]?.width ?? 0;
async function eventually(what, work, patience = 30_000) {
  for (const end = Date.now() + patience; ;) {
    const found = await work();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} does not come`);
    await sleep(300);
  }
}

await step('two pages join', async () => {
  for (const name of ['Ada', 'Bea']) {
    pages[name] = await browser.page(`${base}/demo`);
    await pages[name].until('the form', join, name);
    await pages[name].until('the connection', says, 'Connected.');
  }
  await pages.Ada.until('the other one', () => document.getElementById('where').textContent === 'lobby as Ada, 2 here');
});
await step('cameras and microphones: seen and heard', async () => {
  for (const page of Object.values(pages)) {
    for (const source of ['microphone', 'camera']) {
      await page.run(press, `[data-source=${source}]`);
      await page.until(`the ${source}`, isPressed, source);
    }
  }
  for (const page of Object.values(pages)) {
    await eventually('a picture', async () => Object.values(await page.run(videos)).some(({ frames }) => frames > 20));
    await eventually('a sound', async () => (await page.run(heard)) > 50);
  }
  const playing = await pages.Ada.run(() => [...document.querySelectorAll('.tile video')].map((one) => one.videoWidth > 0 && !one.paused));
  assert.deepEqual(playing, [true, true]);
});
await step('a camera sends three layers', async () => {
  const found = await eventually('three layers', async () => {
    const found = await pages.Ada.run(sent);
    return found.layers.filter(({ frames }) => frames > 20).length === 3 && found;
  }, 60_000);
  track = found.sid;
  const widths = found.layers.map(({ width }) => width).sort((one, other) => one - other);
  assert.ok(widths[1] === 2 * widths[0] && widths[2] === 4 * widths[0], String(widths));
  console.error(`# layers: ${widths}`);
});
await step('a low layer is sent where it is chosen', async () => {
  const choose = (sid, value) => {
    const chooser = document.querySelector(`.tile[data-sid=${sid}] select`);
    chooser.value = value;
    chooser.dispatchEvent(new Event('change'));
  };
  const { layers } = await pages.Ada.run(sent);
  const widths = layers.map(({ width }) => width).sort((one, other) => one - other);
  await eventually('the best layer', async () => (await widthOf(pages.Bea, track)) === widths[2]);
  await pages.Bea.run(choose, track, '0');
  await eventually('the lowest layer', async () => (await widthOf(pages.Bea, track)) === widths[0]);
  await pages.Bea.run(choose, track, 'paused');
  await sleep(1000);
  const before = (await pages.Bea.run(videos))[track].frames;
  await sleep(2000);
  assert.ok((await pages.Bea.run(videos))[track].frames - before < 3, 'it is not paused');
  await pages.Bea.run(choose, track, '');
  await eventually('the best layer again', async () => (await widthOf(pages.Bea, track)) === widths[2]);
});
await step('a screen is a third track', async () => {
  await pages.Ada.run(press, '[data-source=screen_share]');
  await pages.Ada.until('the screen', isPressed, 'screen_share');
  await eventually('the screen', async () => Object.values(await pages.Bea.run(videos)).filter(({ frames }) => frames > 3).length === 2);
  const captions = await pages.Bea.run(() => [...document.querySelectorAll('.tile .name')].map((one) => one.textContent));
  assert.ok(captions.includes('Ada: screen'), String(captions));
});
await step('a microphone is muted and heard again', async () => {
  const mark = () => document.querySelector('.tile[data-sid] .mark').textContent;
  await pages.Ada.run(press, '[data-source=microphone]');
  await pages.Bea.until('the mark', `() => (${mark})() === 'muted'`);
  await pages.Ada.run(press, '[data-source=microphone]');
  await pages.Bea.until('no mark', `() => (${mark})() === ''`);
});
await step('a message arrives', async () => {
  await pages.Ada.run(() => {
    const form = document.getElementById('say');
    form.elements.text.value = 'hello <b>Bea</b>';
    form.requestSubmit();
  });
  await pages.Bea.until('the message', () => document.getElementById('messages').textContent === 'Adahello <b>Bea</b>');
});
await step('a statement over the data channel shows its row, an error what it is', async () => {
  const ask = (query) => {
    const form = document.getElementById('query');
    form.elements.query.value = query;
    form.requestSubmit();
  };
  const shown = () => [...document.querySelectorAll('#result tr')].map((row) => [...row.children].map((one) => one.textContent));
  await pages.Ada.run(ask, "SELECT 6 * 7 AS answer, NULL AS nothing, ARRAY[1, 2] AS pair");
  await pages.Ada.until('the row', () => document.querySelector('#result tbody tr'));
  assert.deepEqual(await pages.Ada.run(shown), [['answer', 'nothing', 'pair'], ['42', 'null', '[1,2]']]);
  await pages.Ada.run(ask, 'SELECT 1 FROM nowhere');
  const text = await pages.Ada.until('the error', () => document.querySelector('#result [role=alert]')?.textContent);
  assert.match(text, /^42P01: relation "nowhere" does not exist/);
});

const snapshots = { Ada: [], Bea: [] };
let rows = [];
await step('both watch each other for a minute', async () => {
  const begun = Date.now();
  const before = { Ada: await pages.Ada.run(videos), Bea: await pages.Bea.run(videos) };
  while (Date.now() - begun < WATCH_MS) {
    for (const name of ['Ada', 'Bea']) snapshots[name].push(await pages[name].run(snapshot));
    await sleep(SNAPSHOT_MS);
  }
  const seconds = (Date.now() - begun) / 1000;
  for (const name of ['Ada', 'Bea']) {
    const after = await pages[name].run(videos);
    for (const [sid, now] of Object.entries(after)) {
      const frames = now.frames - before[name][sid].frames;
      console.error(`# ${name} decodes ${sid}: ${frames} frames in ${seconds.toFixed(0)} s (${(frames / seconds).toFixed(1)}/s), ${now.width}x${now.height}, ${now.lost} lost, ${now.freezes} freezes`);
      // A screen that does not change has few.
      const isScreen = name === 'Bea' && sid !== track;
      assert.ok(frames > (isScreen ? 5 : 5 * seconds), `${frames} frames of ${sid}`);
    }
    assert.equal(Object.keys(after).length, name === 'Ada' ? 1 : 2);
  }
});
await step("the server's figures are Chromium's", async () => {
  const [from, to] = [snapshots.Ada[0].at + 3000, snapshots.Ada.at(-1).at];
  const query = `SELECT extract(epoch FROM at)::float8 * 1000, identity, track, bitrate::float8, loss::float8, jitter_ms::float8, round_trip_ms::float8
    FROM rtc.quality WHERE track IS NOT NULL AND extract(epoch FROM at) * 1000 BETWEEN ${from} AND ${to}`;
  rows = (await sql(query)).map(([at, identity, track, bitrate, loss, jitter, trip]) => (
    { at: Number(at), name: identity.split('/').pop(), track, bitrate: Number(bitrate), loss: Number(loss), jitter: Number(jitter), trip: trip === null ? null : Number(trip) }));
  const wrong = [];
  for (const name of ['Ada', 'Bea']) {
    for (const sid of Object.keys(snapshots[name].at(-1).sids)) {
      const own = rows.filter((row) => row.track === sid);
      assert.ok(own.length >= 3, `${own.length} rows of ${sid}`);
      const found = compare(`${name}, ${sid}`, own, snapshots[name]);
      console.error(found.line);
      wrong.push(...found.wrong.map((what) => `${name}, ${sid}: ${what}`));
    }
  }
  assert.deepEqual(wrong, []);
});
await step('the page shows figures and scores', async () => {
  const shown = await pages.Ada.until('scores', () => {
    const rows = [...document.querySelectorAll('#quality tbody tr')].map((row) => [...row.children].map((one) => one.textContent));
    return rows.length >= 5 && rows.every((row) => /^\d+ (excellent|good|poor|lost)$/.test(row[1])) && rows;
  });
  for (const row of shown) console.error(`# ${row.join(' | ')}`);
});
await step('a recording is made, stopped and played', async () => {
  const button = () => document.getElementById('record').textContent;
  await pages.Ada.run(press, '#record');
  await pages.Ada.until('the recording', `() => (${button})() === 'Stop recording' && document.querySelector('#recording-list td:nth-child(2)')?.textContent === 'recording'`);
  await sleep(6000);
  await pages.Ada.run(press, '#record');
  await pages.Ada.until('the file', () => document.querySelector('#recording-list td button'));
  await pages.Ada.run(press, '#recording-list td button');
  await pages.Ada.until('the picture', () => {
    const video = document.querySelector('#player video');
    return video?.videoWidth > 0 && video.currentTime > 2;
  });
  const video = await pages.Ada.run(() => {
    const { videoWidth, duration, error, currentTime } = document.querySelector('#player video');
    return { videoWidth, duration, error: error?.message, currentTime };
  });
  console.error(`# played: ${JSON.stringify(video)}`);
  assert.equal(video.error, undefined);
  // A place that was not played: its parts are asked for.
  await pages.Ada.run(() => { document.querySelector('#player video').currentTime = 0.5; });
  await pages.Ada.until('another place', () => {
    const video = document.querySelector('#player video');
    return !video.seeking && video.currentTime >= 0.5;
  });
});
await step("a room's token lets a guest in", async () => {
  const [[token]] = await sql("SELECT rtc.issue_token('lobby', 'guest', grants => '{\"canPublish\": false}')");
  const guest = await browser.page(`${base}/demo`);
  pages.guest = guest;
  await guest.until('the form', async (token) => {
    const form = document.getElementById('join');
    if (document.readyState !== 'complete' || !form) return false;
    await import('/demo/main.js');
    form.elements.token.value = token;
    form.requestSubmit();
    return true;
  }, token);
  await guest.until('the connection', says, 'Connected.');
  assert.equal(await guest.run(() => document.getElementById('where').textContent), 'lobby as guest, 3 here');
  await eventually('three videos', async () => Object.values(await guest.run(videos)).filter(({ frames }) => frames > 3).length === 3);
  assert.equal(await guest.run(() => document.getElementById('recordings').hidden), true);
  await guest.run(press, '#leave');
});
await step('who leaves is gone for the other', async () => {
  await pages.Ada.run(press, '[data-source=screen_share]');
  await eventually('no screen', async () => Object.keys(await pages.Bea.run(videos)).length === 1);
  await pages.Ada.run(press, '#leave');
  await pages.Bea.until('nobody else', () => document.getElementById('where').textContent === 'lobby as Bea, 1 here');
  assert.equal(await pages.Ada.run(() => document.getElementById('status').textContent), 'You have left.');
});
await step('nothing is complained of', async () => {
  assert.deepEqual(Object.values(pages).flatMap(({ complaints }) => complaints), []);
});
browser?.close();
finish();
