/**
 * These answers go to input that never becomes a request of ours: bytes that are not HTTP, a request that breaks off,
 * headers without end, an address that cannot be read. They are problems like all others, but are written where no hook
 * runs, so each is given its request id and logged here.
 */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { documentOf, sendProblem, type ProblemAnswer } from '../api/problem.filter.js';
import { SECURITY_HEADERS } from './protection.js';

/** Answers to bytes that Node's parser could not read. The bytes are never logged: they may hold a key. */
export function answerToBytes(log: FastifyBaseLogger, error: NodeJS.ErrnoException, socket: Socket): void {
  // Node keeps the answer that the connection waits for here, and looks it up itself before its own answer.
  const answer = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (answer?.req.complete) {
    // The unreadable bytes came after a whole request, whose own answer is the last on this connection.
    answer.once('finish', () => socket.destroySoon());
    return;
  }
  // Once an answer is on its way, only the end of the connection can tell its reader that it is not whole.
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const document = documentOf(problemOfBytes(error.code), requestId);
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...SECURITY_HEADERS.map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  log.info({ reqId: requestId, statusCode: document.status, reason: error.code }, 'answered');
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function problemOfBytes(code: string | undefined): ProblemAnswer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'too-large', status: 431, detail: 'the headers are larger than the ledger takes' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'bad-request', status: 408, detail: 'the request did not arrive in time' };
    case undefined:
    default:
      return { code: 'bad-request', detail: 'the bytes are not HTTP/1.1, or the request breaks off' };
  }
}

/** Answers to an address that the router cannot read, which is found before it is known who asks. */
export function answerToAddress(
  request: FastifyRequest,
  reply: FastifyReply,
  withoutSecrets: (text: string) => string,
): void {
  const { method, ip } = request;
  const [path] = request.url.split('?', 1) as [string];
  request.server.stamp(request, reply);
  sendProblem(reply, request.id, {
    code: 'bad-request',
    detail: 'the address is not UTF-8 in percent-encoding',
  });
  request.log.info({ method, url: withoutSecrets(path), statusCode: reply.statusCode, ip }, 'answered');
}

/**
 * An unknown `Expect` may be ignored (RFC 9110, 10.1.1); Node would refuse it with an empty answer. A client that waits
 * to be asked for its body is asked by the gate, once it is let in; Node would ask anyone.
 */
export function heedExpectations(server: Server): void {
  for (const expectation of ['checkExpectation', 'checkContinue'])
    server.on(expectation, (request, response) => server.emit('request', request, response));
}
