/**
 * Translates the client's errors into the port's.
 *
 * Some of them come with a type, some as the raw error of gRPC or of a socket. An unknown error counts as a failure of
 * the moment: trying again is safe, because an append carries ids that stay the same. An error that no time will heal
 * is told at once: a bug as itself, and a call that the server lacks or does not trust as denied.
 */
import { ErrorType } from '@eventstore/db-client';
import { AppendTooLarge, StoreDamaged, StoreUnavailable, WrongExpectedRevision } from '../event-store.js';

export class StoreDenied extends StoreUnavailable {}

/** The user lacks the right for now. An administrator may give it back, and followers of the ledger then go on. */
export class AccessDenied extends StoreDenied {}

/** No answer came in time: whether the server did what was asked is not known. */
export class NoAnswer extends StoreUnavailable {
  constructor(what: string, afterMs: number) {
    super(`${what}: the event store did not answer within ${afterMs} ms`);
  }
}

/** A server that is being stopped may end a read early without an error. */
export function endedEarly(what: string): StoreUnavailable {
  return new StoreUnavailable(`${what}: the event store broke its answer off`);
}

export function asStoreError(error: unknown, what: string): Error {
  if (isOfThePort(error) || isBug(error)) return error;
  const { type, message } = error as { type?: unknown; message?: string };
  const said = `${what}: ${message ?? String(error)}`;
  switch (type) {
    case ErrorType.ACCESS_DENIED:
      return new AccessDenied(`${what}: the event store ${refusalOf(error)}`, { cause: error });
    case ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED:
      return new AppendTooLarge(said, { cause: error });
    case ErrorType.STREAM_DELETED:
      return new StoreDamaged(`${what}: the stream was deleted from the store`, { cause: error });
    default:
      return new (isLasting(error) ? StoreDenied : StoreUnavailable)(said, { cause: error });
  }
}

/** The client gives a wrong password and a missing right the same type: only the code of gRPC tells them apart. */
function refusalOf(error: unknown): string {
  return (error as { code?: unknown }).code === UNAUTHENTICATED
    ? 'does not know the ledger’s user, or refuses its password'
    : 'denies it to the ledger’s user';
}

/** The same question may be asked again at once. */
export function isTransient(error: Error): boolean {
  return error instanceof StoreUnavailable && !(error instanceof StoreDenied);
}

export function isNotLeader(error: Error): boolean {
  return (error.cause as { type?: unknown } | undefined)?.type === ErrorType.NOT_LEADER;
}

export function isStreamNotFound(error: unknown): boolean {
  return (error as { type?: unknown }).type === ErrorType.STREAM_NOT_FOUND;
}

function isBug(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

const UNAUTHENTICATED = 16;
/** gRPC's codes for a wrong argument, a call that does not exist, and an unknown user. */
const LASTING: readonly unknown[] = [3, 12, UNAUTHENTICATED];
/** Node's messages about a certificate that is not trusted, is for another host, or has expired. */
const CERTIFICATE = /certificate|CERT_|Hostname\/IP does not match|unable to verify the first/;

function isLasting(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return LASTING.includes(code) || CERTIFICATE.test(message);
}

function isOfThePort(error: unknown): error is Error {
  return [StoreUnavailable, StoreDamaged, AppendTooLarge, WrongExpectedRevision].some(
    (kind) => error instanceof kind,
  );
}
