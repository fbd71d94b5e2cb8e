/** The one exception filter turns whatever is thrown into a problem document, and logs the faults that are ours. */
import { BadParameter } from './bad-parameter.js';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refused, type ProblemFault } from '../kernel/refusals.js';
import { NotProjected } from '../read-models/read-models.js';
import { AskerGone } from '../kernel/turns.js';
import { ClockLeapt } from '../kernel/clock.js';
import { Contended } from '../store/run-decider.js';
import { AppendTooLarge, StoreDamaged, StoreUnavailable } from '../store/event-store.js';
import { asStoreError } from '../store/database-errors.js';
import { Problem, PROBLEM_TYPE_PREFIX, PROBLEMS, statusOf, type ProblemCode } from './problem.js';
import type { ProblemDocument } from './problem.views.js';
import { MalformedJson } from '../kernel/strict-json.js';
import { InvalidInput } from './validation.js';

export interface ProblemAnswer {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly ProblemFault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
}

const RETRY_SOON = { 'retry-after': '1' };

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('ProblemFilter');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const answer = answerTo(error);
    // An overload is nobody's mistake, and a line in the log for each refusal would only add to it.
    if (PROBLEMS[answer.code].status >= 500 && answer.code !== 'overloaded') {
      this.logger.error({ requestId: request.id, err: error });
    }
    if (reply.raw.headersSent) {
      // A stream broke after its status was sent: closing the connection is all that tells the reader.
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, request.id, answer);
  }
}

export function sendProblem(reply: FastifyReply, requestId: string, answer: ProblemAnswer): void {
  const document = documentOf(answer, requestId);
  void reply
    .status(document.status)
    .headers(answer.headers ?? {})
    .type('application/problem+json')
    .send(JSON.stringify(document));
}

/** Returns the problem that a client is told of where the status of the answer was sent before the error happened. */
export function problemOf(error: unknown, requestId: string): ProblemDocument {
  return documentOf(answerTo(error), requestId);
}

export function documentOf(
  { code, detail, errors, status }: ProblemAnswer,
  requestId: string,
): ProblemDocument {
  return {
    type: PROBLEM_TYPE_PREFIX + code,
    title: PROBLEMS[code].title,
    status: status ?? PROBLEMS[code].status,
    detail,
    instance: `urn:request:${requestId}`,
    ...(errors && { errors }),
  };
}

function answerTo(thrown: unknown): ProblemAnswer {
  // The read models are read with SQLite's own means, and answer with its own errors.
  const error = asStoreError(thrown, 'the read models');
  if (error instanceof Problem) return { code: error.code, detail: error.message, ...error.more };
  if (error instanceof Refused) {
    const errors = error.refusals.filter(({ pointer }) => pointer !== undefined);
    const status = statusOf(error.code, error.refusals[0].pointer);
    return { code: error.code, detail: error.message, status, ...(errors.length > 0 && { errors }) };
  }
  if (error instanceof InvalidInput) {
    const code = error.where === 'body' ? 'invalid-content' : 'bad-query';
    return { code, detail: error.message, errors: error.faults };
  }
  if (error instanceof MalformedJson) {
    const { message: detail, reason, pointer } = error;
    const code = 'malformed-json';
    return { code, detail, ...(pointer && { errors: [{ code, detail: reason, pointer }] }) };
  }
  if (error instanceof BadParameter) {
    const { message: detail, parameter } = error;
    return { code: 'bad-query', detail, errors: [{ code: 'range', detail, pointer: `/${parameter}` }] };
  }
  if (error instanceof AskerGone) return { code: 'bad-request', detail: error.message };
  if (error instanceof NotProjected)
    return { code: 'not-projected', detail: error.message, headers: RETRY_SOON };
  if (error instanceof StoreUnavailable) {
    return {
      code: 'store-unavailable',
      detail: 'the store cannot be reached or written now: ask again',
      headers: RETRY_SOON,
    };
  }
  if (isScarcity(error)) {
    return {
      code: 'store-unavailable',
      detail: 'the machine has no room, or too few files or threads, left for this now: ask again',
      headers: RETRY_SOON,
    };
  }
  if (error instanceof AppendTooLarge) {
    return {
      code: 'too-large',
      detail: 'the store takes no submission of that size: send fewer outcomes at a time',
    };
  }
  if (error instanceof Contended)
    return { code: 'overloaded', detail: 'others change the same now: ask again', headers: RETRY_SOON };
  if (error instanceof ClockLeapt) return { code: 'clock-leapt', detail: error.message };
  if (error instanceof StoreDamaged) return { code: 'store-damaged', detail: 'the store needs its operator' };
  return answerToFramework(error);
}

/**
 * These errors of the system and of Node say that the machine has too little of something, of which it may have more
 * later.
 */
const SCARCE =
  /^(EMFILE|ENFILE|ENOSPC|EDQUOT|ENOMEM|EAGAIN|EIO|ERR_WORKER_INIT_FAILED|ERR_WORKER_OUT_OF_MEMORY)$/;

function isScarcity(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && SCARCE.test(code);
}

/** Answers to faults that Fastify and Nest find before a request reaches our code. */
function answerToFramework(error: unknown): ProblemAnswer {
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number }).statusCode;
  switch (status) {
    case 400:
      return { code: 'bad-request', detail: (error as Error).message };
    case 404:
      return { code: 'not-found', detail: 'there is nothing at this address: see /docs' };
    case 413:
      return { code: 'too-large', detail: 'the body is larger than this address takes' };
    case 415:
      return {
        code: 'unsupported-media-type',
        detail: 'send the body as application/json, or an import as text/csv or application/x-ndjson',
      };
    case undefined:
    default:
      return { code: 'internal-error', detail: 'the ledger made a mistake; its log has the request id' };
  }
}
