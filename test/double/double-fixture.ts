/** A double of its own for each test, and clients that are disposed of with it. */
import { afterEach, beforeEach, expect } from '@jest/globals';
import {
  EventStoreDBClient,
  jsonEvent,
  type JSONEventData,
  type JSONEventType,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
} from '@eventstore/db-client';
import type { Readable } from 'node:stream';
import { v5 as uuidV5 } from 'uuid';
import { ProtocolDouble, type DoubleOptions } from './protocol-double.js';

export class DoubleFixture {
  double!: ProtocolDouble;
  private readonly clients: EventStoreDBClient[] = [];

  constructor(options: DoubleOptions = {}) {
    beforeEach(async () => {
      this.double = await ProtocolDouble.start(options);
    });
    afterEach(async () => {
      // Not waited for: it waits for ever for a call whose answer nobody reads to its end.
      for (const client of this.clients.splice(0)) void client.dispose();
      await this.double.kill();
    });
  }

  /** A new one each time, as processes of their own have; `parameters` as a connection string has them. */
  client(parameters = ''): EventStoreDBClient {
    const client = EventStoreDBClient.connectionString(`${this.double.url}${parameters}`);
    this.clients.push(client);
    return client;
  }

  async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const { event } of this.client().readStream(stream, options)) events.push(event!);
    return events;
  }

  async readAll(options?: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const { event } of this.client().readAll(options)) events.push(event!);
    return events;
  }
}

const NAMES = '6f1f3c1e-3a0e-4f57-8b1e-0d8a4f6f2f10';

/** An event whose id follows from its text: the same text is the same event. */
export function eventNamed(text: string): JSONEventData<JSONEventType<'PatientBenefited', { text: string }>> {
  return jsonEvent({ id: uuidV5(text, NAMES), type: 'PatientBenefited' as const, data: { text } });
}

export const textsOf = (events: readonly RecordedEvent[]) =>
  events.map(({ data }) => (data as { text?: string }).text);

/** The calls beneath the streams of a client, which it waits for when it is disposed of. */
export function callsOf(client: EventStoreDBClient): readonly Readable[] {
  return [...(client as unknown as { readonly disposableStreams: ReadonlySet<Readable> }).disposableStreams];
}

/** The error that a promise ends with. */
export function refusalOf(asking: Promise<unknown>): Promise<unknown> {
  return asking.then(
    () => expect('accepted').toBe('refused'),
    (error: unknown) => error,
  );
}
