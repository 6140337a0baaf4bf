# The workers: everything that trains, scores and searches, on CPU or GPU. From the repository's root:
#
#     docker build -f docker/worker.Dockerfile --build-arg TORCH=cpu -t cellgebra-worker:cpu .
#     docker build -f docker/worker.Dockerfile --build-arg TORCH=cuda -t cellgebra-worker:cuda .
#
# TORCH chooses the lock, requirements-worker-cpu.txt or requirements-worker-cuda.txt. The CUDA build brings
# its libraries in wheels, so that any base with Python 3.11 serves; the driver comes from the host.
# TORCH_INDEX is one more index for pip, of builds of torch that its own does not have.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG TORCH=cpu
ARG TORCH_INDEX=
WORKDIR /source
# The compiler is for the kernel of searches.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc=4:12.* libc6-dev=2.36-* \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
RUN python -m venv /opt/build && python -m venv --without-pip /opt/cellgebra
COPY docker/requirements-build.txt docker/requirements-worker-${TORCH}.txt docker/
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r docker/requirements-build.txt \
 && /opt/build/bin/pip --python /opt/cellgebra/bin/python install --no-cache-dir --require-hashes --no-deps \
      --only-binary :all: ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r "docker/requirements-worker-${TORCH}.txt" \
 && rm -rf /opt/cellgebra/lib/python3*/site-packages/torch/test /opt/cellgebra/lib/python3*/site-packages/torch/include \
 && find /opt/cellgebra/lib -type d -name tests -prune -exec rm -rf {} +
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
# A container takes it along to /tmp/numba; on another processor it compiles for itself. It goes with the
# time of each source: in whole seconds, for layers keep no others.
RUN find /opt/cellgebra/lib/python3*/site-packages/worker -name '*.py' \
      -exec sh -c 'for file; do touch -d "@$(stat -c %Y "$file")" "$file"; done' sh {} + \
 && NUMBA_CACHE_DIR=/opt/cellgebra/compiled /opt/cellgebra/bin/python -P -m worker.compiling

FROM ${BASE}
ARG TORCH=cpu
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini=0.19.* \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && groupadd --gid 10001 cellgebra \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin cellgebra \
 && for folder in /data /secrets /secrets/service; do install -d -o 10001 -g 10001 -m 0755 "$folder"; done
# On a GPU, triton compiles its launchers when they are first used.
RUN if [ "$TORCH" = cuda ]; then \
      apt-get update && apt-get install -y --no-install-recommends gcc=4:12.* libc6-dev=2.36-* \
       && rm -rf /var/lib/apt/lists/* /var/cache/apt/*; \
    fi
COPY --from=build /opt/cellgebra /opt/cellgebra
# What compiles as it runs keeps its results in /tmp, the one place that it can write to.
ENV PATH=/opt/cellgebra/bin:$PATH \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    TORCHINDUCTOR_CACHE_DIR=/tmp/inductor \
    TRITON_CACHE_DIR=/tmp/triton \
    CELLGEBRA_BEAT_FILE=/tmp/beat \
    CELLGEBRA_DATA_DIR=/data
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python", "-m", "service.probe", "beat"]
ENTRYPOINT ["tini", "--"]
CMD ["celery", "-A", "worker.app:app", "worker", "-Q", "batch", "-n", "batch@%h", "--pool", "prefork", "--concurrency", "1"]
