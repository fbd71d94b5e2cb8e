# syntax=docker/dockerfile:1
FROM node:24.11.1-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package runs a script of its own but the one that has to be compiled.
RUN npm ci --ignore-scripts --no-audit --no-fund && npm rebuild better-sqlite3-multiple-ciphers
COPY nest-cli.json tsconfig.json ./
COPY src ./src
# What better-sqlite3-multiple-ciphers is compiled from, and what was left of compiling, is half of the dependencies.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund \
    && rm -rf node_modules/better-sqlite3-multiple-ciphers/deps node_modules/better-sqlite3-multiple-ciphers/src \
       node_modules/better-sqlite3-multiple-ciphers/build/Release/obj node_modules/better-sqlite3-multiple-ciphers/build/Release/obj.target \
    && find dist node_modules -name '*.map' -delete

FROM node:24.11.1-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY examples ./examples
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 3000
# Ready, not only alive: what cannot answer with figures to be trusted gets no requests.
HEALTHCHECK --interval=5s --timeout=3s --start-period=2m --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
