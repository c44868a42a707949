// A peer of the server over libdatachannel, signalled by the WebSocket /api/v1/rtc; a data
// channel as the stream that node-postgres takes in place of a socket.
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import nodeDataChannel from 'node-datachannel';
import WebSocket from 'ws';

const CHUNK_BYTES = 64 << 10;
const BUFFERED_BYTES_MAX = 1 << 20;
const LIMIT_MS = 20_000;

/** Connects a peer: data channels are opened on it by `channel`. */
export async function connectPeer(port, headers = { authorization: `Basic ${btoa('postgres:any')}` }) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/rtc`, 'zserver.rtc.v1', { headers });
  await once(socket, 'open');
  const say = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
  const peer = new nodeDataChannel.PeerConnection('client', { iceServers: [] });
  const joined = new Promise((resolve, reject) => {
    socket.on('close', (code, reason) => reject(new Error(`signalling closed: ${code} ${reason}`)));
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'joined') resolve(message);
      if (message.type === 'error') reject(new Error(JSON.stringify(message)));
      if (message.type === 'answer') peer.setRemoteDescription(message.sdp, 'answer');
      if (message.type === 'candidate' && message.candidate?.candidate) {
        peer.addRemoteCandidate(message.candidate.candidate, message.candidate.sdpMid ?? '0');
      }
    });
  });
  say({ type: 'join' });
  await joined;
  peer.onLocalDescription((sdp, type) => say({ type, sdp }));
  peer.onLocalCandidate((line, sdpMid) => say({ type: 'candidate', candidate: { candidate: line.replace(/^a=/, ''), sdpMid } }));
  return {
    /** An open channel of a protocol. */
    async channel(protocol) {
      const channel = peer.createDataChannel(protocol, { protocol });
      await new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('the channel does not open')), LIMIT_MS);
        channel.onOpen(() => resolve(clearTimeout(late)));
        channel.onError((reason) => reject(new Error(reason)));
      });
      return channel;
    },
    close() {
      peer.close();
      socket.close();
    },
  };
}

/** A channel as a socket. */
export class ChannelStream extends Duplex {
  constructor(channel) {
    super();
    this.channel = channel;
    channel.setBufferedAmountLowThreshold(BUFFERED_BYTES_MAX / 2);
    channel.onMessage((data) => this.push(typeof data === 'string' ? Buffer.from(data) : Buffer.from(data)));
    channel.onClosed(() => {
      this.push(null);
      this.destroy();
    });
  }

  connect() {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay() {}
  setKeepAlive() {}
  ref() {}
  unref() {}
  _read() {}

  _write(bytes, _, done) {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      if (!this.channel.isOpen()) return done(new Error('the channel is closed'));
      this.channel.sendMessageBinary(bytes.subarray(at, at + CHUNK_BYTES));
    }
    if (this.channel.bufferedAmount() <= BUFFERED_BYTES_MAX) return done();
    this.channel.onBufferedAmountLow(() => {
      this.channel.onBufferedAmountLow(() => {});
      done();
    });
  }

  _final(done) {
    this.channel.close();
    done();
  }

  _destroy(error, done) {
    this.channel.close();
    done(error);
  }
}

/** What a `pg.Client` needs to run in a channel of a peer. */
export async function configuration(peer, more = {}) {
  const stream = new ChannelStream(await peer.channel('pgwire'));
  return { stream: () => stream, ssl: false, ...more };
}
