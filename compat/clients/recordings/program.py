"""Recordings, as PyAV decodes them."""

import array
import asyncio
import base64
import io
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import chromium  # noqa: E402
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode(), "Zserver-Database": "postgres"}
PATIENCE = 90

if PORT:
    import aiohttp
    import aiohttp.web
    import av
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
    from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
    from av import AudioFrame, VideoFrame


def run(work):
    return asyncio.run(asyncio.wait_for(work(), PATIENCE))


class Moving(VideoStreamTrack if PORT else object):
    """A picture that gets brighter with each frame: 30 in a second."""

    count = 0

    async def recv(self):
        pts, base = await self.next_timestamp()
        frame = VideoFrame(320, 240, "yuv420p")
        for plane, value in zip(frame.planes, (16 + self.count % 200, 128, 128)):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, base
        self.count += 1
        return frame


RATE = 48000
# Of each second: it is bright, and there is a tone.
SIGNAL = 0.3


def picture(bright):
    frame = VideoFrame(320, 240, "yuv420p")
    for plane, value in zip(frame.planes, (235 if bright else 16, 128, 128)):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def sound(at, samples=RATE // 50):
    """A tone in the first part of each second."""
    values = array.array("h")
    for index in range(samples):
        second = (at + index) / RATE
        value = int(12000 * math.sin(2 * math.pi * 880 * second)) if second % 1 < SIGNAL else 0
        values.extend((value, value))
    frame = AudioFrame(format="s16", layout="stereo", samples=samples)
    frame.planes[0].update(values.tobytes())
    frame.sample_rate = RATE
    return frame


class Flash(VideoStreamTrack if PORT else object):
    async def recv(self):
        pts, base = await self.next_timestamp()
        frame = picture(float(pts * base) % 1 < SIGNAL)
        frame.pts, frame.time_base = pts, base
        return frame


class Beep(AudioStreamTrack if PORT else object):
    at, begun = 0, None

    async def recv(self):
        self.begun = self.begun or time.monotonic()
        await asyncio.sleep(max(0, self.begun + self.at / RATE - time.monotonic()))
        frame = sound(self.at)
        frame.pts, frame.time_base = self.at, Fraction(1, RATE)
        self.at += frame.samples
        return frame


# What encodes, how, and the kind of file.
ENCODERS = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}, "webm"),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}, "webm"),
    "av1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1:lookahead=0"}, "webm"),
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}, "mp4"),
}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def made(kind, seconds, has_sound=False):
    """A file of FFmpeg's: 30 pictures a second that flash each second, or a tone that sounds each second."""
    out = io.BytesIO()
    form = "ogg" if kind == "opus" else ENCODERS[kind][2]
    with av.open(out, "w", format=form, options=FRAGMENTS if form == "mp4" else {}) as container:
        video = audio = None
        if kind != "opus":
            encoder, options, _ = ENCODERS[kind]
            video = container.add_stream(encoder, rate=30, options=options)
            video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
            video.codec_context.gop_size = 30
        if kind == "opus" or has_sound:
            audio = container.add_stream("libopus", rate=RATE, layout="stereo")
        for second in range(seconds):
            for step in range(30 if video else 0):
                frame = picture(step / 30 < SIGNAL)
                frame.pts, frame.time_base = second * 30 + step, Fraction(1, 30)
                container.mux(video.encode(frame))
            for step in range(50 if audio else 0):
                frame = sound(second * RATE + step * RATE // 50)
                frame.pts, frame.time_base = second * RATE + step * RATE // 50, Fraction(1, RATE)
                container.mux(audio.encode(frame))
        for stream in (video, audio):
            if stream:
                container.mux(stream.encode(None))
    return out.getvalue()


def onsets(data):
    """When it gets bright, and when the tone begins, in seconds."""
    bright, loud = [], []
    with av.open(io.BytesIO(data)) as container:
        was_bright, silent = False, RATE
        for packet in container.demux():
            for frame in packet.decode():
                at = float(frame.pts * frame.time_base)
                if isinstance(frame, VideoFrame):
                    is_bright = bytes(frame.planes[0])[0] > 128
                    if is_bright and not was_bright:
                        bright.append(at)
                    was_bright = is_bright
                    continue
                values = array.array("f" if frame.format.name.startswith("flt") else "h", bytes(frame.planes[0]))
                scale = 1 if values.typecode == "f" else 32768
                channels = 1 if frame.format.is_planar else len(frame.layout.channels)
                for index in range(frame.samples):
                    if abs(values[index * channels]) / scale > 0.05:
                        if silent > RATE // 5:
                            loud.append(at + index / RATE)
                        silent = 0
                    else:
                        silent += 1
    return bright, loud


def drift(data):
    """How far sound and picture are apart in the first half, and how much that changes to the second, in seconds. Of each half the
    median: a sender in haste leaves out a picture now and then, and one that gets bright is a frame later then."""
    bright, loud = onsets(data)
    apart = []
    for one in bright:
        other = min(loud, key=lambda time: abs(time - one))
        if abs(other - one) < 0.5:
            apart.append(other - one)
    assert len(apart) >= 3, (bright, loud)
    half = len(apart) // 2
    first, second = statistics.median(apart[: half + 1]), statistics.median(apart[half:])
    print("#", *(f"{one * 1000:.0f}" for one in apart), "ms", file=sys.stderr)
    return first, abs(second - first)


class Server:
    """What is asked of one."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    async def ask(self, method, path, expected=None, **options):
        headers = {**HEADERS, **options.pop("headers", {})}
        async with aiohttp.ClientSession() as session:
            async with session.request(method, self.base + path, headers=headers, **options) as answer:
                body = await answer.read()
                assert answer.status in (expected or range(200, 300)), (path, answer.status, body)
                return body, answer

    async def json(self, method, path, **options):
        return json.loads((await self.ask(method, path, **options))[0])

    async def sql(self, query):
        return (await self.json("POST", "/api/v1/sql", json={"query": query}))["results"][0]["rows"]

    async def room(self, name):
        await self.ask("POST", "/api/v1/rooms", json={"name": name})
        await self.ask("PUT", "/api/v1/files/recordings", expected=range(200, 500))

    async def publish(self, room, *tracks, codec=None):
        """Tracks by WHIP; the peer, and the tracks as others see them."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for track in tracks:
            peer.addTrack(track)
        for one in peer.getTransceivers():
            if one.kind == "video" and codec:
                known = RTCRtpSender.getCapabilities("video").codecs
                one.setCodecPreferences([it for it in known if it.mimeType == codec])
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        headers = {"Content-Type": "application/sdp"}
        text, _ = await self.ask("POST", f"/api/v1/rtc/whip/{room}", headers=headers, data=sdp)
        await peer.setRemoteDescription(RTCSessionDescription(text.decode(), "answer"))
        while len(found := await self.tracks(room)) < len(tracks):
            await asyncio.sleep(0.1)
        return peer, found

    async def tracks(self, room):
        people = (await self.json("GET", f"/api/v1/rooms/{room}/participants"))["participants"]
        return [track for one in people for track in one["tracks"]]

    async def start(self, room, **what):
        made = await self.json("POST", f"/api/v1/rooms/{room}/recordings", json=what)
        return f"/api/v1/rooms/{room}/recordings/{made['id']}"

    async def until(self, path, *states):
        while (found := await self.json("GET", path))["state"] not in states:
            await asyncio.sleep(0.1)
        return found

    async def stored(self, room, name, data, kind):
        """A recording of these bytes: its id."""
        await self.ask("PUT", f"/api/v1/files/recordings/{name}", data=data, headers={"Content-Type": kind})
        rows = await self.sql(
            f"INSERT INTO rtc.recordings (room, role, state, bucket, name, ended_at) VALUES ('{room}', 'postgres', 'completed', 'recordings', '{name}', now()) RETURNING id::text"
        )
        return rows[0][0]

    def listening(self, room):
        """Somebody who is in a room, and sends nothing."""
        return Listening(self.base, room)

    async def file(self, recording):
        return (await self.ask("GET", recording["file"]))[0]


class Listening:
    def __init__(self, base, room):
        self.url, self.room = f"{base.replace('http', 'ws', 1)}/api/v1/rtc", room

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        self.socket = await self.session.ws_connect(self.url, protocols=["zserver.rtc.v1"], headers=HEADERS)
        await self.socket.send_json({"type": "join", "room": self.room})
        while (await self.socket.receive_json())["type"] != "joined":
            pass
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.session.close()


def decoded(data):
    """Of each stream its codec and when its frames are, in seconds: all of them decode, and none goes back."""
    found = []
    with av.open(io.BytesIO(data)) as container:
        frames = {stream.index: [] for stream in container.streams}
        for packet in container.demux():
            for frame in packet.decode():
                frames[packet.stream.index].append(float(frame.pts * frame.time_base))
        for stream in container.streams:
            times = frames[stream.index]
            assert all(one < other for one, other in zip(times, times[1:])), (stream, times)
            found.append((stream.codec_context.name, times))
    return found


def is_whole(times, seconds, rate):
    assert times and times[0] < 0.2, times[:3]
    length = times[-1] - times[0]
    assert abs(length - seconds) < 1.5, (length, seconds)
    assert len(times) > 0.8 * length * rate, (len(times), length, rate)


@step("a track of each codec")
def _():
    async def work():
        server = Server(PORT)
        for codec, expected, extension in (("video/VP8", "vp8", "webm"), ("video/H264", "h264", "mp4")):
            room = f"of-{expected}"
            await server.room(room)
            peer, tracks = await server.publish(room, Moving(), AudioStreamTrack(), codec=codec)
            by_kind = {track["kind"]: track["sid"] for track in tracks}
            video = await server.start(room, track=by_kind["video"])
            audio = await server.start(room, track=by_kind["audio"], name=f"{room}/voice.ogg")
            for path in (video, audio):
                await server.until(path, "recording")
            await asyncio.sleep(4)
            for path in (video, audio):
                await server.ask("POST", f"{path}/stop")
            made = [await server.until(path, "completed", "failed") for path in (video, audio)]
            assert [one["state"] for one in made] == ["completed"] * 2, made
            assert made[0]["name"].endswith(f".{extension}") and made[1]["name"] == f"{room}/voice.ogg", made
            (name, times), = decoded(await server.file(made[0]))
            assert name == expected, name
            is_whole(times, 4, 30)
            assert made[0]["tracks"][0]["frames"] == len(times), (made[0], len(times))
            (name, times), = decoded(await server.file(made[1]))
            assert name in ("opus", "libopus"), name
            is_whole(times, 4, 50)
            await peer.close()

    run(work)


@step("a room, whose tracks come one after the other")
def _():
    async def work():
        server = Server(PORT)
        await server.room("all")
        one, _ = await server.publish("all", Moving(), AudioStreamTrack(), codec="video/VP8")
        recording = await server.start("all", name="all.webm")
        await server.until(recording, "recording")
        await asyncio.sleep(2)
        other, _ = await server.publish("all", Moving(), codec="video/VP8")
        await asyncio.sleep(3)
        assert (await server.json("GET", "/api/v1/rooms/all"))["live"]["is_recording"] is True
        await one.close()
        await server.ask("POST", f"{recording}/stop")
        made = await server.until(recording, "completed", "failed")
        assert made["state"] == "completed", made
        data = await server.file(made)
        streams = decoded(data)
        assert sorted(name for name, _ in streams) == ["opus", "vp8", "vp8"], streams
        starts = sorted(times[0] for name, times in streams if name == "vp8")
        assert starts[0] < 0.3 and 1.5 < starts[1] < 4, starts
        # A part, and a place that is sought.
        part, answer = await server.ask("GET", made["file"], headers={"Range": "bytes=100-199"})
        assert answer.status == 206 and part == data[100:200], answer
        with av.open(io.BytesIO(data)) as container:
            container.seek(2_500_000)
            # From the keyframe before it on, which may be the first one.
            times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
            assert times[0] <= 2.6 and any(2.4 < time < 2.6 for time in times), times
        rows = await server.sql("SELECT state, size = (SELECT o.size FROM files.objects o WHERE o.bucket = r.bucket AND o.name = r.name) FROM rtc.recordings r WHERE name = 'all.webm'")
        assert rows == [["completed", True]], rows
        await other.close()

    run(work)


@step("sound and picture of a participant stay in step")
def _():
    async def work():
        server = Server(PORT)
        await server.room("in-step")
        peer, _ = await server.publish("in-step", Flash(), Beep(), codec="video/VP8")
        recording = await server.start("in-step")
        await server.until(recording, "recording")
        await asyncio.sleep(10)
        await server.ask("POST", f"{recording}/stop")
        ended = await server.until(recording, "completed", "failed")
        first, change = drift(await server.file(ended))
        print(f"# {first * 1000:.0f} ms apart, {change * 1000:.0f} ms of drift in 10 s", file=sys.stderr)
        assert change < 0.04, (first, change)
        await peer.close()

    run(work)


def sent_by_ffmpeg(url, token, seconds):
    """FFmpeg's WHIP muxer, with a certificate that it makes itself: pictures that flash, tones; then it says goodbye."""
    encoder, options, _ = ENCODERS["h264"]
    with av.open(url, "w", format="whip", options={"authorization": token}) as output:
        video = output.add_stream(encoder, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.codec_context.gop_size = 25
        audio = output.add_stream("libopus", rate=RATE, layout="stereo")
        begun = time.monotonic()
        for step in range(seconds * 50):
            time.sleep(max(0, begun + step / 50 - time.monotonic()))
            frame = sound(step * RATE // 50)
            frame.pts, frame.time_base = step * RATE // 50, Fraction(1, RATE)
            output.mux(audio.encode(frame))
            if step % 2 == 0:
                frame = picture(step / 50 % 1 < SIGNAL)
                frame.pts, frame.time_base = step // 2, Fraction(1, 25)
                output.mux(video.encode(frame))


@step("what FFmpeg sends by WHIP, recorded")
def _():
    async def work():
        server = Server(PORT)
        await server.room("ffmpeg")
        made = await server.json("POST", "/api/v1/rooms/ffmpeg/tokens", json={"identity": "ffmpeg"})
        url = f"{server.base}/api/v1/rtc/whip/ffmpeg"
        sending = asyncio.create_task(asyncio.to_thread(sent_by_ffmpeg, url, made["token"], 7))
        while len(await server.tracks("ffmpeg")) < 2:
            assert not sending.done(), sending.result()
            await asyncio.sleep(0.1)
        recording = await server.start("ffmpeg")
        await server.until(recording, "recording")
        await sending
        while await server.tracks("ffmpeg"):
            await asyncio.sleep(0.1)
        await server.ask("POST", f"{recording}/stop")
        ended = await server.until(recording, "completed", "failed")
        assert ended["state"] == "completed", ended
        data = await server.file(ended)
        found = dict(decoded(data))
        for name, rate in (("h264", 25), ("opus", 50)):
            times = found[name]
            length = times[-1] - times[0]
            assert length > 4 and len(times) > 0.95 * length * rate, (name, len(times), length)
        first, change = drift(data)
        print(f"# FFmpeg: {first * 1000:.0f} ms apart, {change * 1000:.0f} ms of drift", file=sys.stderr)
        assert change < 0.04, (first, change)

    run(work)


@step("files of each codec, played into a room and recorded there, frame by frame")
def _():
    async def of(server, kind, has_sound):
        name = f"played-{kind}{'-av' if has_sound else ''}"
        data = made(kind, 6, has_sound)
        await server.room(name)
        types = {"opus": "audio/ogg", "h264": "video/mp4"}
        stored = await server.stored(name, name, data, types.get(kind, "video/webm"))
        async with server.listening(name):
            recording = await server.start(name, name=f"again-{name}")
            await server.until(recording, "recording")
            playback = await server.json("POST", f"/api/v1/rooms/{name}/playbacks", json={"recording": stored})
            playback = await server.until(f"/api/v1/rooms/{name}/playbacks/{playback['id']}", "completed", "failed")
            assert playback["state"] == "completed" and not playback["error"], playback
            await server.ask("POST", f"{recording}/stop")
            again = await server.until(recording, "completed", "failed")
        assert again["state"] == "completed", again
        again = await server.file(again)
        before, after = sorted(decoded(data)), sorted(decoded(again))
        assert len(before) == len(after), (name, len(before), len(after))
        for (codec, times), (same, others) in zip(before, after):
            assert codec == same and len(times) == len(others), (codec, same, len(times), len(others))
            length, other = times[-1] - times[0], others[-1] - others[0]
            print(f"# {name} {codec}: {len(others)} frames, {other:.3f} s of {length:.3f} s", file=sys.stderr)
            assert abs(length - other) < 0.04, (codec, length, other)
        if has_sound:
            first, change = drift(again)
            print(f"# {name}: {first * 1000:.0f} ms apart, {change * 1000:.0f} ms of drift", file=sys.stderr)
            assert abs(first) < 0.04 and change < 0.04, (first, change)

    async def work():
        server = Server(PORT)
        await asyncio.gather(*(of(server, kind, False) for kind in ("vp9", "av1", "h264", "opus")), of(server, "vp8", True))

    run(work)


@step("a recording is played by WHEP, from a place on, and decoded")
def _():
    async def watch(server, path):
        """Pictures and sounds that come until it ends."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind in ("video", "audio"):
            peer.addTransceiver(kind, direction="recvonly")
        counts = {"video": [], "audio": []}

        async def take(track):
            try:
                while True:
                    frame = await asyncio.wait_for(track.recv(), 4)
                    counts[track.kind].append(float(frame.pts * frame.time_base))
            except (MediaStreamError, asyncio.TimeoutError):
                pass

        takers = []
        peer.on("track", lambda track: takers.append(asyncio.ensure_future(take(track))))
        await peer.setLocalDescription(await peer.createOffer())
        headers = {"Content-Type": "application/sdp"}
        text, _ = await server.ask("POST", path, headers=headers, data=peer.localDescription.sdp)
        await peer.setRemoteDescription(RTCSessionDescription(text.decode(), "answer"))
        await asyncio.gather(*takers)
        await peer.close()
        return counts

    async def work():
        server = Server(PORT)
        await server.room("whep")
        stored = await server.stored("whep", "whep.webm", made("vp8", 6, True), "video/webm")
        path = f"/api/v1/rooms/whep/recordings/{stored}/whep"
        for start, seconds in ((0, 6), (3500, 2.5)):
            counts = await watch(server, f"{path}?start_ms={start}")
            print(f"# from {start} ms: {len(counts['video'])} pictures, {len(counts['audio'])} sounds", file=sys.stderr)
            assert len(counts["video"]) > 0.9 * seconds * 30, (start, len(counts["video"]))
            assert len(counts["audio"]) > 0.9 * seconds * 50, (start, len(counts["audio"]))
            for times in counts.values():
                assert all(one <= other for one, other in zip(times, times[1:])), times

    run(work)


# What a page does: plays each of the paths by WHEP, one after the other, and tells what it has decoded.
PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
const told = (body) => fetch('/told', { method: 'POST', body: JSON.stringify(body) });
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
async function play(path, seconds) {
  const peer = new RTCPeerConnection();
  const video = document.createElement('video');
  Object.assign(video, { autoplay: true, srcObject: new MediaStream() });
  document.body.append(video);
  peer.ontrack = ({ track }) => video.srcObject.addTrack(track);
  for (const kind of ['video', 'audio']) peer.addTransceiver(kind, { direction: 'recvonly' });
  await peer.setLocalDescription();
  const answer = await fetch(`/whep?path=${encodeURIComponent(path)}`, { method: 'POST', body: peer.localDescription.sdp });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  const samples = [];
  for (let second = 0; second < seconds; second += 1) {
    await pause(1000);
    const sample = { at: performance.now(), streams: {} };
    const report = await peer.getStats();
    for (const one of report.values()) {
      if (one.type === 'inbound-rtp') {
        sample.streams[one.kind] = { codec: report.get(one.codecId)?.mimeType, frames: one.framesDecoded, keys: one.keyFramesDecoded,
          packets: one.packetsReceived, lost: one.packetsLost, jitter: one.jitter, freezes: one.freezeCount, plis: one.pliCount,
          bytes: one.bytesReceived + one.packetsReceived * 12, heard: one.totalAudioEnergy, width: one.frameWidth };
      }
      if (one.type === 'candidate-pair' && one.nominated) sample.roundTrip = one.currentRoundTripTime;
    }
    samples.push(sample);
  }
  peer.close();
  video.remove();
  return samples;
}
for (const [path, seconds] of await (await fetch('/paths')).json()) {
  await told(await play(path, seconds).catch((error) => ({ error: String(error) })));
}
</script><body>"""


def chromium_step(name):
    if PORT and not chromium.binary():
        print(f"skipped {name}: there is no Chromium", flush=True)
        return lambda work: work
    return step(name)


async def in_chromium(server, paths):
    """What Chromium says of what it was sent of each path, second by second."""
    results = asyncio.Queue()

    async def whep(request):
        headers = {"Content-Type": "application/sdp"}
        text, answer = await server.ask("POST", request.query["path"], headers=headers, data=await request.read(), expected=range(200, 600))
        return aiohttp.web.Response(body=text, status=answer.status)

    async def told(request):
        await results.put(await request.json())
        return aiohttp.web.Response()

    async def page(_):
        return aiohttp.web.Response(text=PAGE, content_type="text/html")

    async def list_of(_):
        return aiohttp.web.json_response(paths)

    app = aiohttp.web.Application()
    app.add_routes([aiohttp.web.get("/", page), aiohttp.web.get("/paths", list_of), aiohttp.web.post("/whep", whep), aiohttp.web.post("/told", told)])
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium.start(profile, f"http://127.0.0.1:{port}/")
        try:
            found = []
            for _, seconds in paths:
                found.append(await asyncio.wait_for(results.get(), seconds + 40))
                assert "error" not in found[-1], found[-1]
            return found
        finally:
            browser.kill()
            browser.wait()
            await runner.cleanup()


@chromium_step("Chromium plays recordings of each codec")
def _():
    async def work():
        server = Server(PORT)
        await server.room("browser")
        paths = []
        for kind in ENCODERS:
            form = ENCODERS[kind][2]
            stored = await server.stored("browser", f"browser-{kind}", made(kind, 5, kind == "vp8"), f"video/{form}")
            paths.append((f"/api/v1/rooms/browser/recordings/{stored}/whep", 7))
        # Beginning between two keyframes, which are a second apart.
        paths.append((paths[0][0] + "?start_ms=2700", 4))
        found = await in_chromium(server, paths)
        for kind, samples in zip([*ENCODERS, "vp8 from 2.7 s on"], found):
            streams = samples[-1]["streams"]
            print(f"# {kind}: {streams}", file=sys.stderr)
            video = streams["video"]
            assert video["codec"].lower() == f"video/{kind.split()[0]}", video
            expected = 150 if kind in ENCODERS else 90
            assert video["frames"] >= expected * 0.95, (kind, video)
            assert video["width"] == 320 and not video["freezes"], (kind, video)
            if kind.startswith("vp8"):
                assert streams["audio"]["heard"] > 0, streams

    run(work)


@chromium_step("the quality that the server tells of Chromium is what Chromium says")
def _():
    async def work():
        server = Server(PORT)
        await server.room("rated")
        stored = await server.stored("rated", "rated.webm", made("vp8", 20, True), "video/webm")
        async with server.listening("rated"):
            await server.json("POST", "/api/v1/rooms/rated/playbacks", json={"recording": stored})
            while not await server.tracks("rated"):
                await asyncio.sleep(0.05)
            (samples,) = await in_chromium(server, [("/api/v1/rtc/whep/rated", 15)])
            told = await server.sql(
                "SELECT rating, score, loss, jitter_ms, round_trip_ms, bitrate FROM rtc.quality WHERE room = 'rated' AND track IS NULL AND identity LIKE 'postgres/________' ORDER BY id DESC LIMIT 1"
            )
        first, last = samples[3], samples[-1]
        of = lambda sample, name: sum(stream[name] for stream in sample["streams"].values())
        bitrate = (of(last, "bytes") - of(first, "bytes")) * 8000 / (last["at"] - first["at"])
        rating, score, loss, jitter, round_trip, ours = told[0]
        print(f"# Chromium: {bitrate:.0f} bit/s, {of(last, 'lost')} lost, round trip {last['roundTrip'] * 1000:.1f} ms", file=sys.stderr)
        print(f"# the server: {told[0]}", file=sys.stderr)
        assert rating == "excellent" and score > 95, told
        assert of(last, "lost") == 0 and loss == 0, (of(last, "lost"), loss)
        assert abs(bitrate - ours) < 0.3 * bitrate, (bitrate, ours)
        assert abs(last["roundTrip"] * 1000 - round_trip) < 50, (last["roundTrip"], round_trip)

    run(work)


@step("asked for and stopped by SQL; what may not be")
def _():
    async def work():
        server = Server(PORT)
        await server.room("by-sql")
        peer, _ = await server.publish("by-sql", AudioStreamTrack())
        (id,), = await server.sql("SELECT rtc.start_recording('by-sql')")
        path = f"/api/v1/rooms/by-sql/recordings/{id}"
        await server.until(path, "recording")
        await asyncio.sleep(1.5)
        assert await server.sql(f"SELECT rtc.stop_recording('{id}')") == [[True]]
        made = await server.until(path, "completed", "failed")
        assert made["state"] == "completed", made
        assert await server.sql(f"SELECT rtc.stop_recording('{id}')") == [[False]]
        missing = await server.start("by-sql", bucket="no-such-bucket")
        assert "no-such-bucket" in (await server.until(missing, "failed"))["error"]
        await server.ask("POST", "/api/v1/rooms/by-sql/recordings", json={"track": "TR_none"}, expected=(404,))
        await server.ask("DELETE", path)
        await server.ask("GET", path, expected=(404,))
        await peer.close()

    run(work)


class Own:
    """A server of the program's own."""

    def __init__(self, data):
        words = ["serve", "--dev", "--data", data, "--pg-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]
        # What the program is told is no setting of a server.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("ZSERVER_")}
        self.process = subprocess.Popen([os.environ["ZSERVER_BINARY"], *words], stdout=subprocess.PIPE, text=True, env=plain)
        for line in self.process.stdout:
            if "HTTP" in line:
                self.port = int(line.strip().rsplit(":", 1)[1].rstrip("/. "))
                return


@step("kill -9 keeps what came up to the last second")
def _():
    async def work():
        with tempfile.TemporaryDirectory() as directory:
            own = Own(directory)
            try:
                server = Server(own.port)
                await server.room("killed")
                peer, tracks = await server.publish("killed", Moving(), AudioStreamTrack(), codec="video/VP8")
                paths = [await server.start("killed")]
                paths += [await server.start("killed", track=track["sid"]) for track in tracks]
                for path in paths:
                    await server.until(path, "recording")
                begun = time.monotonic()
                await asyncio.sleep(5.3)
                own.process.send_signal(signal.SIGKILL)
                lasted = time.monotonic() - begun
                own.process.wait()
                await peer.close()
                own = Own(directory)
                server = Server(own.port)
                for path in paths:
                    made = await server.until(path, "completed", "failed")
                    assert made["state"] == "completed" and made["is_recovered"], made
                    for name, times in decoded(await server.file(made)):
                        kept = times[-1] - times[0]
                        print(f"# {name}: {kept:.2f} s of {lasted:.2f} s", file=sys.stderr)
                        assert kept > lasted - 1.6, (name, kept, lasted)
            finally:
                own.process.kill()
                own.process.wait()

    run(work)


finish()
