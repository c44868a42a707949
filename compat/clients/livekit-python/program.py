"""Two participants of LiveKit's Python SDK in a room, and what they hear of each other."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import rooms  # noqa: E402
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
PATIENCE = 20

if PORT:
    from livekit import api, rtc

    KEY, SECRET = rooms.key(PORT)
    URL = f"ws://127.0.0.1:{PORT}"
    LOOP = asyncio.new_event_loop()
    asyncio.set_event_loop(LOOP)


def token(identity, room="py", **grants):
    video = api.VideoGrants(room=room, **{"room_join": True, "can_update_own_metadata": True, **grants})
    return api.AccessToken(KEY, SECRET).with_identity(identity).with_name(identity.title()).with_grants(video).to_jwt()


class Guest:
    """A participant, and what it was told."""

    def __init__(self, identity, single=None, **grants):
        self.room = rtc.Room(loop=LOOP)
        self.single = single
        self.token = token(identity, **grants)
        self.heard = asyncio.Queue()

    async def __aenter__(self):
        for name in ("data_received", "participant_connected", "participant_disconnected", "track_published", "track_subscribed",
                     "track_unpublished", "track_muted", "track_unmuted", "participant_metadata_changed", "room_metadata_changed",
                     "participant_attributes_changed", "disconnected", "local_track_unpublished", "participant_permissions_changed",
                     "reconnecting", "reconnected"):
            self.room.on(name, lambda *words, name=name: self.heard.put_nowait((name, words)))
        await asyncio.wait_for(self.room.connect(URL, self.token, self.options()), PATIENCE)
        return self

    def options(self):
        """Over one connection or two, or as the client has it."""
        if self.single is None:
            return rtc.RoomOptions(auto_subscribe=True)
        return rtc.RoomOptions(auto_subscribe=True, single_peer_connection=self.single)

    async def __aexit__(self, *_):
        await self.room.disconnect()

    async def hears(self, name, fits=lambda *_: True):
        """The next of an event that fits."""

        async def next():
            while True:
                found, words = await self.heard.get()
                if found == name and fits(*words):
                    return words

        return await asyncio.wait_for(next(), PATIENCE)

    @property
    def local(self):
        return self.room.local_participant


def together(work):
    """Runs a coroutine function with `ada` and `bea` in a room."""

    async def run():
        async with Guest("ada") as ada, Guest("bea") as bea:
            await work(ada, bea)

    LOOP.run_until_complete(asyncio.wait_for(run(), 120))


@step("two join and see each other")
def _():
    async def work(ada, bea):
        assert ada.room.isconnected() and bea.room.isconnected()
        assert ada.room.name == "py", ada.room.name
        await ada.hears("participant_connected", lambda who: who.identity == "bea")
        assert bea.room.remote_participants["ada"].name == "Ada"
        await bea.room.disconnect()
        await ada.hears("participant_disconnected", lambda who: who.identity == "bea")

    together(work)


@step("data is reliable, lossy, for all and for one")
def _():
    async def work(ada, bea):
        async with Guest("eve") as eve:
            await ada.local.publish_data(b"all", reliable=True, topic="t")
            for guest in (bea, eve):
                [packet] = await guest.hears("data_received")
                assert (packet.data, packet.topic, packet.participant.identity) == (b"all", "t", "ada"), packet
            await ada.local.publish_data(b"one", destination_identities=["eve"])
            await ada.local.publish_data(b"then all", reliable=True)
            assert (await eve.hears("data_received"))[0].data == b"one"
            assert (await bea.hears("data_received"))[0].data == b"then all"
            for _ in range(50):
                await bea.local.publish_data(b"lossy", reliable=False)
                await asyncio.sleep(0.02)
            [packet] = await ada.hears("data_received")
            assert (packet.data, packet.kind) == (b"lossy", rtc.DataPacketKind.KIND_LOSSY), packet

    together(work)


@step("many messages arrive in order")
def _():
    async def work(ada, bea):
        for number in range(500):
            await ada.local.publish_data(number.to_bytes(4, "big") + bytes(1_000), reliable=True)
        for number in range(500):
            [packet] = await bea.hears("data_received")
            assert int.from_bytes(packet.data[:4], "big") == number, (packet.data[:4], number)

    together(work)


@step("remote procedure calls")
def _():
    async def work(ada, bea):
        @bea.local.register_rpc_method("greet")
        async def greet(call):
            if call.payload == "fail":
                raise rtc.RpcError(1_500, "refused", "data")
            return f"hello {call.payload} from {call.caller_identity}"

        answer = await ada.local.perform_rpc(destination_identity="bea", method="greet", payload="x")
        assert answer == "hello x from ada", answer
        try:
            await ada.local.perform_rpc(destination_identity="bea", method="greet", payload="fail")
        except rtc.RpcError as error:
            assert (error.code, error.message) == (1_500, "refused"), error
        else:
            raise AssertionError("it is answered")
        try:
            await ada.local.perform_rpc(destination_identity="bea", method="nothing", payload="")
        except rtc.RpcError as error:
            assert error.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, error
        else:
            raise AssertionError("it is answered")

    together(work)


@step("streams of text and of bytes")
def _():
    async def work(ada, bea):
        texts, files = asyncio.Queue(), asyncio.Queue()

        async def read_text(reader):
            texts.put_nowait(await reader.read_all())

        async def read_bytes(reader):
            files.put_nowait(b"".join([chunk async for chunk in reader]))

        bea.room.register_text_stream_handler("chat", lambda reader, _: asyncio.ensure_future(read_text(reader)))
        bea.room.register_byte_stream_handler("files", lambda reader, _: asyncio.ensure_future(read_bytes(reader)))
        text = "é" * 40_000
        await ada.local.send_text(text, topic="chat")
        assert await asyncio.wait_for(texts.get(), PATIENCE) == text
        data = os.urandom(300_000)
        writer = await ada.local.stream_bytes("f", topic="files", total_size=len(data))
        await writer.write(data)
        await writer.aclose()
        assert await asyncio.wait_for(files.get(), PATIENCE) == data

    together(work)


@step("metadata, names and attributes")
def _():
    async def work(ada, bea):
        await ada.local.set_metadata("busy")
        who, before, now = await bea.hears("participant_metadata_changed", lambda who, *_: who.identity == "ada")
        assert (before, now) == ("", "busy")
        await ada.local.set_attributes({"k": "v"})
        changed, who = await bea.hears("participant_attributes_changed")
        assert (changed, who.identity) == ({"k": "v"}, "ada"), changed
        rooms.sql(PORT, "update rtc.rooms set metadata = 'from SQL' where name = 'py'")
        await bea.hears("room_metadata_changed", lambda before, now: now == "from SQL")

    together(work)


async def tone(source, seconds):
    """A frame of audio each 10 ms."""
    for _ in range(int(seconds * 100)):
        frame = rtc.AudioFrame.create(48_000, 1, 480)
        for at in range(480):
            frame.data[at] = 8_000 if at % 96 < 48 else -8_000
        await source.capture_frame(frame)


async def loud(remote):
    """Waits for a tone."""
    stream = rtc.AudioStream(remote)

    async def hears_it():
        async for event in stream:
            if max(abs(sample) for sample in event.frame.data) > 1_000:
                return

    await asyncio.wait_for(hears_it(), PATIENCE)
    await stream.aclose()


@step("audio is forwarded, muted and unmuted")
def _():
    async def work(ada, bea):
        source = rtc.AudioSource(48_000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("mic", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        published = await ada.local.publish_track(track, options)
        playing = asyncio.ensure_future(tone(source, 10))
        remote, publication, who = await bea.hears("track_subscribed")
        assert (publication.sid, who.identity, remote.kind) == (published.sid, "ada", rtc.TrackKind.KIND_AUDIO)
        await asyncio.wait_for(published.wait_for_subscription(), PATIENCE)
        await loud(remote)
        track.mute()
        await bea.hears("track_muted")
        track.unmute()
        await bea.hears("track_unmuted")
        playing.cancel()
        await ada.local.unpublish_track(published.sid)
        await bea.hears("track_unpublished")

    together(work)


@step("video is forwarded")
def _():
    async def work(ada, bea):
        source = rtc.VideoSource(320, 240)
        track = rtc.LocalVideoTrack.create_video_track("cam", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False, video_codec=rtc.VideoCodec.VP8)
        await ada.local.publish_track(track, options)

        async def film():
            shade = 0
            while True:
                shade = (shade + 8) % 256
                source.capture_frame(rtc.VideoFrame(320, 240, rtc.VideoBufferType.RGBA, bytes([shade, 64, 128, 255]) * (320 * 240)))
                await asyncio.sleep(1 / 20)

        filming = asyncio.ensure_future(film())
        remote, publication, who = await bea.hears("track_subscribed")
        assert (who.identity, remote.kind) == ("ada", rtc.TrackKind.KIND_VIDEO)
        stream = rtc.VideoStream(remote)

        async def sees_it():
            count = 0
            async for event in stream:
                assert (event.frame.width, event.frame.height) == (320, 240), event.frame
                count += 1
                if count == 10:
                    return

        await asyncio.wait_for(sees_it(), PATIENCE)
        filming.cancel()
        await stream.aclose()

    together(work)


def broken(single):
    """A session whose signalling breaks goes on, and one that the server has lost is begun anew."""
    kinds = rtc.SimulateScenarioKind

    async def run():
        async with Guest("ada", single) as ada, Guest("bea", single) as bea:
            source = rtc.AudioSource(48_000, 1)
            track = rtc.LocalAudioTrack.create_audio_track("mic", source)
            await ada.local.publish_track(track)
            playing = asyncio.ensure_future(tone(source, 90))
            remote, *_ = await bea.hears("track_subscribed")
            await loud(remote)
            await ada.local.publish_data(b"before", reliable=True)
            await bea.hears("data_received", lambda packet: packet.data == b"before")
            sid = ada.local.sid
            for _ in range(2):
                await ada.room.simulate_scenario(kinds.SIMULATE_SIGNAL_RECONNECT)
                await ada.hears("reconnected")
                assert ada.local.sid == sid, (ada.local.sid, sid)
                await ada.local.publish_data(b"again", reliable=True)
                # Whoever had left would be told before.
                found, _ = await asyncio.wait_for(bea.heard.get(), PATIENCE)
                assert found == "data_received", found
                await loud(remote)
            await ada.room.simulate_scenario(kinds.SIMULATE_NODE_FAILURE)
            await ada.hears("reconnected")
            assert ada.local.sid != sid
            remote, *_ = await bea.hears("track_subscribed")
            await loud(remote)
            playing.cancel()

    LOOP.run_until_complete(asyncio.wait_for(run(), 120))


@step("over one connection: what breaks goes on")
def _():
    broken(True)


@step("over two connections: what breaks goes on")
def _():
    broken(False)


@step("what a token does not grant is refused")
def _():
    async def run():
        async with Guest("ada") as ada, Guest("mute", can_publish=False, can_publish_data=False) as quiet:
            await quiet.local.publish_data(b"x", reliable=True)
            source = rtc.AudioSource(48_000, 1)
            track = rtc.LocalAudioTrack.create_audio_track("mic", source)
            try:
                await asyncio.wait_for(quiet.local.publish_track(track), PATIENCE)
            except Exception:
                pass
            else:
                raise AssertionError("a track is published")
            try:
                found, words = await asyncio.wait_for(ada.hears("data_received"), 2)
                raise AssertionError(f"data comes: {words}")
            except asyncio.TimeoutError:
                pass

    LOOP.run_until_complete(asyncio.wait_for(run(), 120))
    try:
        wrong = rtc.Room(loop=LOOP)
        LOOP.run_until_complete(asyncio.wait_for(wrong.connect(URL, token("x", room_join=False)), PATIENCE))
    except rtc.ConnectError:
        pass
    else:
        raise AssertionError("it is let in")


@step("moderators mute, remove and close")
def _():
    async def run():
        async with api.LiveKitAPI(URL.replace("ws", "http"), KEY, SECRET) as client, Guest("ada") as ada, Guest("bea") as bea:
            people = (await client.room.list_participants(api.ListParticipantsRequest(room="py"))).participants
            assert {who.identity for who in people} == {"ada", "bea"}, people
            await client.room.send_data(api.SendDataRequest(room="py", data=b"hi", kind=0, topic="t", destination_identities=["bea"]))
            [packet] = await bea.hears("data_received")
            assert (packet.data, packet.topic, packet.participant) == (b"hi", "t", None), packet
            source = rtc.AudioSource(48_000, 1)
            track = rtc.LocalAudioTrack.create_audio_track("mic", source)
            published = await ada.local.publish_track(track)
            playing = asyncio.ensure_future(tone(source, 5))
            await bea.hears("track_subscribed")
            mute = api.MuteRoomTrackRequest(room="py", identity="ada", track_sid=published.sid, muted=True)
            assert (await client.room.mute_published_track(mute)).track.muted
            await bea.hears("track_muted")
            change = api.UpdateParticipantRequest(room="py", identity="ada", metadata="by an admin")
            await client.room.update_participant(change)
            await bea.hears("participant_metadata_changed", lambda who, _, now: now == "by an admin")
            await client.room.remove_participant(api.RoomParticipantIdentity(room="py", identity="ada"))
            [reason] = await ada.hears("disconnected")
            assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED, reason
            await bea.hears("participant_disconnected")
            playing.cancel()
            await client.room.delete_room(api.DeleteRoomRequest(room="py"))
            [reason] = await bea.hears("disconnected")
            assert reason == rtc.DisconnectReason.ROOM_DELETED, reason

    LOOP.run_until_complete(asyncio.wait_for(run(), 120))


@step("what has happened is in SQL")
def _():
    def is_written():
        """The tables follow what happens within a moment."""
        happened = {row[0] for row in rooms.sql(PORT, "select distinct happened from rtc.events where room = 'py'")}
        left = rooms.sql(PORT, "select count(*) from rtc.participants where room = 'py'")
        return {"opened", "joined", "published", "muted", "left", "closed"} <= happened and left == [[0]], happened, left

    until = time.monotonic() + PATIENCE
    while not is_written()[0]:
        assert time.monotonic() < until, is_written()
        time.sleep(0.1)


finish()
