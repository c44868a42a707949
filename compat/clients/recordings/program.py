"""Recordings, as PyAV decodes them."""

import asyncio
import base64
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode(), "Zserver-Database": "postgres"}
PATIENCE = 90

if PORT:
    import aiohttp
    import av
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
    from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
    from av import VideoFrame


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

    async def file(self, recording):
        return (await self.ask("GET", recording["file"]))[0]


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
            frame = next(container.decode(video=0))
            assert 0 < float(frame.pts * frame.time_base) <= 2.6, frame
        rows = await server.sql("SELECT state, size = (SELECT o.size FROM files.objects o WHERE o.bucket = r.bucket AND o.name = r.name) FROM rtc.recordings r WHERE name = 'all.webm'")
        assert rows == [["completed", True]], rows
        await other.close()

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
