# One image for every role: JobManager, TaskManager, ZooKeeper, the guard of the job, the dashboard.
# Flink comes from the package that pyproject.toml pins, as everywhere else in the project.

FROM debian:bookworm-slim AS python
ARG TARGETARCH
ENV DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
    # PyFlink has no wheel for Linux on arm64: there it is compiled, in this stage only.
    && if [ "$TARGETARCH" = arm64 ]; then \
         apt-get install -y --no-install-recommends build-essential python3-dev openjdk-17-jdk-headless; fi \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/flink-abnormal
COPY pyproject.toml constraints.txt ./
RUN mkdir flink_abnormal dashboard && touch flink_abnormal/__init__.py dashboard/__init__.py README.md LICENSE \
    && python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet -c constraints.txt -e '.[dashboard,kafka]' \
    && /opt/venv/bin/pip uninstall --quiet --yes pip

FROM debian:bookworm-slim AS java
ENV DEBIAN_FRONTEND=noninteractive
# conf/kafka/Dockerfile has the same lines, and those for Maven: whatever is built first makes them for both.
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*

FROM java AS connectors
RUN apt-get update && apt-get install -y --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
COPY conf/connectors/pom.xml /tmp/
RUN mvn --batch-mode --quiet --strict-checksums --file /tmp/pom.xml -Dconnectors.folder=/opt/connectors package

FROM java
RUN apt-get update && apt-get install -y --no-install-recommends \
      curl iproute2 libjemalloc2 libpython3.11 procps python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/*/libjemalloc.so.2 /usr/local/lib/libjemalloc.so \
    && groupadd --gid 9999 flink && useradd --uid 9999 --gid flink --home-dir /home/flink --create-home flink \
    # A named volume takes over the owner of the folder that it covers.
    && install -d -o flink -g flink /data /var/lib/flink-abnormal
COPY --from=python /opt/venv /opt/venv
COPY --from=connectors /opt/connectors /opt/connectors
WORKDIR /opt/flink-abnormal
COPY pyproject.toml LICENSE ./
COPY conf conf
COPY jobs jobs
COPY flink_abnormal flink_abnormal
COPY dashboard dashboard
RUN /opt/venv/bin/python -m compileall -q flink_abnormal dashboard
# RocksDB fragments the memory of glibc's allocator.
ENV LD_PRELOAD=/usr/local/lib/libjemalloc.so \
    PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 LANG=C.UTF-8 \
    FLINK_ABNORMAL_CONTAINER=1 FLINK_ABNORMAL_HOME=/var/lib/flink-abnormal FLINK_ABNORMAL_CONNECTORS=/opt/connectors
USER flink
# The guard of Flink's REST API is compiled here, and not at each container's first start.
RUN python -c "from flink_abnormal.runtime import distribution; distribution.prepare()"
ENTRYPOINT ["tini", "--", "python", "-m", "flink_abnormal.cli.entrypoint"]
CMD ["jobmanager"]
