# The four commands on a CPU: docker build -t sparse-robust . && docker run --rm -v "$PWD:/runs" sparse-robust attack-eval --help
# Nothing is fetched but Debian's and npm's packages: the engine is built against the headers in the Node image itself.
FROM node:22-bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /tmp \
  && npm install --global --prefix /opt/sparse-robust --ignore-scripts --no-audit --no-fund /tmp/sparse-robust-*.tgz
RUN node /opt/sparse-robust/lib/node_modules/sparse-robust/scripts/build-addon.js

FROM node:22-bookworm-slim
COPY --from=build /opt/sparse-robust /opt/sparse-robust
ENV PATH=/opt/sparse-robust/bin:$PATH \
    SPARSE_ROBUST_DATA=/data
RUN mkdir -p /runs /data && chown node:node /runs /data
USER 1000:1000
WORKDIR /runs
ENTRYPOINT ["sparse-robust"]
CMD ["--help"]
