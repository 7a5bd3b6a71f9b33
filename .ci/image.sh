#!/usr/bin/env bash
# Runs the Dockerfile where no registry of images is reached: its bases are made here of Debian's own packages, buildah
# carries out each instruction, then the image migrates, answers and stops. Wants root, buildah and debootstrap.
# debian:trixie-slim is made as its makers do: a minimal Debian, without what its own list leaves out (below). The other
# base, of which nothing reaches the image, has Debian's Node.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=trixie
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')  # a free one
MOST_MB=300  # the whole of it, its base too, as programs of containers count: millions of bytes of its files
MOST_PACKED_MB=110  # as it travels
IMAGE=localhost/balmanager:check
BUNDLE=/etc/ssl/certs/ca-certificates.crt
AUTHORITIES=/usr/local/share/authorities.crt
export BUILDAH_ISOLATION=chroot

for command in buildah debootstrap; do
  command -v "$command" >/dev/null || { echo "$command is missing: on Debian, apt install buildah debootstrap"; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "make image-check wants root: each instruction runs in a chroot"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A base by the name that the Dockerfile gives it, kept for the next time; with these packages.
base() {
  local name=localhost/$1 container
  shift
  ! buildah inspect --type image "$name" >/dev/null 2>&1 || return 0
  echo "Base $name: Debian $SUITE $*"
  if [ ! -d "$work/debian" ]; then
    debootstrap --variant=minbase "$SUITE" "$work/debian" >"$work/log" || { tail "$work/log"; exit 1; }
    rm -rf "$work"/debian/var/cache/apt/* "$work"/debian/var/lib/apt/lists/* "$work"/debian/var/log/*
    slim "$work/debian"
    cp "$BUNDLE" "$work/debian$AUTHORITIES"  # a network that opens what it carries has an authority of its own
  fi
  container=$(buildah from scratch)
  buildah copy -q "$container" "$work/debian" / >/dev/null
  buildah config --env SSL_CERT_FILE=$AUTHORITIES --env NODE_EXTRA_CA_CERTS=$AUTHORITIES --cmd bash "$container"
  [ $# = 0 ] || buildah run "$container" -- sh -ec "apt-get update -qq; apt-get install -y -qq --no-install-recommends $*
    apt-get clean; rm -rf /var/lib/apt/lists/*" >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
  buildah commit -q --rm "$container" "$name" >/dev/null
}
# What the image `slim` of Debian leaves out, of what it holds and of what is installed later.
slim() {
  local folder
  for folder in doc groff info linda lintian locale man; do
    echo "path-exclude /usr/share/$folder/*"
    if [ $folder = doc ]; then
      find "$1/usr/share/doc" ! -type d ! -name copyright -delete
      find "$1/usr/share/doc" -type d -empty -delete
    else
      rm -rf "$1/usr/share/$folder"/*
    fi
  done >"$1/etc/dpkg/dpkg.cfg.d/docker"
  echo "path-include /usr/share/doc/*/copyright" >>"$1/etc/dpkg/dpkg.cfg.d/docker"
}
base debian:trixie-slim
base node:24-slim nodejs npm

buildah bud --pull-never --tag "$IMAGE" . >"$work/log" 2>&1 || { tail -40 "$work/log"; exit 1; }

container=$(buildah from --pull-never "$IMAGE")
trap '[ -z "${web:-}" ] || kill -- -"$web" 2>/dev/null || true; buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
root=$(buildah mount "$container")

# What it weighs, and what it must not carry.
megabytes() { du --summarize --block-size=MB "$@" | sed 's/MB.*//'; }
base_root=$(buildah mount "$(buildah from --pull-never --name "base-of-$container" localhost/debian:trixie-slim)")
size=$(megabytes --apparent-size "$root") base_size=$(megabytes --apparent-size "$base_root") on_disk=$(megabytes "$root")
buildah rm "base-of-$container" >/dev/null
packed=$(($(tar -C "$root" -c . | gzip -1 | wc -c) / 1000000))
echo "The image holds $size MB, of which its base $base_size; $on_disk in blocks of a disk, $packed packed"
((size <= MOST_MB && packed <= MOST_PACKED_MB)) || { echo "more than $MOST_MB or $MOST_PACKED_MB"; exit 1; }
for unwanted in app/tests app/.git app/.env app/node_modules app/docs uv usr/bin/gcc; do
  [ ! -e "$root/$unwanted" ] || { echo "/$unwanted does not belong in the image"; exit 1; }
done

# As its command serves it, as its user, with the settings of a first try: SQLite.
inside() { buildah run --user 999 --env SECRET_KEY="$(tr -dc a-z0-9 </dev/urandom | head -c 64)" \
  --env ALLOWED_HOSTS=127.0.0.1 --env SITE_URL="http://127.0.0.1:$PORT" --env BIND="127.0.0.1:$PORT" "$container" -- "$@"; }
inside python -c 'import os, sys, ldap; sys.exit(os.getuid() != 999 or os.access("/app", os.W_OK))'
# Each compiled module loads, stripped as it is (that of windows wants Tk), and psycopg is the one built here.
inside python -c '
import importlib, pathlib, psycopg
site = pathlib.Path(psycopg.__file__).parents[1]
compiled = [path.relative_to(site) for path in site.rglob("*.so") if ".libs" not in path.parts[0]
            and not path.name.startswith("_imagingtk")]
for path in compiled:
    importlib.import_module(".".join([*path.parent.parts, path.name.partition(".")[0]]))
assert len(compiled) > 10 and psycopg.pq.__impl__ == "c", (len(compiled), psycopg.pq.__impl__)'
inside pg_dump --version
inside pg_restore --version
inside python manage.py migrate --no-input --verbosity 0
set -m  # in a group of its own: buildah ends, and does not tell what it runs
inside gunicorn balmanager.wsgi >"$work/web.log" 2>&1 &
web=$!
set +m
for _ in $(seq 60); do
  ! python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$PORT/compte/login/', timeout=5)" 2>/dev/null || served=yes
  [ -z "${served:-}" ] || break
  kill -0 "$web" 2>/dev/null || break
  sleep 1
done
[ -n "${served:-}" ] || { cat "$work/web.log"; exit 1; }
inside python -m balmanager.healthcheck
echo "It migrates, serves its log-in page as an account without rights, and says that it is well."
