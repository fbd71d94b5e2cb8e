/** Structured logs: one line of JSON each, on standard error so that standard output is the command's own. */
import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

/** What no line may hold, should anyone ever log a whole request or a key. */
const SECRETS = ['authorization', 'headers.authorization', 'req.headers.authorization', 'key', 'token'];

/** Where in the code an error came from is for whoever looks for a mistake in it, and asks for that. */
const WITH_STACKS = ['trace', 'debug'];

const HELD_BYTES_MAX = 16 * 1024 * 1024;
/** Lines are written when there are so many bytes of them, or so long after the first: a write costs as much as a line. */
const WRITTEN_BYTES_MIN = 8 * 1024;
const WRITTEN_WITHIN_MS = 100;

export function makeLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: SECRETS,
      ...(!WITH_STACKS.includes(level) && { formatters: { log: withoutStack } }),
    },
    // The rest is written at the exit. Where nobody reads them, lines are dropped rather than kept without bound.
    pino.destination({
      fd: 2,
      sync: false,
      maxLength: HELD_BYTES_MAX,
      minLength: WRITTEN_BYTES_MIN,
      periodicFlush: WRITTEN_WITHIN_MS,
    }),
  );
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
