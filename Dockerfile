# The daemon. GPU hosts are reached over SSH; the compiler here serves the development device (cpu) only.
FROM node:24-bookworm AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The image carries Node's headers: the SSH addon is built for the Node that loads it.
RUN npm_config_nodedir=/usr/local npm ci --omit=dev --no-audit --no-fund \
 && node -e "require('/app/node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node')"

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json package-lock.json kiln ./
COPY scripts scripts
COPY src src
COPY kernels kernels
COPY config config
ENV NODE_ENV=production KILN_DATA_DIR=/data KILN_HOST=0.0.0.0 KILN_PORT=7070
USER node
VOLUME /data
EXPOSE 7070
CMD ["node", "src/cli/main.ts", "up"]
