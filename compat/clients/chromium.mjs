// A headless Chromium with a fake camera and microphone, spoken to by its own protocol (CDP) over
// a pipe: pages, what is evaluated in them, and what they complain about.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--mute-audio', '--remote-debugging-pipe',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection',
  // A page that is not looked at goes on as one that is.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];

export class Chromium {
  #child;
  #profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  #waiting = new Map();
  #pages = new Map();
  #last = 0;

  constructor(...flags) {
    const words = [...FLAGS, ...flags, `--user-data-dir=${this.#profile}`, 'about:blank'];
    this.#child = spawn(process.env.CHROMIUM ?? 'chromium', words, { stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'] });
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('exit', () => this.#fail(new Error('the browser has ended')));
    let rest = '';
    this.#child.stdio[4].setEncoding('utf8').on('data', (piece) => {
      const messages = (rest + piece).split('\0');
      rest = messages.pop();
      messages.forEach((text) => this.#hear(JSON.parse(text)));
    });
  }

  #fail(error) {
    this.#waiting.forEach(({ reject }) => reject(error));
    this.#waiting.clear();
  }

  #hear({ id, result, error, method, params, sessionId }) {
    if (id === undefined) {
      this.#pages.get(sessionId)?.hear(method, params);
      return;
    }
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** A page in a window of its own. */
  async page(url) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', newWindow: true });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#pages.set(sessionId, page);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    await page.send('Page.navigate', { url });
    return page;
  }

  close() {
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGKILL');
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  /** Errors and warnings of the console, exceptions, violations of the policy, requests that failed. */
  complaints = [];
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  hear(method, params) {
    const complain = (what, text) => this.complaints.push(`${what}: ${text}`);
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) {
      complain('console', params.args.map((one) => one.value ?? one.description).join(' '));
    } else if (method === 'Runtime.exceptionThrown') {
      complain('exception', params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      complain('log', `${params.entry.text} ${params.entry.url ?? ''}`);
    } else if (method === 'Network.loadingFailed' && !params.canceled) {
      complain('request', `${params.errorText} ${params.blockedReason ?? ''}`);
    }
  }

  /** What a function comes to in the page, done as by a click. */
  async run(work, ...values) {
    const expression = `(${work})(...${JSON.stringify(values)})`;
    const asked = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', asked);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until a function comes to something in the page; that. */
  async until(what, work, ...values) {
    for (const end = Date.now() + 30_000; Date.now() < end;) {
      const found = await this.run(work, ...values);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const shown = await this.run(() => document.getElementById('status').textContent);
    throw new Error(`${what} does not come; the page says "${shown}"; ${this.complaints.slice(0, 3).join('; ')}`);
  }
}
