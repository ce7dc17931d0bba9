# One image for all of the product's services (docker-compose.yml); the database is PostgreSQL's own image.
FROM docker.io/library/python:3.11-slim-bookworm

# The number of the user inside: that of whoever owns the key file and the inbox folder on the host.
ARG BUREAU_UID=1000
RUN useradd --uid "$BUREAU_UID" --user-group --no-create-home --home-dir /var/lib/bureau --shell /usr/sbin/nologin bureau \
    && for folder in . archive inbox logs; do install -d -o bureau -g bureau -m 0750 "/var/lib/bureau/$folder"; done

WORKDIR /opt/bureau
# The launcher makes the environment from uv.lock, here as anywhere; an empty program in the product's place keeps this layer
# until the lock file changes.
COPY bureau pyproject.toml uv.lock ./
RUN mkdir warehouse && touch warehouse/__init__.py warehouse/__main__.py \
    && UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1 ./bureau && rm -r warehouse

COPY . .
RUN .venv/bin/python -m compileall -q warehouse ingest expectations dags

# Written beside every build of the figures: which code made them.
ARG BUREAU_CODE_COMMIT=
ENV BUREAU_CODE_COMMIT=$BUREAU_CODE_COMMIT \
    BUREAU_HOME=/var/lib/bureau \
    HOME=/var/lib/bureau \
    LANG=C.UTF-8 \
    TZ=Asia/Shanghai \
    PATH=/opt/bureau:$PATH

USER bureau
ENTRYPOINT ["bureau"]
CMD ["--help"]
