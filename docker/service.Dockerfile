# The api, rpc, scheduler and migrate processes: no torch. Built from the root of the repository:
#
#     docker build -f docker/service.Dockerfile -t cellgebra-service .
#
# What pip installs is in requirements-service.txt, by hash.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
RUN python -m venv /opt/build && python -m venv --without-pip /opt/cellgebra
COPY docker/requirements-build.txt docker/requirements-service.txt docker/
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r docker/requirements-build.txt \
 && /opt/build/bin/pip --python /opt/cellgebra/bin/python install --no-cache-dir --require-hashes --no-deps \
      --only-binary :all: -r docker/requirements-service.txt
COPY docker/requirements-extras.txt docker/
RUN /opt/build/bin/pip --python /opt/cellgebra/bin/python install --no-cache-dir --require-hashes --no-deps \
      --only-binary :all: -r docker/requirements-extras.txt
COPY pyproject.toml README.md LICENSE NOTICE cellgebra.py ./
COPY examples/isoprenol examples/isoprenol
COPY service service
COPY worker worker
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/build/bin/pip --python /opt/cellgebra/bin/python install --no-cache-dir --no-deps --no-index /wheels/*.whl \
 && /opt/build/bin/pip --python /opt/cellgebra/bin/python check

FROM ${BASE}
# Folders that volumes are mounted on: a new volume takes their owner.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini=0.19.* \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && groupadd --gid 10001 cellgebra \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin cellgebra \
 && for folder in /data /secrets /secrets/admin /secrets/broker /secrets/database /secrets/grafana /secrets/s3 /secrets/service \
      /var/lib/blobs /var/lib/broker; do install -d -o 10001 -g 10001 -m 0755 "$folder"; done
COPY --from=build /opt/cellgebra /opt/cellgebra
COPY docker/migrate.sh /usr/local/bin/cellgebra-migrate
COPY docker/secrets.sh /usr/local/bin/cellgebra-secrets
ENV PATH=/opt/cellgebra/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    CELLGEBRA_BEAT_FILE=/tmp/beat \
    CELLGEBRA_DATA_DIR=/data
USER 10001:10001
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "service.probe", "rest"]
ENTRYPOINT ["tini", "--"]
CMD ["cellgebra", "api"]
