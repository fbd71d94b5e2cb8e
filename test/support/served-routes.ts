/** The application's routes, as it registers them with the server at its start. */
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../../src/app.module.js';
import { AdminKey } from '../../src/access/admin-key.js';
import { makeAdapter, setUpHttp } from '../../src/http/server.js';
import { makeLogger } from '../../src/operation/log.js';
import { ReadModels } from '../../src/read-models/read-models.js';

/** Routes such as `GET /v1/programmes/{id}`; a HEAD that comes with a GET is left out. */
export async function servedRoutes(): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'routes-'));
  process.env['DATA_DIR'] = dataDir;
  const adapter = makeAdapter(makeLogger('silent'));
  const routes = new Set<string>();
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat())
      routes.add(`${each} ${url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`);
  });
  const options = { logger: false, bodyParser: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, options);
  try {
    await setUpHttp(app, new AdminKey('a-key-that-nobody-is-asked-for-here'));
    await app.init();
    await app.get(ReadModels).start();
    return [...routes].filter(
      (route) => !routes.has(route.replace(/^HEAD /, 'GET ')) || !route.startsWith('HEAD'),
    );
  } finally {
    await app.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
