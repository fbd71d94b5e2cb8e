/**
 * How the server says no: as a gRPC status whose trailers name the exception, or, in a batch append, as a
 * `google.rpc.Status` that carries a message of its own.
 */
import { Code } from '@eventstore/db-client/generated/code_pb.js';
import {
  MaximumAppendSizeExceeded,
  StreamDeleted,
  StreamIdentifier,
  Timeout,
  WrongExpectedVersion,
} from '@eventstore/db-client/generated/shared_pb.js';
import { Status } from '@eventstore/db-client/generated/status_pb.js';
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { Any } from 'google-protobuf/google/protobuf/any_pb.js';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Expected } from './append-rules.js';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type RpcError = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

function rpcError(code: status, details: string, trailers: Readonly<Record<string, string>> = {}): RpcError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return { code, details, metadata };
}

export const unavailable = (details = 'Server Is Not Ready') => rpcError(status.UNAVAILABLE, details);

export const cancelled = () => rpcError(status.CANCELLED, 'The server is shutting down');

export const accessDenied = () =>
  rpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

/** The server does not take the user for the one it says it is: the password is wrong, or there is no such user. */
export const unauthenticated = () => rpcError(status.UNAUTHENTICATED, 'Unauthenticated');

/** The server gave up waiting for its own commit, which may still come about. */
export const timedOut = () => rpcError(status.ABORTED, 'Operation timed out');

export const unimplemented = () => rpcError(status.UNIMPLEMENTED, 'Service is unimplemented.');

export const invalid = () => rpcError(status.INVALID_ARGUMENT, 'The argument is not valid.');

export const unknown = () => rpcError(status.UNKNOWN, 'Unexpected error.');

export const notLeader = ({ host, port }: Endpoint) =>
  rpcError(status.NOT_FOUND, `Leader info available`, {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

export const noLeader = () =>
  rpcError(status.NOT_FOUND, 'Leader info is not available', { exception: 'not-leader' });

export const streamDeleted = (stream: string) =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

/** Of deletions; an append says it in its answer. `current` is −1 where there is no stream. */
export const wrongExpectedVersion = (stream: string, expected: Expected, current: number) =>
  rpcError(status.FAILED_PRECONDITION, `Delete failed due to WrongExpectedVersion. Stream: ${stream}`, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': String(typeof expected === 'number' ? expected : EXPECTED_NUMBERS[expected]),
    'actual-version': String(current),
  });

const EXPECTED_NUMBERS = { 'no-stream': -1, any: -2, 'stream-exists': -4 } as const;

export const appendTooLarge = (sizeMax: number) =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${sizeMax} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(sizeMax),
  });

export function wrongExpectationStatus(expected: Expected, current: number): Status {
  const details = new WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (typeof expected === 'number') details.setExpectedStreamPosition(String(expected));
  else if (expected === 'no-stream') details.setExpectedNoStream(new Empty());
  else if (expected === 'any') details.setExpectedAny(new Empty());
  else details.setExpectedStreamExists(new Empty());
  return statusOf(Code.ALREADY_EXISTS, 'WrongExpectedVersion', details);
}

export function tooLargeStatus(sizeMax: number): Status {
  const details = new MaximumAppendSizeExceeded().setMaxappendsize(sizeMax);
  return statusOf(Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', details);
}

export function streamDeletedStatus(stream: string): Status {
  const identifier = new StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));
  return statusOf(Code.NOT_FOUND, 'StreamDeleted', new StreamDeleted().setStreamIdentifier(identifier));
}

export const timeoutStatus = () => statusOf(Code.DEADLINE_EXCEEDED, 'Timeout', new Timeout());

/** What a batch append answers where a single one is unavailable: the client makes nothing of it. */
export function notReadyStatus({ details: message }: RpcError): Status {
  const details = new Any();
  details.pack(new Empty().serializeBinary(), 'google.protobuf.Empty');
  return new Status().setMessage(message).setDetails(details);
}

/** The message is the name of what it carries. */
function statusOf(code: Code, message: string, details: { serializeBinary(): Uint8Array }): Status {
  const packed = new Any();
  packed.pack(details.serializeBinary(), `event_store.client.${message}`);
  return new Status().setCode(code).setMessage(message).setDetails(packed);
}
