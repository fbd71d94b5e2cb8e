/**
 * A caller says what it takes, a media type (RFC 9110, 12.5.1) or gzip (12.5.3), and which answers that never change it
 * has already (13.1.2).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import { NEVER_CHANGES } from '../api/call-headers.js';
import { Problem } from '../api/problem.js';

/** Refuses before anything is done what could only be answered in a media type that the caller does not take. */
export function refuseUnacceptable(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ headers, routeOptions }: FastifyRequest) => {
    const { answers = [] } = routeOptions.config.access ?? {};
    const isTaken = (type: string) => takes(headers.accept, [type, `${type.split('/', 1)[0]}/*`, '*/*']);
    if (answers.some(isTaken)) return;
    throw new Problem('not-acceptable', `this address answers ${answers.join(' or ')}`);
  });
}

/** @param names of one thing, the most exact first: the first that a header names decides */
export function takes(header: string | undefined, names: readonly string[]): boolean {
  if (!header?.trim()) return true;
  const weights = new Map(
    header.split(',').map((part) => {
      const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  const named = names.find((name) => weights.has(name));
  return named !== undefined && weights.get(named)! > 0;
}

/** An answer that never changes has a tag, and is not sent again to a caller that has it: its right was asked before. */
export function tagUnchanging(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ headers }: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    if (reply.getHeader('cache-control') !== NEVER_CHANGES || payload instanceof Readable) return payload;
    const hash = createHash('sha256').update(payload as string | Buffer);
    // The tag is weak, because the bytes that are sent may be compressed.
    const tag = `W/"${hash.digest('base64url')}"`;
    void reply.header('etag', tag);
    const known = headers['if-none-match']?.split(',').map((text) => text.trim());
    if (!known?.some((one) => one === '*' || one === tag)) return payload;
    void reply.status(304).removeHeader('content-length').removeHeader('content-type');
    return null;
  });
}

const COMPRESSIBLE = /^(application\/(json|x-ndjson)|text\/plain)\b/;
/** A smaller answer fits into one packet as it is. */
const LEAST_BYTES = 1_400;
const gzipWhole = promisify(gzip);

/**
 * Compresses what a reader with a key asks for. The answer to a write is sent as it is: it may hold a new key beside
 * texts of the caller, and its length must not tell how alike they are. Anyone may ask for the files of /docs, and must
 * not make the ledger work for it. A stream is flushed with each piece, and is held back by a slow reader as before.
 */
export function compressAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const { method, headers, routeOptions } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    const type = String(reply.getHeader('content-type'));
    if (!isRead || !routeOptions.config.access?.may || !payload || !COMPRESSIBLE.test(type)) return payload;
    const varies = [reply.getHeader('vary') ?? [], 'Accept-Encoding'].flat();
    void reply.header('vary', varies.join(', '));
    const { 'accept-encoding': encodings } = headers;
    if (!encodings || !takes(encodings, ['gzip', '*'])) return payload;
    if (payload instanceof Readable) {
      void reply.header('content-encoding', 'gzip');
      // Whichever of the two ends early ends the other; the reader sees it by the end of the connection.
      return pipeline(payload, createGzip({ flush: constants.Z_SYNC_FLUSH }), () => undefined);
    }
    if (Buffer.byteLength(payload as string | Buffer) < LEAST_BYTES) return payload;
    const bytes = await gzipWhole(payload as string | Buffer);
    void reply.header('content-encoding', 'gzip').header('content-length', bytes.length);
    return bytes;
  });
}
