/** What a write does to the log, whichever call asked for it. */
import { randomUUID } from 'node:crypto';
import { decideAppend, type Expected } from './append-rules.js';
import type { EventLog, ProposedEvent } from './event-log.js';
import { HIGHEST_REVISION, isMetastream } from './stream-state.js';
import type { AppendedTo } from './wire.js';

export interface WriteRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
}

export type Outcome =
  | ({ readonly is: 'written' } & AppendedTo)
  /** `current` is −1 where there is no stream. */
  | { readonly is: 'wrong-expectation'; readonly current: number }
  | { readonly is: 'stream-deleted' }
  | { readonly is: 'too-large'; readonly sizeMax: number };

export interface WriteSettings {
  readonly log: EventLog;
  /** Bytes that the events of one append may take up. */
  readonly appendSizeMax: number;
  /** Whether the answer to a repeat says where its events are, as the server's does not always. */
  readonly repeatsTellPosition: boolean;
  /** An event of the server's own follows wherever the log's length is a multiple of this; 0 for none. */
  readonly systemEventEvery: number;
}

export function append(settings: WriteSettings, { stream, expected, events }: WriteRequest): Outcome {
  const { log, appendSizeMax, systemEventEvery } = settings;
  const size = events.reduce((sum, event) => sum + sizeOf(event), 0);
  if (size > appendSizeMax) return { is: 'too-large', sizeMax: appendSizeMax };
  const decision = decideAppend(log, { stream, expected, ids: events.map(({ id }) => id) });
  switch (decision.is) {
    case 'append': {
      const state = log.stream(stream);
      // Whoever writes to a deleted stream brings it back from its next revision on.
      if (state.softDeleted) writeMetadata(log, stream, String(state.lastRevision + 1));
      log.append(
        stream,
        events.map((event) => givingBack(log, stream, event)),
      );
      if (systemEventEvery > 0 && log.end % systemEventEvery === 0) {
        log.append('$stats-127.0.0.1:2113', [jsonEvent('$statsCollected', '{"proc-cpu":1}')]);
      }
      return { is: 'written', revision: state.lastRevision, place: placeOfLast(log, stream) };
    }
    case 'repeat': {
      const { last } = decision;
      const state = log.stream(stream);
      // The server looks the event up as a reader would, who does not see what is hidden.
      const seen = !state.softDeleted && last.revision >= state.firstRevision;
      const place = settings.repeatsTellPosition && seen ? last : null;
      return { is: 'written', revision: last.revision, place };
    }
    case 'wrong-expectation':
    case 'stream-deleted':
      return decision;
  }
}

/** Hides all events of a stream, which can be written to again. */
export function deleteStream({ log }: WriteSettings, stream: string, expected: Expected): Outcome {
  const decision = decideAppend(log, { stream, expected, ids: [] });
  if (decision.is !== 'append') return decision as Outcome;
  writeMetadata(log, stream, HIGHEST_REVISION);
  return { is: 'written', revision: log.stream(stream).lastRevision, place: log.at(log.end - 1) };
}

/** Ends a stream for good. */
export function tombstoneStream({ log }: WriteSettings, stream: string, expected: Expected): Outcome {
  const decision = decideAppend(log, { stream, expected, ids: [] });
  if (decision.is !== 'append') return decision as Outcome;
  log.entomb(stream, jsonEvent('$streamDeleted', '{}'));
  return { is: 'written', revision: log.stream(stream).lastRevision, place: log.at(log.end - 1) };
}

/**
 * The first metadata that is written after a deletion is turned into what lets the stream go on: all that was deleted
 * stays hidden. So an event is given back by metadata that is written a second time.
 */
function givingBack(log: EventLog, stream: string, event: ProposedEvent): ProposedEvent {
  if (!isMetastream(stream)) return event;
  const { softDeleted, lastRevision } = log.stream(stream.slice(2));
  return softDeleted ? { ...event, data: Buffer.from(`{"$tb":${lastRevision + 1}}`) } : event;
}

/** `truncateBefore` as a text: the highest revision is no safe integer. */
function writeMetadata(log: EventLog, stream: string, truncateBefore: string): void {
  log.append(`$$${stream}`, [jsonEvent('$metadata', `{"$tb":${truncateBefore}}`)]);
}

export function jsonEvent(type: string, json: string, metadata = ''): ProposedEvent {
  return {
    id: randomUUID(),
    type,
    contentType: 'application/json',
    data: Buffer.from(json, 'utf8'),
    metadata: Buffer.from(metadata, 'utf8'),
  };
}

function placeOfLast(log: EventLog, stream: string) {
  const index = log.stream(stream).indexes.at(-1);
  return index === undefined ? null : log.at(index);
}

/** As the server counts it. */
function sizeOf({ type, data, metadata }: ProposedEvent): number {
  return data.length + metadata.length + 2 * type.length;
}
