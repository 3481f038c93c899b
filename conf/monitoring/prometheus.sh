#!/bin/sh
# Starts Prometheus with the rules of this folder: without arguments for the containers of docker-compose.yml, with
# arguments HOST:PORT for these processes.
#   TASKMANAGERS, CHECKPOINT_INTERVAL    what the rules expect
#   PROMETHEUS_DATA, PROMETHEUS_LISTEN   where its data stands, and the address it answers on
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${PROMETHEUS_DATA:-${FLINK_ABNORMAL_HOME:-$here/../..}/.flink/prometheus}
taskmanagers=${TASKMANAGERS:-3}
interval=${CHECKPOINT_INTERVAL:-10s}

wrong() {
    echo "Error: $*" >&2
    exit 2
}

case $taskmanagers in
    '' | *[!0-9]*) wrong "TASKMANAGERS is '$taskmanagers', and a number is expected, such as 3." ;;
esac
case $interval in
    *ms) number=${interval%ms} factor=0.001 ;;
    *sec) number=${interval%sec} factor=1 ;;
    *s) number=${interval%s} factor=1 ;;
    *min) number=${interval%min} factor=60 ;;
    *m) number=${interval%m} factor=60 ;;
    *h) number=${interval%h} factor=3600 ;;
    *) number= factor= ;;
esac
case $number in
    '' | *[!0-9.]* | *.*.* | .* | *.) wrong "CHECKPOINT_INTERVAL is '$interval', and a duration is expected, such as 10s or 2min." ;;
esac
command -v prometheus >/dev/null || wrong "There is no prometheus on the PATH. Install it, on Debian: apt install prometheus"

mkdir -p "$data"
cp "$here"/*.yml "$data"
cat >"$data/expected.yml" <<END
groups:
  - name: expected
    rules:
      - {record: 'expected:taskmanagers', expr: vector($taskmanagers)}
      - {record: 'expected:checkpoint_interval:seconds', expr: vector($number * $factor)}
END
config=prometheus.yml
if [ $# -gt 0 ]; then
    config=prometheus-processes.yml
    targets=$(printf ', "%s"' "$@")
    printf '[{"targets": [%s]}]\n' "${targets#, }" >"$data/targets.json"
fi
exec prometheus --config.file="$data/$config" --storage.tsdb.path="$data/tsdb" \
    --storage.tsdb.retention.time="${PROMETHEUS_RETENTION:-7d}" --web.listen-address="${PROMETHEUS_LISTEN:-127.0.0.1:9090}"
