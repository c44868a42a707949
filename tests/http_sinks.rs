//! Sinks of events and shared limits against real brokers.
//!
//! `compat/events/brokers.py` starts a broker and a server, does the same cases with each
//! broker (down at first, killed, a wrong password, a server that is killed, …), and reads
//! with the broker's usual client. It says in one line what is missing on this machine:
//! the broker, its client, or the cargo feature.

use crate::support::runner;

fn check(broker: &str) {
    runner::check("compat/events/brokers.py", &format!("--check={broker}"));
}

#[test]
fn nats_jetstream_has_every_change_in_order() {
    check("nats");
}

#[test]
fn rabbitmq_has_every_change_in_order() {
    check("amqp");
}

#[test]
fn a_broker_of_kafkas_protocol_has_every_change_in_order() {
    check("kafka");
}

#[test]
fn the_mock_of_librdkafka_has_every_change_in_order() {
    check("kafka-mock");
}

#[test]
fn a_stream_of_redis_has_every_change_in_order() {
    check("redis");
}

#[test]
fn two_servers_count_requests_together_and_alone_without_redis() {
    check("limits");
}
