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

# The Python environment. What builds it stays behind; psycopg and python-ldap are built here, on Debian's own libpq and
# libldap, which the image holds anyway: the wheel of psycopg brings each of its libraries a second time.
FROM debian:trixie-slim AS environment
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev libldap2-dev libpq-dev \
      libsasl2-dev python3-dev python3-venv
WORKDIR /app
COPY requirements/uv.txt requirements/runtime.txt requirements/ldap.txt requirements/image.txt requirements/
RUN python3 -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && python3 -m venv --without-pip .venv \
    && for list in runtime ldap image; do \
         /uv/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes -r requirements/$list.txt || exit 1; \
       done \
    && /uv/bin/uv pip uninstall --python .venv/bin/python psycopg-binary

# The code with all that is made of it once, less what nobody here reads: other languages, the packages' own tests, what
# a debugger alone would load, pages of the REST framework and versions of htmx that no page of ours asks for
FROM environment AS built
ENV PATH=/app/.venv/bin:$PATH STATIC_ROOT=/app/collected
COPY . .
COPY --from=assets /app/static/vendor static/vendor
RUN SECRET_KEY=only-to-collect-static-files-never-to-serve-a-page-0123456789 VAR_DIR=/tmp/build STATIC_HASHED_ONLY=yes \
      python manage.py collectstatic --no-input --verbosity 0 --ignore redoc --ignore rest_framework --ignore 'htm*-4*' \
    && find collected -name '*.map' -delete -o -name '*.map.gz' -delete \
    && find .venv -type d -path '*/locale/*' ! -path '*/locale/en*' ! -path '*/locale/fr*' -prune -exec rm -r {} + \
    && find .venv -type d -path '*/site-packages/*' '(' -name static -o -name tests ')' -prune -exec rm -r {} + \
    && find .venv -name '*.so' -exec strip --strip-unneeded {} + \
    && python -m compileall -q .venv balmanager directory mailboxes

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="BAL Manager" org.opencontainers.image.licenses="MIT"
# Of PostgreSQL the programs that save and restore, without the Perl that Debian's package of them wants.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libldap2 liblz4-1 libpq5 libreadline8 libsasl2-2 libzstd1 \
         python3 \
    && cd /tmp && apt-get download "$(apt-cache depends postgresql-client | sed -n 's/^ *Depends: \(postgresql-client-[0-9]*\)$/\1/p')" \
    && dpkg -x postgresql-client-*.deb client && mv client/usr/lib/postgresql/*/bin/pg_* client/usr/lib/postgresql/*/bin/psql \
         /usr/local/bin/ \
    && apt-get clean && rm -rf /tmp/* /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
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
