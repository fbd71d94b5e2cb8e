/** A store that others write to as well: what is not the ledger's own is skipped by rule, counted, and never guessed at. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programmeDecider } from '../../src/domain/programme.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import { parseProgrammeId, programmeStream } from '../../src/kernel/ids.js';
import { NotProjected, ReadModels } from '../../src/read-models/read-models.js';
import type { Position } from '../../src/store/event-store.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { Clock } from '../../src/kernel/clock.js';
import { runDecider } from '../../src/store/run-decider.js';
import { A, B, refusal, textsOf } from '../contracts/store-fixture.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { newEvents } from '../support/new-events.js';

let double: ProtocolDouble;
let store: EventStoreDbStore;
beforeEach(async () => {
  double = await ProtocolDouble.start();
  store = await EventStoreDbStore.open({ url: double.url });
});
afterEach(async () => {
  await store.close();
  await double.kill();
});

const [MODEL] = newEvents(A, 0, ['theirs']);
const ENVELOPE = MODEL!.metadata;
const envelope = (changes: object) => JSON.stringify({ ...ENVELOPE, ...changes });
const PAYLOAD = MODEL!.payload;

/** One of each kind that is none of the ledger's. */
const FOREIGN: readonly [string, string, { type: string; data: string | Uint8Array; metadata?: string }][] = [
  ['another category', 'order-1', { type: 'OrderPlaced', data: '{}', metadata: envelope({}) }],
  ['a stream that only begins alike', 'programmes-1', { type: 'X', data: PAYLOAD, metadata: envelope({}) }],
  ['a category without a name', 'submission-', { type: 'X', data: PAYLOAD, metadata: envelope({}) }],
  ['another ledger’s namespace', `other.${A}`, { type: 'X', data: PAYLOAD, metadata: envelope({}) }],
  ['no metadata', A, { type: 'PatientBenefited', data: PAYLOAD }],
  ['metadata that are no JSON', A, { type: 'PatientBenefited', data: PAYLOAD, metadata: '{"schema"' }],
  ['metadata of someone else', A, { type: 'PatientBenefited', data: PAYLOAD, metadata: '{"$causedBy":"x"}' }],
  ...[
    ...(['schema', 'recordedAt', 'actor', 'role', 'correlationId', 'source'] as const),
    ...(['factsSalt', 'factsHash'] as const),
  ].map((name): (typeof FOREIGN)[number] => [
    `an envelope without ${name}`,
    A,
    { type: 'PatientBenefited', data: PAYLOAD, metadata: envelope({ [name]: undefined }) },
  ]),
  ['a time that is none', A, { type: 'X', data: PAYLOAD, metadata: envelope({ recordedAt: 'yesterday' }) }],
  [
    'a time that no clock shows',
    A,
    { type: 'X', data: PAYLOAD, metadata: envelope({ recordedAt: '2024-99-99T99:99:99.999Z' }) },
  ],
  [
    'a day that no month has',
    A,
    { type: 'X', data: PAYLOAD, metadata: envelope({ recordedAt: '2024-02-30T12:00:00.000Z' }) },
  ],
  ['a hash that is none', A, { type: 'X', data: PAYLOAD, metadata: envelope({ factsHash: 'abc' }) }],
  ['data that are no JSON', A, { type: 'PatientBenefited', data: '{"text', metadata: envelope({}) }],
  ['data that are a list', A, { type: 'PatientBenefited', data: '[]', metadata: envelope({}) }],
  ['data that are nothing', A, { type: 'PatientBenefited', data: 'null', metadata: envelope({}) }],
  ['bytes', A, { type: 'PatientBenefited', data: Buffer.from(PAYLOAD), metadata: envelope({}) }],
];

describe('an event that is not the ledger’s own', () => {
  test.each(FOREIGN)('%s: is not read, but counted', async (_what, stream, event) => {
    await store.append(B, 'no-stream', newEvents(B, 0, ['b0']));
    double.inject(stream, event);
    await store.append(B, 0, newEvents(B, 1, ['b1']));
    const run = await store.readRun(null, 100);
    expect(textsOf(run.events)).toEqual(['b0', 'b1']);
    expect(run).toMatchObject({ skipped: 1, atEnd: true, end: run.events[1]!.position });
    expect(await store.readStream(A)).toEqual([]);
  });

  test('is not what a ledger of format 1 recorded: that is refused, in one line', async () => {
    const { factsSalt: salt, factsHash: payloadHash, role: _, ...rest } = ENVELOPE;
    const metadata = JSON.stringify({ ...rest, schema: 'outcome@1', salt, payloadHash });
    double.inject(A, { type: 'PatientBenefited', data: '{"text":"old"}', metadata });
    const line =
      /^the event store has a ledger of format 1 \(submission-.*\): this version reads format 2 alone$/;
    expect(await refusal(store.readAll(null, 10))).toMatchObject({ message: expect.stringMatching(line) });
    expect(await refusal(EventStoreDbStore.open({ url: double.url }))).toMatchObject({
      message: expect.stringMatching(line),
    });
  });

  test('links and what the server writes for itself count as nothing', async () => {
    await store.append(A, 'no-stream', newEvents(A, 0, ['a0']));
    double.injectLink('submission-linked', { stream: A, revision: 0 });
    double.inject('$settings', { type: '$Settings', data: '{}' });
    const run = await store.readRun(null, 100);
    expect(textsOf(run.events)).toEqual(['a0']);
    expect(run.skipped).toBe(0);
    expect(run.end! > run.events[0]!.position).toBe(true);
  });

  test.each(['outcome@99', 'outcome2@1', 'iso-3166-region@1'])(
    'a schema that nobody knows is the ledger’s own, and for the projection to stop at: %s',
    async (schema) => {
      double.inject(A, { type: 'X', data: PAYLOAD, metadata: envelope({ schema }) });
      expect((await store.readAll(null, 10)).map(({ metadata }) => metadata.schema)).toEqual([schema]);
    },
  );

  test('a subscription moves over them, tells how many there were, and each event of ours once', async () => {
    const stop = new AbortController();
    const [texts, ends]: [string[], Position[]] = [[], []];
    let skipped = 0;
    await store.append(A, 'no-stream', newEvents(A, 0, ['a0']));
    const following = (async () => {
      for await (const run of store.subscribe(null, stop.signal)) {
        texts.push(...textsOf(run.events));
        ends.push(run.end!);
        skipped += run.skipped;
        if (texts.includes('a1') && skipped === 2_000) stop.abort();
      }
    })();
    for (let event = 0; event < 2_000; event++) double.inject('order-1', { type: 'OrderPlaced', data: '{}' });
    await store.append(A, 0, newEvents(A, 1, ['a1']));
    await following;
    expect(texts).toEqual(['a0', 'a1']);
    expect([...ends].sort()).toEqual(ends);
  });
});

describe('a stream that others wrote into', () => {
  test('a decision is made on the ledger’s events, and appended after all that stand there', async () => {
    const programmeId = parseProgrammeId('asthma-care');
    const stream = programmeStream(programmeId);
    const provenance = { actor: 'tests', role: 'admin', correlationId: 'tests', source: 'api' } as const;
    const run = (command: Parameters<typeof programmeDecider.decide>[1]) =>
      runDecider({ store, clock: new Clock() }, programmeDecider, { stream, command, provenance });
    const strangers = () => double.inject(stream, { type: 'Note', data: '{}' });
    strangers();
    const details = { name: 'Asthma care', startedOn: parseCalendarDate('2020-04-01') };
    const registered = await run({ kind: 'register-programme', programmeId, details });
    expect(registered.appended?.firstRevision).toBe(1);
    strangers();
    strangers();
    const again = await run({ kind: 'register-programme', programmeId, details });
    expect(again).toMatchObject({ events: [], state: { status: 'open' } });
    const closing = {
      kind: 'close-programme',
      programmeId,
      closedOn: parseCalendarDate('2023-04-01'),
      reason: 'funding has ended',
      today: parseCalendarDate('2024-04-01'),
    } as const;
    expect((await run(closing)).appended?.firstRevision).toBe(4);
    expect((await store.readStream(stream)).map(({ revision }) => revision)).toEqual([1, 4]);
    expect((await store.readStreamRun(stream)).last).toBe(4);
    expect((await store.readStream(stream, { from: 2, limit: 1 })).map(({ revision }) => revision)).toEqual([
      4,
    ]);
  });
});

describe('namespaces', () => {
  test('keep two ledgers of one store apart', async () => {
    const theirs = await EventStoreDbStore.open({ url: double.url, namespace: 'theirs' });
    try {
      await store.append(A, 'no-stream', newEvents(A, 0, ['ours']));
      await theirs.append(A, 'no-stream', newEvents(A, 0, ['a0']));
      expect(textsOf(await theirs.readStream(A))).toEqual(['a0']);
      expect(textsOf(await theirs.readAll(null, 10))).toEqual(['a0']);
      expect(textsOf(await store.readAll(null, 10))).toEqual(['ours']);
      expect((await theirs.readAll(null, 10))[0]!.stream).toBe(A);
    } finally {
      await theirs.close();
    }
  });
});

describe('the projection', () => {
  let dataDir: string;
  beforeEach(() => {
    Logger.overrideLogger(false);
    dataDir = mkdtempSync(join(tmpdir(), 'ledger-shared-'));
  });
  afterEach(() => {
    Logger.overrideLogger(['error', 'warn']);
    rmSync(dataDir, { recursive: true });
  });

  describe('where a stream of the ledger is deleted', () => {
    const stream = programmeStream(parseProgrammeId('asthma-care'));
    let client: EventStoreDBClient;
    let readModels: ReadModels;
    beforeEach(async () => {
      client = EventStoreDBClient.connectionString(double.url);
      await register('asthma-care', 'Asthma care');
      readModels = new ReadModels({ dataDir, eventStore: { url: double.url } });
      await readModels.start();
    });
    afterEach(async () => {
      await readModels.stop();
      await client.dispose();
    });
    const stopped = async () => {
      // What waits for more is told as soon as it has stopped.
      await expect(readModels.reach(1)).rejects.toBeInstanceOf(NotProjected);
      expect(JSON.stringify(readModels.state)).toContain(`${stream} was deleted from the store`);
      expect(readModels.state.status).toBe('stopped');
    };

    test.each([
      ['for a while', () => client.deleteStream(stream)],
      ['for good', () => client.tombstoneStream(stream)],
      ['bit by bit', () => client.setStreamMetadata(stream, { maxCount: 1 })],
    ])('it stops, live and from nothing, and numbers nothing after it: %s', async (_how, remove) => {
      await remove();
      await stopped();
      await readModels.stop();
      rmSync(dataDir, { recursive: true });
      mkdirSync(dataDir);
      readModels = new ReadModels({ dataDir, eventStore: { url: double.url } });
      await expect(readModels.start()).rejects.toThrow('was deleted from the store');
    });

    test('R2: it goes on where what was deleted was given back, in the two steps that this takes', async () => {
      await client.deleteStream(stream);
      await stopped();
      await readModels.stop();
      await client.setStreamMetadata(stream, {});
      readModels = new ReadModels({ dataDir, eventStore: { url: double.url } });
      await expect(readModels.start()).rejects.toThrow('its metadata hides events');
      await client.setStreamMetadata(stream, {});
      await register('polypill', 'Polypill');
      readModels = new ReadModels({ dataDir, eventStore: { url: double.url } });
      await readModels.start();
      expect(readModels.progress.sequence).toBe(1);
    });

    test('that others delete theirs is nothing to it', async () => {
      double.inject('order-1', { type: 'OrderPlaced', data: '{}' });
      await client.tombstoneStream('order-1');
      const { appended } = await register('polypill', 'Polypill');
      expect(await readModels.sequenceOf(appended!.position)).toBe(1);
    });
  });

  test('ends when it is told to, though every node of the cluster is silent', async () => {
    const cluster = await ProtocolDouble.start({ nodes: 3 });
    const readModels = new ReadModels({ dataDir, eventStore: { url: cluster.url } });
    await readModels.start();
    cluster.faults.all('gossip', { action: 'stay-silent' });
    await cluster.restart();
    await readModels.stop();
    await cluster.kill();
  });

  test('numbers only the ledger’s own events, says how many it passed over, and goes on where it was', async () => {
    const located = { dataDir, eventStore: { url: double.url } };
    const strangers = (count: number) => {
      for (let event = 0; event < count; event++)
        double.inject('order-1', { type: 'OrderPlaced', data: '{}' });
    };
    strangers(10);
    await register('asthma-care', 'Asthma care');
    let readModels = new ReadModels(located);
    await readModels.start();
    expect(readModels.progress).toMatchObject({ sequence: 0, skipped: 10 });
    strangers(300);
    const { appended } = await register('polypill', 'Polypill');
    expect(await readModels.sequenceOf(appended!.position)).toBe(1);
    expect(readModels.progress.skipped).toBe(310);
    strangers(200);
    await readModels.stop();
    readModels = new ReadModels(located);
    await readModels.start();
    expect(readModels.progress).toMatchObject({ sequence: 1, skipped: 510, position: await store.head() });
    await readModels.stop();
  });
});

function register(id: string, name: string) {
  const programmeId = parseProgrammeId(id);
  const details = { name, startedOn: parseCalendarDate('2020-04-01') };
  return runDecider({ store, clock: new Clock() }, programmeDecider, {
    stream: programmeStream(programmeId),
    command: { kind: 'register-programme', programmeId, details },
    provenance: { actor: 'tests', role: 'admin', correlationId: 'tests', source: 'api' },
  });
}
