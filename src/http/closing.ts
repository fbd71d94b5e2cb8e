/**
 * When the server closes, requests in flight are answered, and no client can keep the process from ending.
 *
 * `server.close()` alone waits for connections that go idle after it, which keep-alive holds open for a minute,
 * and for clients that read too slowly, or never send the rest of what they began, for ever.
 */
import type { FastifyInstance } from 'fastify';

/** The grace is less than the ten seconds that container runtimes leave between asking and killing. */
const GRACE_MS = 8_000;
const LOOK_AGAIN_MS = 50;

export function closeConnectionsInTime(fastify: FastifyInstance, graceMs = GRACE_MS): void {
  fastify.addHook('preClose', async () => {
    const { server } = fastify;
    const idle = setInterval(() => server.closeIdleConnections(), LOOK_AGAIN_MS).unref();
    const grace = setTimeout(() => {
      fastify.log.warn(`closing what is still open after ${graceMs / 1_000} seconds`);
      server.closeAllConnections();
    }, graceMs).unref();
    server.once('close', () => {
      clearInterval(idle);
      clearTimeout(grace);
    });
  });
}
