#!/bin/bash
# Of the container of PostgreSQL, the first time it starts: two roles, neither of them a superuser. bal_owner owns the
# database and its tables, and migrates; bal serves, with the rights that `migrate` gives it (RUNTIME_ROLE).
set -euo pipefail
psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set=owner_password="$(cat /run/secrets/owner_password)" --set=password="$(cat /run/secrets/postgres_password)" <<'SQL'
CREATE ROLE bal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE bal LOGIN PASSWORD :'password';
CREATE DATABASE bal OWNER bal_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE bal FROM PUBLIC;
GRANT CONNECT ON DATABASE bal TO bal;
SQL
