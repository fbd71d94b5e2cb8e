/** The projection never steps over an event that it does not understand; what stands before it is served. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotProjected, ReadModels } from '../../src/read-models/read-models.js';
import { ProjectionStopped, Projector } from '../../src/read-models/projector.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { history } from '../support/histories.js';
import { contentOfViews, LivedLedger, viewsOf } from '../support/lived-ledger.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { newEvents, streamNamed } from '../support/new-events.js';

// What it logs of its stops is expected here.
beforeAll(() => void Logger.overrideLogger(false));
afterAll(() => void Logger.overrideLogger(['error', 'warn']));

const HISTORY = fc.sample(history, { numRuns: 1, seed: 2018 })[0]!;

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-stops-'));
  file = join(dir, 'views.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

let lived: LivedLedger;
beforeAll(async () => void (lived = await LivedLedger.of(HISTORY)));
afterAll(() => lived.remove());

const withSchema = (event: RecordedEvent, schema: string): RecordedEvent => ({
  ...event,
  metadata: { ...event.metadata, schema },
});

test('an unknown schema stops it at that event, wherever its batch begins, with all before it applied', () => {
  const { events } = lived;
  const place = fc.record({ at: fc.nat(events.length - 1), start: fc.nat(events.length - 1) });
  fc.assert(
    fc.property(place, ({ at, start }) => {
      const stranger = withSchema(events[at]!, 'outcome@3');
      const asStored = events.with(at, stranger);
      const projector = new Projector(file, PUBLIC_KEY);
      projector.project(asStored.slice(0, Math.min(start, at)));
      const stopped = caught(() => projector.project(asStored.slice(Math.min(start, at))));
      expect(stopped).toBeInstanceOf(ProjectionStopped);
      expect(stopped.message).toContain(`sequence ${at}, event ${stranger.id}`);
      expect(stopped.message).toContain('outcome@3');
      expect(projector.checkpoint.sequence).toBe(at - 1);
      // Told again, it stops again, and changes nothing.
      expect(caught(() => projector.project(asStored.slice(at)))).toEqual(stopped);
      projector.close();
      expect(contentOfViews(file)).toEqual(viewsOf(events.slice(0, at)));
      rmSync(file);
    }),
    { numRuns: 30 },
  );
});

test('it goes on from there once a version that knows the schema runs', () => {
  const { events } = lived;
  const projector = new Projector(file, PUBLIC_KEY);
  caught(() => projector.project(events.with(20, withSchema(events[20]!, 'outcome@3'))));
  projector.project(events.slice(20));
  projector.close();
  expect(contentOfViews(file)).toEqual(viewsOf(events));
});

test('an outcome of a measure that nobody defined stops it too, with the reason', () => {
  const { events } = lived;
  const at = events.findIndex(({ metadata }) => metadata.schema === 'outcome@2');
  const { data } = events[at]!;
  const orphan = { ...events[at]!, data: { ...data, facts: { ...data.facts, measureId: 'never-defined' } } };
  const projector = new Projector(file, PUBLIC_KEY);
  const stopped = caught(() => projector.project(events.with(at, orphan)));
  expect(stopped.message).toContain(`sequence ${at}`);
  expect(stopped.message).toContain('measure never-defined was defined before its outcomes');
  expect(projector.checkpoint.sequence).toBe(at - 1);
  projector.close();
});

test('a line that is recorded a second time stops it: nothing is counted twice', () => {
  const { events } = lived;
  const first = events.find(({ metadata }) => metadata.schema === 'outcome@2')!;
  const again = { ...first, id: crypto.randomUUID(), revision: first.revision + 9 };
  const projector = new Projector(file, PUBLIC_KEY);
  const stopped = caught(() => projector.project([...events, again]));
  expect(stopped).toBeInstanceOf(ProjectionStopped);
  expect(stopped.message).toContain('line 1 is recorded once');
  projector.close();
  expect(contentOfViews(file)).toEqual(viewsOf(events));
});

test('a running ledger that meets one says so, and serves what stands before it, also after a restart', async () => {
  const ledger = await LivedLedger.of(HISTORY);
  const last = ledger.events.length - 1;
  const stream = streamNamed('measure-jobs');
  const strangers = newEvents(stream, 100, ['from a later version']).map((event) => ({
    ...event,
    metadata: { ...event.metadata, schema: 'measure-retired@1' },
  }));
  const revision = (await ledger.store.readStream(stream)).length - 1;
  await ledger.store.append(stream, revision, strangers);
  // Refused as soon as it has stopped, whether that was before or after it was asked.
  for (const _time of ['at once', 'again']) {
    await expect(ledger.readModels.reach(last + 1)).rejects.toBeInstanceOf(NotProjected);
  }
  expect(ledger.readModels.state.status).toBe('stopped');
  const before = await ledger.totals.annual(question, NOW);
  expect(before.sequence).toBe(last);

  await ledger.readModels.stop();
  const restarted = new ReadModels({ dataDir: ledger.dataDir });
  await restarted.start();
  expect(restarted.state.status).toBe('stopped');
  expect(JSON.stringify(restarted.state)).toContain('measure-retired@1');
  expect(restarted.progress.sequence).toBe(last);
  await restarted.stop();
  await ledger.store.close();
  rmSync(ledger.dataDir, { recursive: true });
});

const NOW = Date.parse('2030-01-01T00:00:00Z');
const question = { measure: 'jobs', from: '2020-21' as never, allowBreaks: true };

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it went on');
}
