#!/usr/bin/env bash
# Event sinks and shared rate limits against real brokers: each started for the run, read with its usual client.
#
#   compat/events/brokers.sh [--zserver PATH] [nats|amqp|kafka|kafka-mock|redis|limits ...]      all without a name
#
# Installs the brokers that are missing (Debian's nats-server, rabbitmq-server, redis-server) and the clients, in a
# folder of the cache. PATH is a server built with --features redis,nats,amqp,kafka; without it one is built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../.ci/env"
need_commands nats-server=nats-server rabbitmqctl=rabbitmq-server redis-server=redis-server
exec python3 "$here/brokers.py" --install "$@"
