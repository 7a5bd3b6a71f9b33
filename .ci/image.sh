#!/usr/bin/env bash
# Runs the Dockerfile where no registry of images is reached: its bases are made here of Debian's own packages, buildah
# carries out each instruction, then the image migrates, answers and stops. Wants root, buildah and debootstrap.
# The bases differ from the real ones in one thing: their Python and Node are Debian's (3.13 and 20 in trixie).
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=${SUITE:-trixie}
PORT=${PORT:-8000}
MOST_ADDED_MB=200  # to the base, as they stand on a disk
MOST_PACKED_MB=100  # as they travel
IMAGE=localhost/balmanager:check
BUNDLE=/etc/ssl/certs/ca-certificates.crt
export BUILDAH_ISOLATION=chroot

for command in buildah debootstrap; do
  command -v "$command" >/dev/null || { echo "$command is missing: on Debian, apt install buildah debootstrap"; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "make image-check wants root: each instruction runs in a chroot"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A base by the name that the Dockerfile gives it, kept for the next time.
base() {
  local name=localhost/$1 container
  shift
  ! buildah inspect --type image "$name" >/dev/null 2>&1 || return 0
  echo "Base $name: Debian $SUITE, $*"
  if [ ! -d "$work/debian" ]; then
    debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$work/debian" >"$work/log" || { tail "$work/log"; exit 1; }
    rm -rf "$work"/debian/var/cache/apt/archives/*.deb "$work"/debian/var/lib/apt/lists/*
    cp "$BUNDLE" "$work/debian$BUNDLE"  # a network that opens what it carries has an authority of its own
  fi
  container=$(buildah from scratch)
  buildah copy -q "$container" "$work/debian" / >/dev/null
  buildah config --env SSL_CERT_FILE=$BUNDLE --env NODE_EXTRA_CA_CERTS=$BUNDLE --cmd bash "$container"
  buildah run "$container" -- sh -ec "apt-get update -qq; apt-get install -y -qq --no-install-recommends $*; apt-get clean
    rm -rf /var/lib/apt/lists/*; [ ! -e /usr/bin/python3 ] || ln -sf python3 /usr/bin/python" >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
  buildah commit -q --rm "$container" "$name" >/dev/null
}
base python:3.12-slim python3-dev python3-venv  # its headers are in the real one
base node:24-slim nodejs npm

buildah bud --pull-never --tag "$IMAGE" . >"$work/log" 2>&1 || { tail -40 "$work/log"; exit 1; }

container=$(buildah from --pull-never "$IMAGE")
trap 'kill "${web:-}" 2>/dev/null; buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
root=$(buildah mount "$container")

# What the image adds to its base, and what it must not carry.
megabytes() { du --summarize --block-size=1M "$1" | cut -f1; }
base_root=$(buildah mount "$(buildah from --pull-never --name "base-of-$container" localhost/python:3.12-slim)")
size=$(megabytes "$root") base_size=$(megabytes "$base_root")
buildah rm "base-of-$container" >/dev/null
packed=$(($(tar -C "$root" -c app | gzip -1 | wc -c) >> 20))
echo "The image adds $((size - base_size)) MB to its base, $packed MB packed"
((size - base_size <= MOST_ADDED_MB && packed <= MOST_PACKED_MB)) || { echo "more than $MOST_ADDED_MB or $MOST_PACKED_MB"; exit 1; }
for unwanted in app/tests app/.git app/.env app/node_modules app/docs uv usr/bin/gcc; do
  [ ! -e "$root/$unwanted" ] || { echo "/$unwanted does not belong in the image"; exit 1; }
done

# As its command serves it, as its user, with the settings of a first try: SQLite.
inside() { buildah run --user 999 --env SECRET_KEY="$(tr -dc a-z0-9 </dev/urandom | head -c 64)" \
  --env ALLOWED_HOSTS=127.0.0.1 --env SITE_URL="http://127.0.0.1:$PORT" --env BIND="127.0.0.1:$PORT" "$container" -- "$@"; }
inside python -c 'import os, sys, ldap; sys.exit(os.getuid() != 999 or os.access("/app", os.W_OK))'
inside pg_dump --version
inside pg_restore --version
inside python manage.py migrate --no-input --verbosity 0
inside gunicorn balmanager.wsgi >"$work/web.log" 2>&1 &
web=$!
for _ in $(seq 60); do
  ! python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$PORT/compte/login/', timeout=5)" 2>/dev/null || served=yes
  [ -z "${served:-}" ] || break
  kill -0 "$web" 2>/dev/null || break
  sleep 1
done
[ -n "${served:-}" ] || { cat "$work/web.log"; exit 1; }
inside python -m balmanager.healthcheck
echo "It migrates, serves its log-in page as an account without rights, and says that it is well."
