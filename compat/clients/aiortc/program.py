"""aiortc against the server."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
BASE = f"http://127.0.0.1:{PORT}"
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode(), "Zserver-Database": "postgres"}
PATIENCE = 30

if PORT:
    import aiohttp
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaBlackhole
    from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
    from aiortc.sdp import candidate_from_sdp
    from av import VideoFrame


def run(work):
    return asyncio.run(asyncio.wait_for(work(), PATIENCE))


def peer():
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


class Coloured(VideoStreamTrack if PORT else object):
    """A picture of one colour, so that it is known again."""

    async def recv(self):
        time, base = await self.next_timestamp()
        frame = VideoFrame(320, 240, "yuv420p")
        for plane, value in zip(frame.planes, (150, 40, 220)):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = time, base
        return frame


def is_coloured(frame):
    shown = frame.reformat(format="yuv420p")
    found = [bytes(plane)[plane.line_size * 20 + 20] for plane in shown.planes]
    return all(abs(one - wanted) < 12 for one, wanted in zip(found, (150, 40, 220)))


class Signalling:
    """The WebSocket `/api/v1/rtc`."""

    def __init__(self, session):
        self.session = session

    async def open(self, **join):
        self.socket = await self.session.ws_connect(BASE + "/api/v1/rtc", headers=HEADERS, protocols=["zserver.rtc.v1"])
        await self.say("join", **join)
        return await self.hear("joined")

    async def say(self, kind, **members):
        await self.socket.send_json({"type": kind, **members})

    async def hear(self, kind, connection=None):
        """The next message of a kind; candidates before it go to the connection."""
        while True:
            message = await self.socket.receive_json()
            if message["type"] == "error":
                raise AssertionError(message)
            if message["type"] == kind:
                return message
            if connection and message["type"] == "candidate" and message["candidate"]:
                await trickle(connection, message["candidate"])

    async def offer(self, connection):
        await connection.setLocalDescription(await connection.createOffer())
        await self.say("offer", sdp=connection.localDescription.sdp)
        answer = await self.hear("answer")
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    async def candidates(self, connection):
        while True:
            message = await self.hear("candidate")
            if message["candidate"] is None:
                return
            await trickle(connection, message["candidate"])

    async def answer(self, connection):
        offer = await self.hear("offer")
        await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        await self.say("answer", sdp=connection.localDescription.sdp)


async def trickle(connection, told):
    candidate = candidate_from_sdp(told["candidate"].split(":", 1)[1])
    candidate.sdpMid, candidate.sdpMLineIndex = told.get("sdpMid"), told.get("sdpMLineIndex", 0)
    await connection.addIceCandidate(candidate)


async def connected(connection):
    while connection.connectionState != "connected":
        assert connection.connectionState not in ("failed", "closed"), connection.connectionState
        await asyncio.sleep(0.05)


async def ask(session, method, path, **options):
    headers = {**HEADERS, **options.pop("headers", {})}
    async with session.request(method, BASE + path, headers=headers, **options) as answer:
        return answer.status, answer.headers, await answer.text()


async def ingest(session, path, connection):
    """WHIP and WHEP: an offer goes, an answer comes."""
    await connection.setLocalDescription(await connection.createOffer())
    headers = {"Content-Type": "application/sdp"}
    status, told, text = await ask(session, "POST", path, headers=headers, data=connection.localDescription.sdp)
    assert status == 201, (status, text)
    await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
    await connected(connection)
    return told["Location"]


async def tracks(session, room):
    _, _, text = await ask(session, "GET", f"/api/v1/rooms/{room}/participants")
    return [track for one in json.loads(text)["participants"] for track in one["tracks"]]


async def published(session, room, count):
    while len(await tracks(session, room)) < count:
        await asyncio.sleep(0.1)


async def coloured(connection):
    """Waits until a picture comes as it was sent."""
    videos = [one.receiver.track for one in connection.getTransceivers() if one.kind == "video"]
    while not is_coloured(await videos[0].recv()):
        pass


@step("a statement in a data channel")
def _():
    async def work():
        async with aiohttp.ClientSession() as session:
            signalling, connection = Signalling(session), peer()
            await signalling.open()
            channel = connection.createDataChannel("sql", protocol="jsonrpc-sql.v1")
            heard = asyncio.get_running_loop().create_future()
            channel.on("message", lambda message: heard.done() or heard.set_result(message))
            query = {"jsonrpc": "2.0", "id": 1, "method": "query", "params": {"query": "select 40 + 2 as n"}}
            channel.on("open", lambda: channel.send(json.dumps(query)))
            await signalling.offer(connection)
            await signalling.candidates(connection)
            answer = json.loads(await heard)
            assert answer["result"]["rows"] == [[42]], answer
            await connection.close()

    run(work)


@step("a stream in by WHIP and out by WHEP")
def _():
    async def work():
        async with aiohttp.ClientSession() as session:
            await ask(session, "POST", "/api/v1/rooms", json={"name": "py"})
            source, player = peer(), peer()
            source.addTrack(Coloured())
            source.addTrack(AudioStreamTrack())
            place = await ingest(session, "/api/v1/rtc/whip/py", source)
            await published(session, "py", 2)
            player.addTransceiver("video", direction="recvonly")
            player.addTransceiver("audio", direction="recvonly")
            playing = await ingest(session, "/api/v1/rtc/whep/py", player)
            await coloured(player)
            audio = [one.receiver.track for one in player.getTransceivers() if one.kind == "audio"]
            frame = await audio[0].recv()
            assert frame.sample_rate == 48_000, frame
            for one in (playing, place):
                status, _, text = await ask(session, "DELETE", one)
                assert status == 200, text
            await player.close()
            await source.close()
            while await tracks(session, "py"):
                await asyncio.sleep(0.1)

    run(work)


@step("two in a room, one of whom is muted and heard again")
def _():
    async def work():
        async with aiohttp.ClientSession() as session:
            await ask(session, "POST", "/api/v1/rooms", json={"name": "two"})
            one, ada = Signalling(session), peer()
            await one.open(room="two", identity="postgres/ada")
            ada.addTrack(Coloured())
            await one.offer(ada)
            await one.candidates(ada)
            track = (await one.hear("published"))["track"]["sid"]
            two, bea = Signalling(session), peer()
            await two.open(room="two", identity="postgres/bea")
            await two.answer(bea)
            await two.candidates(bea)
            await connected(bea)
            await coloured(bea)
            await one.say("mute", track=track, muted=True)
            while not any(one["is_muted"] for one in (await two.hear("participant"))["participant"]["tracks"]):
                pass
            await one.say("mute", track=track, muted=False)
            await asyncio.sleep(0.5)
            await coloured(bea)
            await one.say("leave")
            assert (await one.hear("left"))["reason"] == "left"
            await ada.close()
            await bea.close()

    run(work)


finish()
