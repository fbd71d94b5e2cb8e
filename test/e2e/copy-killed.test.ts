/**
 * `ledger copy`, killed at any moment of its way in or out, goes on when it is run again, and ends with what a copy
 * that nobody killed has: the same events at the same places, and the same root. The server is the protocol double.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { EventReader } from '../../src/store/event-store.js';
import { EventStoreDbReader } from '../../src/store/eventstore/reader.js';
import { openReader } from '../../src/store/open-store.js';
import { Gate, type CallKind } from '../double/faults.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { runCommand, startCommand } from '../support/command.js';
import { history } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';

// Each kill takes two processes, one after the other.
jest.setTimeout(300_000);

const HISTORY = fc.sample(history, { numRuns: 1, seed: 2018 })[0]!;
const HOOK = resolve(__dirname, '../crash/stop-at-step.js');
const ROOT = /root of the log: \S{44}\./;

const dir = mkdtempSync(join(tmpdir(), 'ledger-killed-'));
const doubles: ProtocolDouble[] = [];
const OPEN = new Gate();
OPEN.open();

let lived: LivedLedger;
let events: object[];
let root: string;
/** A server that has been copied to in one go, as the source of what is copied back. */
let whole: ProtocolDouble;

beforeAll(async () => {
  lived = await LivedLedger.of(HISTORY);
  await lived.stop();
  events = lived.events.map(({ position: _place, ...event }) => event);
  whole = await newDouble();
  const { stdout } = await runCommand(['copy', '--from', lived.dataDir, '--to', whole.url], {});
  [root] = ROOT.exec(stdout) as unknown as [string];
});
afterAll(async () => {
  for (const double of doubles) await double.kill();
  for (const path of [dir, lived.dataDir]) rmSync(path, { recursive: true });
});

async function newDouble(): Promise<ProtocolDouble> {
  const double = await ProtocolDouble.start({ systemEventEvery: 5 });
  doubles.push(double);
  return double;
}

/** The same command again, to its end. */
async function finished(from: string, to: string, reader: Promise<EventReader>): Promise<void> {
  const { code, stdout } = await runCommand(['copy', '--from', from, '--to', to], {});
  expect(code).toBe(0);
  expect(ROOT.exec(stdout)?.[0]).toBe(root);
  const copy = await reader;
  const copied = await copy.readAll(null, 100_000);
  await copy.close();
  expect(copied.map(({ position: _place, ...event }) => event)).toEqual(events);
}

/** Kills a copy at the n-th call of a kind; those before it are counted by a gate that is open. */
async function killedAt(double: ProtocolDouble, kind: CallKind, call: number, args: readonly string[]) {
  for (let before = 1; before < call; before++) {
    void double.faults.next(kind, { action: 'wait', gate: OPEN });
  }
  // Appended, and not told; or asked, and not answered.
  const struck = double.faults.next(kind, { action: 'stay-silent', after: kind === 'append' ? 1 : 0 });
  const child = startCommand(['copy', ...args], {});
  const ended = once(child, 'exit');
  await Promise.race([struck, ended]);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  double.faults.clear();
}

test.each<[CallKind, number]>([
  ['read-all', 1],
  ['append', 1],
  ['append', 2],
  ['append', 9],
  ['read-stream', 3],
  // Of the verification.
  ['read-all', 6],
])('into a server, killed at its %s number %i', async (kind, call) => {
  const double = await newDouble();
  await killedAt(double, kind, call, ['--from', lived.dataDir, '--to', double.url]);
  await finished(lived.dataDir, double.url, Promise.resolve(new EventStoreDbReader({ url: double.url })));
  expect(readdirSync(lived.dataDir).filter((name) => name.includes('copy'))).toEqual([]);
});

test('out of a server, killed in front of each kind of step of the store that is written', async () => {
  const trace = join(dir, 'trace');
  mkdirSync(trace);
  const hooked = { NODE_OPTIONS: `--require ${HOOK}` };
  const copy = (to: string, env: NodeJS.ProcessEnv) =>
    runCommand(['copy', '--from', whole.url, '--to', to], { ...hooked, ...env });
  expect((await copy(join(dir, 'traced'), { CRASH_TRACE: trace })).code).toBe(0);
  const [writer] = readdirSync(trace).filter((name) => name.startsWith('writer')) as [string];
  const placesOf = new Map<string, number[]>();
  for (const [place, kind] of readFileSync(join(trace, writer), 'utf8').trim().split('\n').entries()) {
    // How an empty file is set up is the same for every store: test/crash/crash.test.ts.
    if (!kind.startsWith('pragma')) placesOf.set(kind, [...(placesOf.get(kind) ?? []), place]);
  }
  expect(placesOf.size).toBeGreaterThan(4);
  const killed = async ([kind, places]: [string, number[]]) => {
    const to = join(dir, `killed-${kind.replaceAll(/\W+/g, '-')}`);
    // Of a kind that comes often, one amid the work says more than the first.
    const { code } = await copy(to, { CRASH_AT: `${writer}:${places[places.length >> 1]!}` });
    expect([kind, code]).toEqual([kind, null]);
    await finished(whole.url, to, openReader({ dataDir: to }));
  };
  await Promise.all([...placesOf].map(killed));
});
