/** Structured logs: one line of JSON each, on standard error so that standard output is the command's own. */
import type { LoggerService } from '@nestjs/common';
import { once } from 'node:events';
import { pino, type Logger, type LoggerOptions } from 'pino';

/** Fields that no log line may show, should anyone ever log a whole request or a key. */
const SECRETS = ['authorization', 'headers.authorization', 'req.headers.authorization', 'key', 'token'];

/**
 * The levels at which errors are logged with their stacks, for an operator who looks for a mistake in the code.
 */
const WITH_STACKS = ['trace', 'debug'];

const HELD_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Lines are written together: once they have so many bytes, or so long after the first. A write costs as much as
 * a line.
 */
const WRITTEN_BYTES_MIN = 8 * 1024;
const WRITTEN_WITHIN_MS = 100;

export function makeLogger(level: string): Logger {
  // The remaining lines are written at the exit. Where nobody reads them, lines are dropped: memory must stay
  // bounded.
  return pino(optionsFor(level), toStandardError(WRITTEN_BYTES_MIN, WRITTEN_WITHIN_MS));
}

/**
 * Resolves when the system has taken the line; rejects where it cannot be written, for example to a full disk.
 */
export type ReadLog = (line: Readonly<Record<string, unknown>>) => Promise<void>;

/**
 * A log of the callers who read who recorded what. The answer waits for the line, so that every caller who was
 * answered is in the log, even if the process is killed a moment later.
 */
export function makeReadLog(level: string): ReadLog {
  if (level === 'silent') return () => Promise.resolve();
  const destination = toStandardError(0, 0);
  // Each read that waits for its line is a listener, and any number of reads may wait.
  destination.setMaxListeners(0);
  let isRead = true;
  destination.on('error', ({ code }: NodeJS.ErrnoException) => (isRead &&= code !== 'EPIPE'));
  const logger = pino(optionsFor('info'), destination);
  return async (line) => {
    if (!isRead) return;
    // A destination without a buffer emits `drain` when everything is written.
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
  // A line that cannot be written now is tried again with the next one: a ledger does not end for want of a log.
  return destination.on('error', () => undefined);
}

function withoutStack(line: Record<string, unknown>): Record<string, unknown> {
  return line['err'] instanceof Error ? { ...line, err: reasonsOf(line['err']) } : line;
}

/** The messages of an error and its causes. */
function reasonsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonsOf(error.cause)}`;
}

/**
 * Contexts of errors that keep a ledger from starting. `ledger serve` prints these in one line, so the log has
 * them, with their stacks, at the debug level only.
 */
const START_CONTEXTS = ['ExceptionHandler', 'NestApplication'];

/** Writes Nest's own messages in the same form; its messages of the start go to the debug level. */
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
    if (START_CONTEXTS.includes(context as string)) this.logger.debug({ context, err: message });
    else if (message instanceof Error) this.logger.error({ context, err: message });
    else if (typeof message === 'string') this.logger.error({ context }, message);
    else this.logger.error({ context, ...(message as object) });
  }
}
