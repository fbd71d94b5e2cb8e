/** From protobuf messages to what the double works with, and back. */
import {
  AllStreamPosition,
  Empty,
  StreamIdentifier,
  UUID,
} from '@eventstore/db-client/generated/shared_pb.js';
import {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { Expected } from './append-rules.js';
import type { LoggedEvent, Place, ProposedEvent } from './event-log.js';
import { HIGHEST_REVISION, TOMBSTONE_REVISION } from './stream-state.js';

export function streamOf(identifier: StreamIdentifier | undefined): string {
  return Buffer.from(identifier!.getStreamName_asU8()).toString('utf8');
}

export function identifierOf(stream: string): StreamIdentifier {
  return new StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));
}

/** The options of a delete and of a tombstone say what they expect in the same way. */
export interface ExpectingOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
  getRevision(): string;
}

export function expectedOf(options: ExpectingOptions): Expected {
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'stream-exists';
  return Number(options.getRevision());
}

export function expectedOfBatch(options: BatchAppendReq.Options): Expected {
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'stream-exists';
  return Number(options.getStreamPosition());
}

export function proposedOf(
  message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage,
): ProposedEvent {
  const properties = message.getMetadataMap();
  return {
    id: idOf(message.getId()!),
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function idOf(uuid: UUID): string {
  const structured = uuid.getStructured();
  if (!structured) return uuid.getString();
  const half = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
  const digits = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function placeOf(position: ReadReq.Options.Position): Place {
  return { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) };
}

const TICKS_PER_MILLISECOND = 10_000;

function recordedEvent(event: LoggedEvent): ReadResp.ReadEvent.RecordedEvent {
  return addContent(placedEvent(event), event);
}

/** Where and when an event was recorded. */
export function placedEvent(event: LoggedEvent): ReadResp.ReadEvent.RecordedEvent {
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  recorded.setStreamIdentifier(identifierOf(event.stream));
  recorded.setStreamRevision(
    event.revision === TOMBSTONE_REVISION ? HIGHEST_REVISION : String(event.revision),
  );
  recorded.setCommitPosition(String(event.commit));
  recorded.setPreparePosition(String(event.prepare));
  // Of 100 nanoseconds, since 1970; finer than a millisecond, as the server's are.
  const ticks = BigInt(event.createdMs) * BigInt(TICKS_PER_MILLISECOND);
  const created = ticks + BigInt(event.prepare % TICKS_PER_MILLISECOND);
  recorded.getMetadataMap().set('created', String(created));
  return recorded;
}

/** What an event is, wherever it stands. */
export function addContent(
  recorded: ReadResp.ReadEvent.RecordedEvent,
  event: ProposedEvent,
): ReadResp.ReadEvent.RecordedEvent {
  recorded.setId(new UUID().setString(event.id));
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType);
  return recorded.setData(event.data).setCustomMetadata(event.metadata);
}

/** `target` is what a link leads to: null where it leads nowhere, undefined where it is not to be resolved. */
export function eventResponse(event: LoggedEvent, target?: LoggedEvent | null): ReadResp {
  const read = new ReadResp.ReadEvent();
  read.setCommitPosition(String(event.commit));
  if (target === undefined) read.setEvent(recordedEvent(event));
  else read.setLink(recordedEvent(event));
  if (target) read.setEvent(recordedEvent(target));
  return new ReadResp().setEvent(read);
}

export function confirmationResponse(subscriptionId: string): ReadResp {
  return new ReadResp().setConfirmation(
    new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId),
  );
}

export function checkpointResponse({ commit, prepare }: Place): ReadResp {
  const checkpoint = new ReadResp.Checkpoint();
  checkpoint.setCommitPosition(String(commit));
  checkpoint.setPreparePosition(String(prepare));
  return new ReadResp().setCheckpoint(checkpoint);
}

export function notFoundResponse(stream: string): ReadResp {
  return new ReadResp().setStreamNotFound(
    new ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  );
}

export const caughtUpResponse = () => new ReadResp().setCaughtUp(new ReadResp.CaughtUp());
export const fellBehindResponse = () => new ReadResp().setFellBehind(new ReadResp.FellBehind());

/** Where an append left its stream; the place of its last event, if it is told. */
export interface AppendedTo {
  readonly revision: number;
  readonly place: Place | null;
}

export function appendedResponse({ revision, place }: AppendedTo): AppendResp {
  const success = new AppendResp.Success();
  if (revision < 0) success.setNoStream(new Empty());
  else success.setCurrentRevision(String(revision));
  if (!place) success.setNoPosition(new Empty());
  else {
    const position = new AppendResp.Position();
    position.setCommitPosition(String(place.commit));
    position.setPreparePosition(String(place.prepare));
    success.setPosition(position);
  }
  return new AppendResp().setSuccess(success);
}

export function batchAppendedResult({ revision, place }: AppendedTo): BatchAppendResp.Success {
  const success = new BatchAppendResp.Success();
  if (revision >= 0) success.setCurrentRevision(String(revision));
  if (place) {
    const position = new AllStreamPosition();
    position.setCommitPosition(String(place.commit));
    position.setPreparePosition(String(place.prepare));
    success.setPosition(position);
  }
  return success;
}

export function wrongExpectationResponse(expected: Expected, current: number): AppendResp {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new Empty());
  else wrong.setCurrentRevision(String(current));
  if (typeof expected === 'number') wrong.setExpectedRevision(String(expected));
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new Empty());
  else if (expected === 'any') wrong.setExpectedAny(new Empty());
  else wrong.setExpectedStreamExists(new Empty());
  return new AppendResp().setWrongExpectedVersion(wrong);
}
