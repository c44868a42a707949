"""RoomService as livekit-api asks for it: rooms made, listed, changed and deleted, grants that are not enough."""

import asyncio
import datetime
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import rooms  # noqa: E402
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)

if PORT:
    from livekit import api

    KEY, SECRET = rooms.key(PORT)
    URL = f"http://127.0.0.1:{PORT}"


def asked(work, key=None, secret=None):
    """What a coroutine of a client answers."""

    async def run():
        async with api.LiveKitAPI(URL, key or KEY, secret or SECRET) as client:
            return await work(client)

    return asyncio.run(run())


def refused(code, work, **how):
    try:
        asked(work, **how)
    except api.TwirpError as error:
        assert error.code == code, f"{error.code}: {error.message}"
        return error
    raise AssertionError(f"it is taken, not {code}")


@step("a room is made and listed")
def _():
    made = asked(lambda it: it.room.create_room(api.CreateRoomRequest(name="lk", empty_timeout=60, max_participants=5, metadata="m")))
    assert (made.name, made.empty_timeout, made.max_participants, made.metadata) == ("lk", 60, 5, "m"), made
    assert made.sid.startswith("RM_") and made.creation_time > 1_700_000_000, made
    again = asked(lambda it: it.room.create_room(api.CreateRoomRequest(name="lk")))
    assert (again.sid, again.metadata) == (made.sid, "m"), again
    names = [room.name for room in asked(lambda it: it.room.list_rooms(api.ListRoomsRequest())).rooms]
    assert names == ["lk"], names
    named = asked(lambda it: it.room.list_rooms(api.ListRoomsRequest(names=["other"]))).rooms
    assert len(named) == 0, named


@step("its metadata is changed, and SQL sees it")
def _():
    changed = asked(lambda it: it.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="lk", metadata="new")))
    assert changed.metadata == "new", changed
    assert rooms.sql(PORT, "select metadata from rtc.rooms where name = 'lk'") == [["new"]]


@step("nobody is in it")
def _():
    people = asked(lambda it: it.room.list_participants(api.ListParticipantsRequest(room="lk"))).participants
    assert len(people) == 0, people
    who = api.RoomParticipantIdentity(room="lk", identity="nobody")
    refused("not_found", lambda it: it.room.get_participant(who))
    refused("not_found", lambda it: it.room.remove_participant(who))
    refused("not_found", lambda it: it.room.mute_published_track(api.MuteRoomTrackRequest(room="lk", identity="nobody", track_sid="TR_x", muted=True)))


@step("data is sent to nobody")
def _():
    asked(lambda it: it.room.send_data(api.SendDataRequest(room="lk", data=b"hello", kind=0, topic="t")))


@step("a wrong secret, and a key that is not there")
def _():
    refused("unauthenticated", lambda it: it.room.list_rooms(api.ListRoomsRequest()), secret="x" * 32)
    refused("unauthenticated", lambda it: it.room.list_rooms(api.ListRoomsRequest()), key="APInothing")


@step("what is not supported is named")
def _():
    agents = [api.RoomAgentDispatch(agent_name="a")]
    error = refused("unimplemented", lambda it: it.room.create_room(api.CreateRoomRequest(name="other", agents=agents)))
    assert "agents" in error.message, error.message
    move = api.MoveParticipantRequest(room="lk", identity="x", destination_room="other")
    refused("unimplemented", lambda it: it.room.move_participant(move))


@step("a token says what it grants")
def _():
    grants = api.VideoGrants(room_join=True, room="lk", can_publish_sources=["microphone"])
    token = api.AccessToken(KEY, SECRET).with_identity("x").with_grants(grants).with_ttl(datetime.timedelta(minutes=5))
    status, text = rooms.validate(PORT, token.to_jwt())
    assert (status, text) == (200, "success"), (status, text)
    token = api.AccessToken(KEY, SECRET).with_identity("x").with_grants(api.VideoGrants(room="lk"))
    assert rooms.validate(PORT, token.to_jwt())[0] == 403


@step("a token of the server is one of LiveKit")
def _():
    [[token]] = rooms.sql(PORT, "select rtc.issue_token('lk', 'guest', grants => '{\"canPublish\": false}')")
    assert rooms.validate(PORT, token) == (200, "success")


@step("the room is deleted")
def _():
    asked(lambda it: it.room.delete_room(api.DeleteRoomRequest(room="lk")))
    refused("not_found", lambda it: it.room.delete_room(api.DeleteRoomRequest(room="lk")))
    assert rooms.sql(PORT, "select count(*) from rtc.rooms where name = 'lk'") == [[0]]


finish()
