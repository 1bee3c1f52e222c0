# sinet-video alone, without torch; clips are in the folder that is mounted at /clips:
#
#   docker build -t sinet-video .
#   docker run --rm --read-only --tmpfs /tmp --network none -v "$PWD:/clips" --user "$(id -u):$(id -g)" \
#       sinet-video run talk.mp4 talk.webm
#
# Nothing is written outside /clips and /tmp, and nothing is fetched once it is built.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
# A compiler of any version will do.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN python -m venv /opt/sinet-video \
    && /opt/sinet-video/bin/pip install --no-cache-dir --constraint constraints.txt '.[serve]'

FROM python:${PYTHON}-slim
COPY --from=build /opt/sinet-video /opt/sinet-video
ENV PATH=/opt/sinet-video/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    SINET_VIDEO_CACHE=/tmp/sinet_video
# No user of the machine has this number unless one is mapped to it.
USER 10001:10001
WORKDIR /clips
ENTRYPOINT ["sinet-video"]
CMD ["--help"]
