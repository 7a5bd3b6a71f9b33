# What the pages load
FROM node:24-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc assets.mjs ./
RUN npm ci --omit=dev && npm run build

# The application, in an environment that does not change
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH VAR_DIR=/var/lib/bal BIND=0.0.0.0:8000
WORKDIR /app
COPY requirements/uv.txt requirements/runtime.txt requirements/
RUN python -m venv .venv \
    && pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv pip install --no-cache --python .venv/bin/python --require-hashes -r requirements/runtime.txt \
    && useradd --system --uid 999 --home-dir /var/lib/bal --create-home bal
COPY . .
COPY --from=assets /app/static/vendor static/vendor
# Static files live beside the code, not in the volume: a new image brings its own.
ENV STATIC_ROOT=/app/collected
RUN SECRET_KEY=only-to-collect-static-files-never-to-serve-a-page-0123456789 python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q balmanager directory mailboxes
USER 999
VOLUME /var/lib/bal
EXPOSE 8000
HEALTHCHECK --start-period=30s --interval=15s CMD ["python", "-m", "balmanager.healthcheck"]
CMD ["gunicorn", "balmanager.wsgi"]
