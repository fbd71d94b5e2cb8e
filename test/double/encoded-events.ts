/**
 * Answers that are encoded before they are sent, for histories of events that are alike but for their places.
 *
 * Encoding is most of what an answer costs the double: without this, a slow reader could not be told from a slow
 * double. In protobuf the encodings of two parts of a message, one after the other, are the encoding of the whole,
 * so that what is alike is encoded once.
 */
import { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { LoggedEvent } from './event-log.js';
import { addContent, placedEvent } from './wire.js';

export class EncodedResponse {
  constructor(readonly bytes: Buffer) {}
}

export type ReadResponse = ReadResp | EncodedResponse;

export function serializeResponse(response: ReadResponse): Buffer {
  return response instanceof EncodedResponse ? response.bytes : Buffer.from(response.serializeBinary());
}

const encodedContents = new WeakMap<Uint8Array, Uint8Array>();

/** Of an event that shares its data, the very same bytes, only with events that are alike. */
export function encodedEvent(event: LoggedEvent): EncodedResponse {
  let content = encodedContents.get(event.data);
  if (!content) {
    content = addContent(new ReadResp.ReadEvent.RecordedEvent(), event).serializeBinary();
    encodedContents.set(event.data, content);
  }
  const commit = new ReadResp.ReadEvent().setCommitPosition(String(event.commit)).serializeBinary();
  const recorded = asFirstField([content, placedEvent(event).serializeBinary()]);
  return new EncodedResponse(Buffer.concat(asFirstField([...recorded, commit])));
}

/** A message as field 1 of another: of a read event it is the event, of a response the read event. */
function asFirstField(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Buffer.from([0x0a, ...varint(length)]), ...parts];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
