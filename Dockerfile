# What the pages load
FROM node:24-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc assets.mjs ./
RUN npm ci --omit=dev
# Of the stylesheet what these name is kept.
COPY templates templates
COPY static/js static/js
COPY balmanager balmanager
COPY directory directory
COPY mailboxes mailboxes
RUN npm run build

# The Python environment; uv and compilers stay behind, and the languages that nobody here reads
FROM python:3.12-slim AS environment
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libldap2-dev libsasl2-dev
WORKDIR /app
COPY requirements/uv.txt requirements/runtime.txt requirements/ldap.txt requirements/
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && python -m venv --without-pip .venv \
    && /uv/bin/uv pip install --no-cache --compile-bytecode --python .venv/bin/python --require-hashes \
         -r requirements/runtime.txt \
    && /uv/bin/uv pip install --no-cache --compile-bytecode --python .venv/bin/python --require-hashes \
         -r requirements/ldap.txt \
    && find .venv -type d -path '*/locale/*' ! -path '*/locale/en*' ! -path '*/locale/fr*' -prune -exec rm -r {} +

# The code with all that is made of it once
FROM environment AS built
ENV PATH=/app/.venv/bin:$PATH STATIC_ROOT=/app/collected
COPY . .
COPY --from=assets /app/static/vendor static/vendor
RUN SECRET_KEY=only-to-collect-static-files-never-to-serve-a-page-0123456789 VAR_DIR=/tmp/build STATIC_HASHED_ONLY=yes \
      python manage.py collectstatic --no-input --verbosity 0 --ignore redoc \
    && find .venv -type d -name static -path '*/site-packages/*' -prune -exec rm -r {} + \
    && python -m compileall -q balmanager directory mailboxes

FROM python:3.12-slim
LABEL org.opencontainers.image.title="BAL Manager" org.opencontainers.image.licenses="MIT"
# Of PostgreSQL the programs that save and restore, without the Perl that Debian's package of them wants.
RUN apt-get update \
    && { apt-get install -y --no-install-recommends libldap2 libsasl2-2 libpq5 liblz4-1 libzstd1 libreadline8 \
         || apt-get install -y --no-install-recommends libldap-2.5-0 libsasl2-2 libpq5 liblz4-1 libzstd1 libreadline8; } \
    && cd /tmp && apt-get download "$(apt-cache depends postgresql-client | sed -n 's/^ *Depends: \(postgresql-client-[0-9]*\)$/\1/p')" \
    && dpkg -x postgresql-client-*.deb client && mv client/usr/lib/postgresql/*/bin/pg_* client/usr/lib/postgresql/*/bin/psql \
         /usr/local/bin/ \
    && apt-get clean && rm -rf /tmp/* /var/lib/apt/lists/* \
    && useradd --system --uid 999 --home-dir /var/lib/bal --create-home bal
# Static files live beside the code, not in the volume: a new image brings its own.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH VAR_DIR=/var/lib/bal \
    STATIC_ROOT=/app/collected BIND=0.0.0.0:8000
WORKDIR /app
COPY --from=built /app .
USER 999
VOLUME /var/lib/bal
EXPOSE 8000
HEALTHCHECK --start-period=30s --interval=15s CMD ["python", "-m", "balmanager.healthcheck"]
CMD ["gunicorn", "balmanager.wsgi"]
