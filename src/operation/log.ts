/** Structured logs: one line of JSON each, on standard error so that standard output is the command's own. */
import type { LoggerService } from '@nestjs/common';
import { once } from 'node:events';
import { pino, type Logger, type LoggerOptions } from 'pino';

/** What no line may hold, should anyone ever log a whole request or a key. */
const SECRETS = ['authorization', 'headers.authorization', 'req.headers.authorization', 'key', 'token'];

/** Where in the code an error came from is for whoever looks for a mistake in it, and asks for that. */
const WITH_STACKS = ['trace', 'debug'];

const HELD_BYTES_MAX = 16 * 1024 * 1024;
/** Lines are written when there are so many bytes of them, or so long after the first: a write costs as much as a line. */
const WRITTEN_BYTES_MIN = 8 * 1024;
const WRITTEN_WITHIN_MS = 100;

export function makeLogger(level: string): Logger {
  // The rest is written at the exit. Where nobody reads them, lines are dropped rather than kept without bound.
  return pino(optionsFor(level), toStandardError(WRITTEN_BYTES_MIN, WRITTEN_WITHIN_MS));
}

/** Resolves when the line is in the hands of the system; rejects where it cannot be written, to a full disk say. */
export type ReadLog = (line: Readonly<Record<string, unknown>>) => Promise<void>;

/**
 * Of whoever reads who recorded what: each line is waited for, so that whoever was answered is in the log, even if the
 * process is killed a moment later.
 */
export function makeReadLog(level: string): ReadLog {
  if (level === 'silent') return () => Promise.resolve();
  const destination = toStandardError(0, 0);
  // As many wait as read.
  destination.setMaxListeners(0);
  let isRead = true;
  destination.on('error', ({ code }: NodeJS.ErrnoException) => (isRead &&= code !== 'EPIPE'));
  const logger = pino(optionsFor('info'), destination);
  return async (line) => {
    if (!isRead) return;
    // Of a destination that gathers nothing this says that all is written.
    const written = once(destination, 'drain');
    logger.info(line, 'reads the record');
    await written.catch((error: unknown) => {
      if (isRead) throw error;
    });
  };
}

function optionsFor(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: SECRETS,
    ...(!WITH_STACKS.includes(level) && { formatters: { log: withoutStack } }),
  };
}

function toStandardError(minLength: number, periodicFlush: number) {
  const destination = pino.destination({
    ...{ fd: 2, sync: false, maxLength: HELD_BYTES_MAX, minLength, periodicFlush },
  });
  // What cannot be written now is tried again with the next line: a ledger does not end for want of a log.
  return destination.on('error', () => undefined);
}

function withoutStack(line: Record<string, unknown>): Record<string, unknown> {
  return line['err'] instanceof Error ? { ...line, err: reasonsOf(line['err']) } : line;
}

/** What went wrong, and what that came of. */
function reasonsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonsOf(error.cause)}`;
}

/** What keeps a ledger from starting, which is said in one line by whoever started it: the stack is for us. */
const OF_THE_START = ['ExceptionHandler', 'NestApplication'];

/** Nest's own messages, in the same form. Its start-up chatter is worth no line at the level of a request. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (OF_THE_START.includes(context as string)) this.logger.debug({ context, err: message });
    else if (message instanceof Error) this.logger.error({ context, err: message });
    else if (typeof message === 'string') this.logger.error({ context }, message);
    else this.logger.error({ context, ...(message as object) });
  }
}
