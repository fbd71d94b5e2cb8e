/**
 * The client's errors in the port's words.
 *
 * Some of them come with a type, some as the raw error of gRPC or of a socket. What is not known here is taken for
 * a failure of the moment: to try it again is safe, for every append carries ids that stay the same. What no time
 * will heal is told at once: a bug as itself, and what the server does not do or does not trust as denied.
 */
import { ErrorType } from '@eventstore/db-client';
import { AppendTooLarge, StoreDamaged, StoreUnavailable, WrongExpectedRevision } from '../event-store.js';

/** The server answers, and the answer is no: trying again does not help. */
export class StoreDenied extends StoreUnavailable {}

/** For now: what an administrator took away may be given back, and who follows the ledger goes on then. */
export class AccessDenied extends StoreDenied {}

/** Nothing came in time: whether something was done is not known. */
export class NoAnswer extends StoreUnavailable {
  constructor(what: string, afterMs: number) {
    super(`${what}: the event store did not answer within ${afterMs} ms`);
  }
}

/** What a server that is stopped may do to a read, without a word. */
export function endedEarly(what: string): StoreUnavailable {
  return new StoreUnavailable(`${what}: the event store ended its answer before its end`);
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

/** The client gives a wrong password and a missing right one type: only the code of gRPC tells them apart. */
function refusalOf(error: unknown): string {
  return (error as { code?: unknown }).code === UNAUTHENTICATED
    ? 'does not know the ledger’s user, or not with this password'
    : 'denies it to the ledger’s user';
}

/** Whether the same may be asked again at once. */
export function isTransient(error: Error): boolean {
  return error instanceof StoreUnavailable && !(error instanceof StoreDenied);
}

/** The client has been told who leads, and turns to it by itself. */
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
/** Of gRPC: a wrong argument, a call that is not there, and a user that is not known. */
const LASTING: readonly unknown[] = [3, 12, UNAUTHENTICATED];
/** What Node says of a certificate that is not trusted, is not of that host, or is over. */
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
