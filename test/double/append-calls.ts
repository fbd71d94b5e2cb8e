/** Append and BatchAppend of the streams service. */
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import {
  BatchAppendResp,
  type AppendReq,
  type AppendResp,
  type BatchAppendReq,
} from '@eventstore/db-client/generated/streams_pb.js';
import {
  status,
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
} from '@grpc/grpc-js';
import type { Expected } from './append-rules.js';
import type { ProposedEvent } from './event-log.js';
import type { FaultedCall } from './faults.js';
import type { NodeContext } from './node-context.js';
import {
  appendTooLarge,
  cancelled,
  notReadyStatus,
  streamDeleted,
  streamDeletedStatus,
  timeoutStatus,
  tooLargeStatus,
  wrongExpectationStatus,
  type RpcError,
} from './rpc-errors.js';
import { append, type Outcome, type WriteRequest } from './writes.js';
import * as wire from './wire.js';

/** One append, and how each end that it may come to is told. */
interface Attempt extends FaultedCall {
  readonly request: WriteRequest;
  readonly metadata: Metadata;
  refuse(refusal: RpcError): void;
  answer(outcome: Outcome): void;
}

/** Makes an append, between the two moments at which a fault may strike it. */
async function make(node: NodeContext, attempt: Attempt): Promise<void> {
  const strike = node.faults.take('append');
  if (await strike?.before(attempt)) return;
  const refusal = node.refusalOfWrite(attempt.metadata);
  if (refusal) return attempt.refuse(refusal);
  const outcome = append(node, attempt.request);
  if (await strike?.before(attempt)) return;
  attempt.answer(outcome);
}

type RequestInParts = { stream: string; expected: Expected; readonly events: ProposedEvent[] };

/** One stream of messages in, one answer out: how the client appends when it has credentials of its own. */
export function appendCall(node: NodeContext) {
  return (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void => {
    const request: RequestInParts = { stream: '', expected: 'any', events: [] };
    call.on('data', (message: AppendReq) => {
      const options = message.getOptions();
      if (options) {
        request.stream = wire.streamOf(options.getStreamIdentifier());
        request.expected = wire.expectedOf(options);
      }
      const proposed = message.getProposedMessage();
      if (proposed) request.events.push(wire.proposedOf(proposed));
    });
    call.on('error', () => undefined);
    call.on('end', () => {
      void make(node, {
        request,
        metadata: call.metadata,
        // A single answer cannot end without being given; the server says that it goes.
        end: () => answer(cancelled()),
        fail: (error) => answer(error),
        cut: () => node.cut(call.getPeer()),
        refuse: (refusal) => answer(refusal),
        answer: (outcome) => answerOne(answer, request, outcome),
      });
    });
  };
}

function answerOne(answer: sendUnaryData<AppendResp>, request: WriteRequest, outcome: Outcome): void {
  switch (outcome.is) {
    case 'written':
      return answer(null, wire.appendedResponse(outcome));
    case 'wrong-expectation':
      return answer(null, wire.wrongExpectationResponse(request.expected, outcome.current));
    case 'stream-deleted':
      return answer(streamDeleted(request.stream));
    case 'too-large':
      return answer(appendTooLarge(outcome.sizeMax));
  }
}

/** Many appends on one call, each answered under its correlation id: how the client appends otherwise. */
export function batchAppendCall(node: NodeContext) {
  return (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    const incomplete = new Map<string, BatchRequest>();
    const faulted = node.faultedStream(call);
    call.on('data', (message: BatchAppendReq) => {
      const request = complete(incomplete, message);
      if (!request) return;
      const send = (result: BatchResult) => {
        if (!call.cancelled && !call.writableEnded) call.write(batchResponse(message, request, result));
      };
      // The deadline is the client's clock's; whoever is behind by more than its length gets nothing done.
      if (request.deadlineMs <= node.now()) return send(timeoutStatus());
      void make(node, {
        ...faulted,
        request,
        metadata: call.metadata,
        // That another leads ends the call; that none does is an answer to this append.
        refuse: (refusal) =>
          refusal.code === status.UNAVAILABLE ? send(notReadyStatus(refusal)) : faulted.fail(refusal),
        answer: (outcome) => send(batchResult(request, outcome)),
      });
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());
  };
}

type BatchRequest = RequestInParts & { readonly deadlineMs: number };
type BatchResult = BatchAppendResp.Success | Status;

/** An append may come in several messages. @returns it with the last of them */
function complete(incomplete: Map<string, BatchRequest>, message: BatchAppendReq): BatchRequest | null {
  const key = wire.idOf(message.getCorrelationId()!);
  const options = message.getOptions();
  if (options) {
    incomplete.set(key, {
      stream: wire.streamOf(options.getStreamIdentifier()),
      expected: wire.expectedOfBatch(options),
      events: [],
      deadlineMs: options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY,
    });
  }
  const request = incomplete.get(key)!;
  request.events.push(...message.getProposedMessagesList().map(wire.proposedOf));
  if (!message.getIsFinal()) return null;
  incomplete.delete(key);
  return request;
}

function batchResult(request: WriteRequest, outcome: Outcome): BatchResult {
  switch (outcome.is) {
    case 'written':
      return wire.batchAppendedResult(outcome);
    case 'wrong-expectation':
      return wrongExpectationStatus(request.expected, outcome.current);
    case 'stream-deleted':
      return streamDeletedStatus(request.stream);
    case 'too-large':
      return tooLargeStatus(outcome.sizeMax);
  }
}

function batchResponse(message: BatchAppendReq, request: WriteRequest, result: BatchResult): BatchAppendResp {
  const response = new BatchAppendResp();
  response.setCorrelationId(message.getCorrelationId());
  response.setStreamIdentifier(wire.identifierOf(request.stream));
  return result instanceof BatchAppendResp.Success ? response.setSuccess(result) : response.setError(result);
}
