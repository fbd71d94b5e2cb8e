/**
 * Kills the process in front of each step of append and projection, then opens what is left, sends everything
 * again with the same keys, and expects a ledger that cannot be told from one that was never interrupted.
 *
 * One step of each kind in each thread is taken, which takes less than a minute; `CRASH_ALL=1` takes all.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { openReader } from '../../src/store/open-store.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { contentOfViews, viewsFileIn, viewsOf } from '../support/lived-ledger.js';

/** Of a submission or a change; `repeated`, or not `changed`, where it had been carried out before. */
interface Receipt {
  readonly repeated?: boolean;
  readonly changed?: boolean;
  readonly sequence?: number;
  readonly outcomes?: readonly { readonly id: string; readonly sequence: number; readonly version: number }[];
}
interface Workload {
  readonly runWorkload: (
    dataDir: string,
    options: {
      readonly rebuilds: boolean;
      /** When the store is open and the views are level, before anything is sent. */
      readonly opened?: () => Promise<void>;
      readonly acknowledge: (receipt: Receipt) => void;
    },
  ) => Promise<void>;
}
const { runWorkload } = jest.requireActual<Workload>('./workload.js');

const dir = mkdtempSync(join(tmpdir(), 'ledger-crash-'));
afterAll(() => rmSync(dir, { recursive: true }));

let uninterrupted: { receipts: readonly Receipt[]; events: readonly RecordedEvent[] };
let points: readonly string[];

beforeAll(async () => {
  const trace = join(dir, 'trace');
  mkdirSync(trace);
  const dataDir = join(dir, 'uninterrupted');
  const { receipts, signal } = await runChild(dataDir, { CRASH_TRACE: trace });
  expect(signal).toBeNull();
  uninterrupted = { receipts, events: await eventsIn(dataDir) };
  expect(receipts).toHaveLength(11);
  await expectConsistent(dataDir);
  points = readdirSync(trace).flatMap((thread) =>
    pointsOf(thread, readFileSync(join(trace, thread), 'utf8')),
  );
});

test('killed in front of any step, a ledger goes on as if nothing had been', async () => {
  expect(points.length).toBeGreaterThan(50);
  // Two at a time: one runs while the other is looked at.
  const waiting = [...points];
  const survivors: string[] = [];
  const work = async () => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      if (!(await crashAt(point))) survivors.push(point);
    }
  };
  await Promise.all([work(), work()]);
  expect(survivors).toEqual([]);
}, 1_200_000);

/** `thread:step` of what is to be tried out of a thread's steps. */
function pointsOf(thread: string, trace: string): string[] {
  const placesOf = new Map<string, number[]>();
  for (const [place, kind] of trace.trim().split('\n').entries()) {
    placesOf.set(kind, [...(placesOf.get(kind) ?? []), place]);
  }
  const all = [...placesOf.values()];
  // Of a kind that comes often, one amid the work says more than the first.
  const chosen = process.env['CRASH_ALL'] ? all.flat() : all.map((places) => places[places.length >> 1]!);
  return chosen.map((place) => `${thread}:${place}`);
}

/** Whether the process was killed there; what it left must be good in any case. */
async function crashAt(point: string): Promise<boolean> {
  const dataDir = join(dir, point.replace(':', '-'));
  const { receipts: acknowledged, signal } = await runChild(dataDir, { CRASH_AT: point });

  // As it is found: nothing that was acknowledged is missing, and the views are level and right.
  const opened = async () => {
    const found = await eventsIn(dataDir);
    expect(contentsOf(found)).toEqual(contentsOf(uninterrupted.events.slice(0, found.length)));
    expect(found.length).toBeGreaterThan(Math.max(-1, ...acknowledged.map(lastSequence)));
    await expectConsistent(dataDir);
  };
  // Everything again: what was acknowledged is known, and the receipts are the same.
  const receipts: Receipt[] = [];
  await runWorkload(dataDir, { rebuilds: false, opened, acknowledge: (receipt) => receipts.push(receipt) });
  expect(receipts.map(lasting)).toEqual(uninterrupted.receipts.map(lasting));
  expect(acknowledged.map(lasting)).toEqual(receipts.slice(0, acknowledged.length).map(lasting));
  expect(receipts.slice(0, acknowledged.length).filter(isNew)).toEqual([]);
  expect(contentsOf(await eventsIn(dataDir))).toEqual(contentsOf(uninterrupted.events));
  await expectConsistent(dataDir);
  rmSync(dataDir, { recursive: true });
  return signal === 'SIGKILL';
}

async function runChild(
  dataDir: string,
  env: Record<string, string>,
): Promise<{ receipts: Receipt[]; signal: NodeJS.Signals | null }> {
  const [hook, workload] = ['stop-at-step.js', 'workload.js'].map((file) => join(__dirname, file)) as [
    string,
    string,
  ];
  const child = spawn(process.execPath, ['--require', hook, workload, dataDir], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, by) => resolve(by)),
  );
  const [said, complaints, signal] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  expect(complaints).toBe('');
  const lines = said.split('\n').filter((line) => line !== '');
  return { receipts: lines.map((line) => JSON.parse(line) as Receipt), signal };
}

async function eventsIn(dataDir: string): Promise<readonly RecordedEvent[]> {
  const reader = await openReader({ dataDir });
  const events = await reader.readAll(null, 1_000);
  await reader.close();
  return events;
}

/** The views are what a fresh fold of the events makes, each event once and in order. */
async function expectConsistent(dataDir: string): Promise<void> {
  const events = await eventsIn(dataDir);
  expect(contentOfViews(viewsFileIn(dataDir))).toEqual(viewsOf(events));
  const reader = await openReader({ dataDir });
  const views = openViewsForReading(viewsFileIn(dataDir), PUBLIC_KEY);
  expect(await new SelfCheck(reader, views).step()).toMatchObject({ ok: true, sequence: events.length - 1 });
  views.close();
  await reader.close();
}

/** All of an event that is the same in every run: not its time, its salt and its id. */
const contentsOf = (events: readonly RecordedEvent[]) =>
  events.map(({ stream, revision, position, type, data }) => ({ stream, revision, position, type, data }));

const lasting = ({ repeated: _r, changed: _c, ...receipt }: Receipt) => receipt;

const isNew = ({ repeated, changed }: Receipt) => repeated === false || changed === true;

const lastSequence = ({ sequence, outcomes }: Receipt) => sequence ?? outcomes!.at(-1)!.sequence;
