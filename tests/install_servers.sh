#!/usr/bin/env bash
# Installs the Debian packages the tests can use; runs apt only when something is missing, and only when it may.
# With CI set, what is missing is an error; else it is said loudly, and the tests that need it are skipped.
set -euo pipefail

declare -A SIGN=(  # package: what shows that it is there
  [postgresql]='/usr/lib/postgresql/*/bin/initdb'
  [redis-server]='/usr/bin/redis-server'
  [slapd]='/usr/sbin/slapd'
  [ldap-utils]='/usr/bin/ldapadd'
  [chromium-headless-shell]='/usr/bin/chromium-headless-shell'
  [dovecot-imapd]='/usr/lib/dovecot/imap'
  [dovecot-managesieved]='/usr/lib/dovecot/managesieve'
  [openssl]='/usr/bin/openssl'
  [gcc]='/usr/bin/gcc'
  [libldap2-dev]='/usr/include/ldap.h'
  [libsasl2-dev]='/usr/include/sasl/sasl.h'
  [python3-dev]='/usr/include/python3*/Python.h'
)

list_missing() {
  local package
  for package in "${!SIGN[@]}"; do compgen -G "${SIGN[$package]}" >/dev/null || echo "$package"; done
}

mapfile -t missing < <(list_missing)
((${#missing[@]})) || exit 0

if [ "$(id -u)" = 0 ]; then sudo=(); elif sudo -n true 2>/dev/null; then sudo=(sudo -n); else sudo=(false); fi
if command -v apt-get >/dev/null && [ "${sudo[*]}" != false ]; then
  echo "Installing for the tests: ${missing[*]}"
  # create_main_cluster: the tests start a PostgreSQL of their own, the system's one is not wanted.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${sudo[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | "${sudo[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "${sudo[@]}" apt-get update -qq || true
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold "${missing[@]}" >/dev/null || true
fi

mapfile -t missing < <(list_missing)
((${#missing[@]})) || exit 0
echo "################################################################################"
echo "# NOT INSTALLED, so some tests will be SKIPPED: ${missing[*]}"
echo "# On Debian: apt install ${missing[*]}"
echo "################################################################################"
[ -z "${CI:-}" ]
