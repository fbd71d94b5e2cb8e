/** Append, BatchAppend, Delete and Tombstone of the streams service. */
import { BatchAppendResp, DeleteResp, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  DeleteReq,
  TombstoneReq,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import {
  status,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
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
  wrongExpectedVersion,
  type RpcError,
} from './rpc-errors.js';
import { append, deleteStream, tombstoneStream, type Outcome, type WriteRequest } from './writes.js';
import * as wire from './wire.js';

type MutableRequest = { stream: string; expected: Expected; readonly events: ProposedEvent[] };

/** One stream of messages in, one answer out: how the client appends when it has credentials of its own. */
export function appendCall(node: NodeContext) {
  return (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void => {
    const request: MutableRequest = { stream: '', expected: 'any', events: [] };
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
      const faulted: FaultedCall = {
        // A single answer cannot end without being given; the server says that it goes.
        end: () => answer(cancelled()),
        fail: (error) => answer(error),
        cut: () => node.cut(call.getPeer()),
      };
      const refuse = (refusal: RpcError) => answer(refusal);
      void write(node, call, { ...faulted, refuse }, request, (outcome) => {
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
      });
    });
  };
}

/** Many appends on one call, each answered under its correlation id: how the client appends otherwise. */
export function batchAppendCall(node: NodeContext) {
  return (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    const incomplete = new Map<string, MutableRequest & { deadlineMs: number }>();
    const faulted = node.faultedStream(call);
    call.on('data', (message: BatchAppendReq) => {
      const correlationId = message.getCorrelationId()!;
      const key = wire.idOf(correlationId);
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
      if (!message.getIsFinal()) return;
      incomplete.delete(key);
      const answer = (result: BatchAppendResp.Success | Status) => {
        const response = new BatchAppendResp();
        response.setCorrelationId(correlationId);
        response.setStreamIdentifier(wire.identifierOf(request.stream));
        if (result instanceof BatchAppendResp.Success) response.setSuccess(result);
        else response.setError(result);
        if (!call.cancelled && !call.writableEnded) call.write(response);
      };
      // The deadline is the client's clock's; whoever is behind by more than its length gets nothing done.
      if (request.deadlineMs <= node.now()) return answer(timeoutStatus());
      // Only who leads instead ends the call; that none does is an answer to this append.
      const refuse = (refusal: RpcError) =>
        refusal.code === status.UNAVAILABLE ? answer(notReadyStatus(refusal)) : faulted.fail(refusal);
      void write(node, call, { ...faulted, refuse }, request, (outcome) => {
        switch (outcome.is) {
          case 'written':
            return answer(wire.batchAppendedResult(outcome));
          case 'wrong-expectation':
            return answer(wrongExpectationStatus(request.expected, outcome.current));
          case 'stream-deleted':
            return answer(streamDeletedStatus(request.stream));
          case 'too-large':
            return answer(tooLargeStatus(outcome.sizeMax));
        }
      });
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());
  };
}

/** Applies an append between the two moments at which a fault may strike it. */
async function write(
  node: NodeContext,
  call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata'>,
  faulted: FaultedCall & { refuse(refusal: RpcError): void },
  request: WriteRequest,
  answer: (outcome: Outcome) => void,
): Promise<void> {
  const strike = node.faults.take('append');
  if (await strike?.before(faulted)) return;
  const refusal = node.refusalOfWrite(call.metadata);
  if (refusal) return faulted.refuse(refusal);
  const outcome = append(node, request);
  if (await strike?.before(faulted)) return;
  answer(outcome);
}

export function deleteCall(node: NodeContext): handleUnaryCall<DeleteReq, DeleteResp> {
  return (call, answer) => {
    const { stream, expected, refusal } = deletionOf(node, call, call.request.getOptions()!);
    if (refusal) return answer(refusal);
    const outcome = deleteStream(node, stream, expected);
    const error = errorOfDeletion(outcome, stream, expected);
    if (error) return answer(error);
    const position = new DeleteResp.Position();
    setPlace(position, outcome);
    answer(null, new DeleteResp().setPosition(position));
  };
}

export function tombstoneCall(node: NodeContext): handleUnaryCall<TombstoneReq, TombstoneResp> {
  return (call, answer) => {
    const { stream, expected, refusal } = deletionOf(node, call, call.request.getOptions()!);
    if (refusal) return answer(refusal);
    const outcome = tombstoneStream(node, stream, expected);
    const error = errorOfDeletion(outcome, stream, expected);
    if (error) return answer(error);
    const position = new TombstoneResp.Position();
    setPlace(position, outcome);
    answer(null, new TombstoneResp().setPosition(position));
  };
}

function deletionOf(
  node: NodeContext,
  call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata'>,
  options: DeleteReq.Options | TombstoneReq.Options,
): { stream: string; expected: Expected; refusal: RpcError | null } {
  return {
    stream: wire.streamOf(options.getStreamIdentifier()),
    expected: wire.expectedOf(options),
    refusal: node.refusalOfWrite(call.metadata),
  };
}

function errorOfDeletion(outcome: Outcome, stream: string, expected: Expected): RpcError | null {
  if (outcome.is === 'stream-deleted') return streamDeleted(stream);
  if (outcome.is === 'wrong-expectation') return wrongExpectedVersion(stream, expected, outcome.current);
  return null;
}

function setPlace(position: DeleteResp.Position | TombstoneResp.Position, outcome: Outcome): void {
  if (outcome.is !== 'written' || !outcome.place) return;
  position.setCommitPosition(String(outcome.place.commit));
  position.setPreparePosition(String(outcome.place.prepare));
}
