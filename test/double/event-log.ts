/**
 * The one log behind all nodes of the protocol double: events in global order, and each stream's share of them.
 *
 * As in the server, a position is a place in a file: it grows by what an event takes up, so that gaps are the
 * rule, and every event has its own. State lives in memory and outlives the nodes that serve it. A history of
 * any length can be put before what is appended; it is made up as it is read, and takes no memory.
 */
import { isMetastream, StreamState, TOMBSTONE_REVISION } from './stream-state.js';

export interface Place {
  readonly commit: number;
  readonly prepare: number;
}

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface LoggedEvent extends ProposedEvent, Place {
  readonly stream: string;
  /** `TOMBSTONE_REVISION` for the event that ends a stream for good. */
  readonly revision: number;
  readonly createdMs: number;
  /** Whether events that share the memory of their data are the same but for their place. */
  readonly alike?: boolean;
}

/**
 * Events that were there before, of streams that are only read through the global order. Those that share their
 * data are alike but for their place.
 */
export interface History {
  readonly count: number;
  event(index: number): ProposedEvent & { readonly stream: string; readonly revision: number };
}

export interface LogOptions {
  readonly history?: History;
  readonly firstPosition?: number;
  readonly now?: () => number;
  /**
   * An append has a commit record of its own, as explicit transactions have in old logs: its events share one
   * commit position, and each has its own prepare position before it.
   */
  readonly separateCommits?: boolean;
}

const EMPTY_HISTORY: History = {
  count: 0,
  event: () => {
    throw new RangeError('an empty history has no events');
  },
};

/** What a record takes up beside its content: enough to leave gaps between positions. */
const RECORD_OVERHEAD = 64;
const HISTORY_STEP = 1_024;

export class EventLog {
  private readonly events: LoggedEvent[] = [];
  private readonly streams = new Map<string, StreamState>();
  private readonly watchers = new Set<() => void>();
  private readonly history: History;
  private readonly firstPosition: number;
  private readonly now: () => number;
  private readonly separateCommits: boolean;
  private nextPosition: number;

  constructor({
    history = EMPTY_HISTORY,
    firstPosition = 1_027,
    now = Date.now,
    separateCommits = false,
  }: LogOptions = {}) {
    this.history = history;
    this.firstPosition = firstPosition;
    this.now = now;
    this.separateCommits = separateCommits;
    this.nextPosition = firstPosition + history.count * HISTORY_STEP;
  }

  /** How many events there are: the index of the next one. */
  get end(): number {
    return this.history.count + this.events.length;
  }

  at(index: number): LoggedEvent {
    const { count } = this.history;
    if (index >= count) return this.events[index - count]!;
    const position = this.firstPosition + index * HISTORY_STEP;
    return { ...this.history.event(index), commit: position, prepare: position, createdMs: 0, alike: true };
  }

  /** The index of the first event at or after a place in the global order. */
  indexFrom(place: Place): number {
    let low = 0;
    for (let high = this.end; low < high;) {
      const middle = (low + high) >>> 1;
      if (comparePlaces(this.placeAt(middle), place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private placeAt(index: number): Place {
    const { count } = this.history;
    if (index >= count) return this.events[index - count]!;
    const position = this.firstPosition + index * HISTORY_STEP;
    return { commit: position, prepare: position };
  }

  /** As an older backup has it: what came after a place is gone, and its place is given again. */
  cutTo(end: number): void {
    const [first] = this.events.splice(end - this.history.count);
    if (first) this.nextPosition = first.prepare;
    for (const { indexes } of this.streams.values()) {
      while (indexes.length > 0 && indexes.at(-1)! >= end) indexes.pop();
    }
  }

  stream(name: string): StreamState {
    let state = this.streams.get(name);
    if (!state) this.streams.set(name, (state = new StreamState(name)));
    return state;
  }

  /** Puts events at the end of a stream, whatever was expected of it. */
  append(name: string, proposed: readonly ProposedEvent[]): void {
    const stream = this.stream(name);
    const places = this.placesOf(proposed);
    proposed.forEach((event, offset) => {
      const revision = stream.indexes.length;
      stream.indexes.push(this.end);
      this.write(name, revision, event, places[offset]!);
    });
    if (isMetastream(name) && proposed.length > 0) {
      this.stream(name.slice(2)).applyMetadata(proposed.at(-1)!.data);
    }
    this.tellWatchers();
  }

  /** Ends a stream for good, with an event at the highest revision there is. */
  entomb(name: string, tombstone: ProposedEvent): void {
    this.stream(name).tombstoned = true;
    this.write(name, TOMBSTONE_REVISION, tombstone, this.placesOf([tombstone])[0]!);
    this.tellWatchers();
  }

  private write(stream: string, revision: number, event: ProposedEvent, place: Place): void {
    this.events.push({ ...event, ...place, stream, revision, createdMs: this.now() });
  }

  private placesOf(proposed: readonly ProposedEvent[]): readonly Place[] {
    const prepares = proposed.map(({ data, metadata }) => {
      const prepare = this.nextPosition;
      this.nextPosition += RECORD_OVERHEAD + data.length + metadata.length;
      return prepare;
    });
    if (!this.separateCommits) return prepares.map((prepare) => ({ commit: prepare, prepare }));
    const commit = this.nextPosition;
    this.nextPosition += RECORD_OVERHEAD;
    return prepares.map((prepare) => ({ commit, prepare }));
  }

  /** @returns what ends the watch */
  watch(onAppend: () => void): () => void {
    this.watchers.add(onAppend);
    return () => this.watchers.delete(onAppend);
  }

  private tellWatchers(): void {
    for (const tell of [...this.watchers]) tell();
  }
}

export function comparePlaces(a: Place, b: Place): number {
  return a.commit - b.commit || a.prepare - b.prepare;
}
