# An image that contains the program and oneDNN. docs/docker.md shows how to use it.
#
#   docker build -t cifar10 .
#   docker run --rm -v "$PWD/photos:/photos:ro" -v "$PWD/runs:/runs" cifar10 train --data /photos --train-dir /runs/photos

# Debian 13, whose package libdnnl3.6 contains oneDNN 3.7.
FROM node:24-trixie-slim AS base
RUN apt-get update \
  && apt-get install -y --no-install-recommends libdnnl3.6 \
  && rm -rf /var/lib/apt/lists/*

# Builds the package, and unpacks in /app what npm would publish, with the packages that it needs. ONNX Runtime comes with the
# libraries of every platform, of which the image keeps one.
FROM base AS build
WORKDIR /clone
COPY package.json package-lock.json .npmrc ./
RUN npm ci --loglevel=error
COPY . .
RUN npm run --silent pack -- --pack-destination /tmp \
  && npm prune --omit=dev --loglevel=error \
  && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 \
    -not -path "*/linux/$(node -p process.arch)" -exec rm -rf {} + \
  && mkdir /app \
  && tar -xzf /tmp/cifar10-ts-*.tgz -C /app --strip-components 1 \
  && mv node_modules /app

# For .devcontainer: the tools for work on the program.
FROM base AS develop
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git less openssh-client procps \
  && rm -rf /var/lib/apt/lists/*
USER node

FROM base
LABEL org.opencontainers.image.title="cifar10" \
  org.opencontainers.image.description="Train, watch and evaluate image classifiers on Node.js, with ONNX Runtime and oneDNN" \
  org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /app /app
# Pictures are mounted at /photos, their records are cached beside them, data sets are in /data, and runs in /runs. Every user may write
# to the last three, because --user may select any. (The sticky bit keeps users from removing the files of others.)
RUN ln -s /app/bin/cifar10.mjs /usr/local/bin/cifar10 \
  && mkdir /photos /photos.cifar10 /data /runs \
  && chmod 1777 /photos.cifar10 /data /runs
WORKDIR /runs
VOLUME ["/photos.cifar10", "/runs"]
USER node
# The program is the first process, so that it receives the signals of `docker stop` itself: it saves a checkpoint and ends.
ENTRYPOINT ["cifar10"]
CMD ["--help"]
