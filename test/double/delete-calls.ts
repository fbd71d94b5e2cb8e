/** Delete and Tombstone of the streams service: a stream that can be written to again, and one that is over for good. */
import {
  DeleteResp,
  TombstoneResp,
  type DeleteReq,
  type TombstoneReq,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import type { Expected } from './append-rules.js';
import type { NodeContext } from './node-context.js';
import { streamDeleted, wrongExpectedVersion, type RpcError } from './rpc-errors.js';
import { deleteStream, tombstoneStream, type Outcome } from './writes.js';
import * as wire from './wire.js';

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
