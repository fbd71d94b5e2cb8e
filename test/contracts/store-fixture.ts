/** One store in a place of its own for each test, and what all laws of the port need to say. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type {
  Appended,
  EventReader,
  EventStore,
  ExpectedRevision,
  NewEvent,
  RecordedEvent,
} from '../../src/store/event-store.js';
import { newEvents, streamNamed } from '../support/new-events.js';

/** Where one store lives. It is empty at first, and outlives each opening. */
export interface StorePlace {
  open(): Promise<EventStore>;
  /** A reader beside the store, as another thread or process has one. */
  openReader(): Promise<EventReader>;
  remove(): Promise<void>;
}

export type Stream = ReturnType<typeof streamNamed>;
export const A = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
export const B = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a11');

export class StoreFixture {
  store!: EventStore;
  private place!: StorePlace;
  private salt!: string;
  private readonly readers: EventReader[] = [];

  constructor(private readonly emptyPlace: () => Promise<StorePlace>) {
    beforeEach(() => this.begin());
    afterEach(() => this.end());
  }

  async begin(): Promise<void> {
    this.place = await this.emptyPlace();
    this.salt = randomBytes(16).toString('base64url');
    this.store = await this.place.open();
  }

  async end(): Promise<void> {
    for (const reader of this.readers.splice(0)) await reader.close();
    await this.store.close();
    await this.place.remove();
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await this.place.open();
  }

  async anotherReader(): Promise<EventReader> {
    const reader = await this.place.openReader();
    this.readers.push(reader);
    return reader;
  }

  append(stream: Stream, expected: ExpectedRevision, ...texts: string[]): Promise<Appended> {
    const firstRevision = expected === 'no-stream' ? 0 : expected + 1;
    return this.store.append(stream, expected, this.newEvents(stream, firstRevision, texts));
  }

  /**
   * The same text at the same place is the same event, but only in this place for a store: a server remembers for a
   * while in which stream it last saw an id, whichever place that was in.
   */
  newEvents(stream: Stream, firstRevision: number, texts: readonly string[]): NewEvent[] {
    return newEvents(stream, firstRevision, texts, this.salt);
  }

  /** Appends of one, two and three events to two streams by turns. */
  async appendInterleaved(): Promise<readonly RecordedEvent[]> {
    await this.append(A, 'no-stream', 'a0');
    await this.append(B, 'no-stream', 'b0', 'b1');
    await this.append(A, 0, 'a1', 'a2', 'a3');
    await this.append(B, 1, 'b2');
    await this.append(A, 3, 'a4');
    await this.append(B, 2, 'b3', 'b4');
    return this.store.readAll(null, 100);
  }
}

/** The error that a promise ends with. */
export function refusal(asking: Promise<unknown>): Promise<unknown> {
  return asking.then(
    () => expect('accepted').toBe('refused'),
    (error: unknown) => error,
  );
}

export const numbered = (text: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${text}${index}`);

export const textsOf = (events: readonly RecordedEvent[]) =>
  events.map(({ data }) => data.facts['text'] as string);
