/**
 * A body of JSON is read whole, up to a size, and in a time that a slow client cannot draw out. Files are streams, and
 * are timed where they are received (submissions/import-spool.ts).
 */
import type { IncomingMessage } from 'node:http';
import { Problem } from '../api/problem.js';

/** Returns the bytes that a body may come to: its Content-Length, or without one the most that is taken. */
export function bytesAnnounced({ headers }: IncomingMessage, bytesMax: number): number {
  const { 'content-length': said } = headers;
  return said === undefined ? bytesMax : Math.min(Number(said), bytesMax);
}

/** The most bytes of a refused body that are still passed over. */
const REST_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Whether the rest of a refused body is passed over, so that its sender gets to read the refusal. Fastify would close
 * the connection, and a sender that is still writing might see nothing but that. A body that is larger than this, or
 * does not say how large it is, is not waited for.
 */
export function restIsSmall({ complete, headers }: IncomingMessage): boolean {
  return !complete && Number(headers['content-length'] ?? Infinity) <= REST_BYTES_MAX;
}

/** A request that was answered before it had arrived whole gets as long again; then its connection is closed. */
export function closeUnlessComplete(incoming: IncomingMessage, secondsMax: number): void {
  if (incoming.complete) return;
  const close = () => {
    if (!incoming.complete) incoming.destroy();
  };
  setTimeout(close, secondsMax * 1_000).unref();
}

/** @throws Problem `too-large`, `too-slow` or, where it breaks off, `bad-request` */
export function readBody(
  incoming: IncomingMessage,
  { bytesMax, secondsMax }: Readonly<Record<'bytesMax' | 'secondsMax', number>>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) return reject(tooLarge(bytesMax));
    const pieces: Buffer[] = [];
    let bytes = 0;
    const end = () => {
      clearTimeout(timer);
      incoming.off('data', take).off('end', finish).off('error', breakOff).off('close', breakOff);
    };
    const giveUp = (problem: Problem) => {
      end();
      // The rest of the body is passed over until the connection is closed.
      incoming.on('error', () => undefined).resume();
      reject(problem);
    };
    const take = (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > bytesMax) giveUp(tooLarge(bytesMax));
      else pieces.push(piece);
    };
    const finish = () => {
      end();
      // The pieces are copied: each may be a view of a buffer that the next read writes to.
      resolve(Buffer.concat(pieces, bytes));
    };
    const breakOff = () => giveUp(new Problem('bad-request', 'the body breaks off before its end'));
    const tooSlow = () =>
      giveUp(new Problem('too-slow', `the body did not arrive within ${secondsMax} seconds: send it again`));
    const timer = setTimeout(tooSlow, secondsMax * 1_000);
    incoming.on('data', take).on('end', finish).on('error', breakOff).on('close', breakOff);
  });
}

function tooLarge(bytesMax: number): Problem {
  return new Problem('too-large', `the body is larger than the ${bytesMax} bytes that this address takes`);
}
