// What runs in the page: `ada` sends a camera in three layers and a microphone, `bea` is sent
// both; what their connections measure goes to the program every second.
async function page(url, tokens) {
  const told = (what) => fetch('/told', { method: 'POST', body: JSON.stringify(what) });
  // The server's candidates are reached through the relay; ours are not told, so that there
  // is no other way: the server learns the relay's address from what comes from there.
  const relayed = new Map();
  const through = async (line) => {
    const words = line.split(' ');
    if (words[4] !== '127.0.0.1') return null;
    if (!relayed.has(words[5])) relayed.set(words[5], fetch(`/relay?port=${words[5]}`).then((answer) => answer.text()));
    words[5] = await relayed.get(words[5]);
    return words.join(' ');
  };
  const theirs = async (sdp) => {
    const lines = await Promise.all(sdp.split('\r\n').map(async (line) => (line.startsWith('a=candidate:') ? through(line) : line)));
    return lines.filter((line) => line !== null).join('\r\n');
  };
  const ours = (sdp) => sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:')).join('\r\n');

  const join = (name) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url}/api/v1/rtc?access_token=${tokens[name]}`, ['zserver.rtc.v1']);
    const connection = new RTCPeerConnection();
    const say = (message) => socket.send(JSON.stringify(message));
    const offer = async (tracks) => {
      await connection.setLocalDescription();
      say({ type: 'offer', sdp: ours(connection.localDescription.sdp), tracks });
    };
    let last = Promise.resolve();
    const hear = async (message) => {
      if (message.type === 'joined') resolve({ connection, offer });
      else if (message.type === 'error') throw new Error(JSON.stringify(message));
      else if (message.type === 'answer') await connection.setRemoteDescription({ type: 'answer', sdp: await theirs(message.sdp) });
      else if (message.type === 'offer') {
        await connection.setRemoteDescription({ type: 'offer', sdp: await theirs(message.sdp) });
        await connection.setLocalDescription();
        say({ type: 'answer', sdp: ours(connection.localDescription.sdp) });
      } else if (message.type === 'candidate' && message.candidate) {
        const candidate = await through(message.candidate.candidate);
        if (candidate) await connection.addIceCandidate({ ...message.candidate, candidate });
      }
    };
    socket.onopen = () => say({ type: 'join' });
    // One after the other, as they come.
    socket.onmessage = ({ data }) => {
      last = last.then(() => hear(JSON.parse(data))).catch((error) => { told({ error: `${name}: ${error.message}` }); reject(error); });
    };
    socket.onclose = ({ code, reason }) => told({ error: `${name}: closed with ${code} ${reason}` });
  });

  const { connection: bea } = await join('bea');
  bea.ontrack = ({ track }) => {
    const element = document.createElement(track.kind);
    element.srcObject = new MediaStream([track]);
    element.autoplay = true;
    element.muted = track.kind === 'video';
    document.body.append(element);
  };
  const { connection: ada, offer } = await join('ada');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720, frameRate: 30 } });
  ada.addTrack(stream.getAudioTracks()[0], stream);
  ada.addTransceiver(stream.getVideoTracks()[0], {
    direction: 'sendonly',
    streams: [stream],
    sendEncodings: [
      { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
      { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
      { rid: 'f', maxBitrate: 1_200_000 },
    ],
  });
  await offer([]);

  const look = async (connection) => {
    const report = await connection.getStats();
    const found = { streams: [] };
    report.forEach((entry) => {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        found.roundTrip = report.get(entry.selectedCandidatePairId)?.currentRoundTripTime;
      }
      if (['inbound-rtp', 'outbound-rtp', 'remote-inbound-rtp'].includes(entry.type)) {
        const { type, kind, rid, ssrc, packetsReceived, packetsLost, packetsSent, bytesReceived, bytesSent, jitter, fractionLost,
          roundTripTime, frameWidth, framesDecoded, freezeCount, qualityLimitationReason } = entry;
        found.streams.push({ type, kind, rid, ssrc, packetsReceived, packetsLost, packetsSent, bytesReceived, bytesSent, jitter,
          fractionLost, roundTripTime, frameWidth, framesDecoded, freezeCount, qualityLimitationReason });
      }
    });
    return found;
  };
  for (;;) {
    await told({ at: Date.now() / 1000, ada: await look(ada), bea: await look(bea) });
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
  }
}
