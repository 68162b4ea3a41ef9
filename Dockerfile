# The service and nothing else: no npm, no compiler, no source, no tests. Built from the lock file, without
# running a script of any package. docs/operations.md, "Container", says how to run it.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY scripts/check-packages.mjs scripts/build.mjs scripts/
COPY scripts/packages/ scripts/packages/
RUN node scripts/check-packages.mjs && npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src/ src/
# The sandbox is for development, and source maps are for whoever has the source.
RUN node scripts/build.mjs \
  && rm -rf dist/sandbox \
  && find dist -name '*.map' -delete

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
# Node 24 is in the image; as packages it would be there twice.
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /opt/yarn* \
  /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg
WORKDIR /app
COPY package.json LICENSE ./
COPY config/default.json config/
COPY views/ views/
COPY --from=packages /packages/node_modules/ node_modules/
COPY --from=build /build/dist/ dist/
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 ADMIN_PORT=9090 CONFIG_DIR=/etc/knoxgate
EXPOSE 8080 9090
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
