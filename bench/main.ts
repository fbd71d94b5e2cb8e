/**
 * The benchmark: `npm run bench -- --help`.
 *
 * Every figure of a run stands beside the raw floor measured in the same run on the same disk, because the
 * machine is shared and figures of different days do not compare.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureLog, measureLogCost, measureProofs, type LogCost } from './audit.js';
import { measureFloor, type Floor } from './floor.js';
import { makeHistory, OUTCOMES_A_SUBMISSION } from './history.js';
import { Server } from './processes.js';
import { measureProjection } from './projections.js';
import { measureSoak, type SoakResult } from './soak.js';
import { measureStarts, type Start } from './starts.js';
import { measureOthers } from './others.js';
import { makeStore, STORE_TITLES, STORES, type StoreName } from './stores.js';
import { figure, printTable, ratio, type Row } from './table.js';
import { measureTotals, type Latency } from './totals.js';
import { measureValidation } from './validation.js';

const HELP = `npm run bench -- [options]
  --outcomes <sizes>   lengths of history, default 10000,1000000
  --seconds <n>        of each measurement, default 4
  --parts <names>      of validation,submissions,projections,totals,starts,audit; default all; and others, soak
  --soak <seconds>     how long everyone uses the ledger at once, default 180; ends with 1 where a promise is broken
  --tree <sizes>       of logs that proofs are made in, default 10000,10000000
  --stores <names>     of embedded,double,server; default embedded,double and, if EVENTSTORE_TEST_URL names one, server
  --dir <path>         where to work, default a new directory in ${tmpdir()}, removed at the end
`;
const PARTS = ['validation', 'submissions', 'projections', 'totals', 'starts', 'audit'];
const DEFAULT_STORES = STORES.filter((name) => name !== 'server' || process.env['EVENTSTORE_TEST_URL']);

function storeNamed(name: string): StoreName {
  const found = STORES.find((one) => one === name);
  if (!found) throw new Error(`there is no store ${name}: ${STORES.join(', ')}`);
  return found;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      outcomes: { type: 'string', default: '10000,1000000' },
      seconds: { type: 'string', default: '4' },
      parts: { type: 'string', default: PARTS.join(',') },
      stores: { type: 'string', default: DEFAULT_STORES.join(',') },
      soak: { type: 'string', default: '180' },
      tree: { type: 'string', default: '10000,10000000' },
      dir: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const dir = mkdtempSync(join(values.dir ?? tmpdir(), 'ledger-bench-'));
  const seconds = Number(values.seconds);
  const parts = values.parts.split(',');
  try {
    const floor = measureFloor(dir, seconds / 2);
    printTable('the raw floor', floorRows(floor));
    if (parts.includes('validation')) validation(seconds / 2);
    const sizes = values.outcomes.split(',').map(Number);
    for (const store of values.stores.split(',').map(storeNamed)) {
      process.stdout.write(`\n## On ${STORE_TITLES[store]}\n`);
      if (parts.includes('submissions')) await submissions(dir, seconds, { store, floor });
      if (!['projections', 'totals', 'starts'].some((part) => parts.includes(part))) continue;
      // The double keeps everything in memory, and its growth with history is not measured.
      const ofStore = store === 'embedded' ? sizes : sizes.slice(0, 1);
      await histories(dir, seconds, { store, sizes: ofStore, parts, floor });
    }
    if (parts.includes('others')) await others(dir, seconds);
    if (parts.includes('soak')) await soak(dir, Number(values.soak));
    if (parts.includes('audit')) await audit(dir, values.tree.split(',').map(Number));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function floorRows({ flushes, inserts, insertsBy500 }: Floor): Row[] {
  return [
    { what: 'write + fdatasync of one event', 'a second': figure(flushes) },
    {
      what: 'better-sqlite3, one event a commit',
      'a second': figure(inserts),
      'of fdatasync': ratio(inserts, flushes),
    },
    {
      what: 'better-sqlite3, 500 events a commit',
      'a second': figure(insertsBy500),
      'of fdatasync': ratio(insertsBy500, flushes),
    },
  ];
}

function validation(seconds: number): void {
  const { classValidator, compiled, nativeParse, strictParse } = measureValidation(seconds);
  printTable('outcomes a second in bodies of 500, one thread', [
    {
      what: 'class-transformer and class-validator',
      'a second': figure(classValidator),
      'of class-validator': '1.00',
    },
    {
      what: 'compiled schema',
      'a second': figure(compiled),
      'of class-validator': ratio(compiled, classValidator),
    },
    {
      what: 'JSON.parse alone',
      'a second': figure(nativeParse),
      'of class-validator': ratio(nativeParse, classValidator),
    },
    {
      what: 'strict JSON',
      'a second': figure(strictParse),
      'of class-validator': ratio(strictParse, classValidator),
    },
  ]);
}

async function submissions(
  dir: string,
  seconds: number,
  { store, floor }: { readonly store: StoreName; readonly floor: Floor },
): Promise<void> {
  const rows: Row[] = [];
  let withoutGroups = 0;
  const cases = [
    { connections: 64, outcomes: 1, groupSizeMax: 1 },
    { connections: 1, outcomes: 1, groupSizeMax: 1_000 },
    { connections: 16, outcomes: 1, groupSizeMax: 1_000 },
    { connections: 64, outcomes: 1, groupSizeMax: 1_000 },
    { connections: 4, outcomes: OUTCOMES_A_SUBMISSION, groupSizeMax: 1_000 },
  ];
  // Only the embedded store has flushes of its own.
  const ofStore = cases.filter(({ groupSizeMax }) => store === 'embedded' || groupSizeMax > 1);
  for (const { connections, outcomes, groupSizeMax } of ofStore) {
    const dataDir = mkdtempSync(join(dir, 'submissions-'));
    const made = await makeStore(store, dataDir);
    await makeHistory(made.location, OUTCOMES_A_SUBMISSION);
    const server = await Server.start(made.location, { groupSizeMax });
    const before = await server.usage();
    const load = await server.load({ connections, seconds, send: { outcomes } });
    const after = await server.usage();
    await server.stop();
    await made.remove();
    rmSync(dataDir, { recursive: true });
    const perSecond = load.perSecond * outcomes;
    if (groupSizeMax === 1) withoutGroups = perSecond;
    rows.push({
      what:
        groupSizeMax === 1
          ? `one outcome each, ${connections} connections, a flush each`
          : `${outcomes === 1 ? 'one outcome' : `${outcomes} outcomes`} each, ${connections} connections`,
      'outcomes a second': figure(perSecond),
      'p50 ms': figure(load.p50Ms),
      'p99 ms': figure(load.p99Ms),
      'of fdatasync': ratio(perSecond, floor.flushes),
      'of insert': ratio(perSecond, floor.inserts),
      ...(withoutGroups > 0 && { 'of a flush each': ratio(perSecond, withoutGroups) }),
      'server CPU s': figure((after.cpuMs - before.cpuMs) / 1_000),
      'generator CPU µs': figure(load.cpuMicros),
      'RSS MB': figure(after.rssBytes / 1e6),
    });
  }
  printTable('submissions over HTTP, acknowledged after the flush and the projection', rows);
}

async function audit(dir: string, sizes: readonly number[]): Promise<void> {
  const dataDir = join(dir, 'audit');
  mkdirSync(dataDir);
  await makeHistory({ dataDir }, 200_000);
  const { appends, entries, bundle } = await measureLog(dataDir);
  const row = (what: string, perSecond: number): Row => ({
    what,
    'events a second': figure(perSecond),
    'µs an event': figure(1e6 / perSecond),
  });
  printTable('the log, one thread, by processor time', [
    row('append leaves, in memory', appends),
    row('verify entries against a root', entries),
    row('… and order, times, tree, root, signature: all of it', bundle),
  ]);
  const { projecting, reading } = await measureLogCost(dataDir);
  const cost = (what: string, { withLog, without }: LogCost): Row => ({
    what,
    'events a second': figure(withLog),
    'without the log': figure(without),
    'of its speed': ratio(withLog, without),
  });
  printTable('the projector, one thread, by processor time', [
    cost('projecting alone', projecting),
    cost('reading the store and projecting', reading),
  ]);
  const rows = sizes.map((size) => {
    const { p50Ms, p99Ms } = measureProofs(dir, size);
    return { leaves: figure(size), 'p50 ms': figure(p50Ms), 'p99 ms': figure(p99Ms) };
  });
  printTable('an inclusion proof and its root, from the read models', rows);
}

async function others(dir: string, seconds: number): Promise<void> {
  const dataDir = join(dir, 'others');
  mkdirSync(dataDir);
  const seen = await measureOthers({ dataDir }, seconds);
  const quiet = seen[0]!;
  const rows = seen.map(({ what, p50Ms, p99Ms, maxMs, answers, workMaxMs }) => ({
    'another caller asks for': what,
    'p50 ms': figure(p50Ms),
    'p99 ms': figure(p99Ms),
    'max ms': figure(maxMs),
    'p50 of quiet': ratio(p50Ms, quiet.p50Ms),
    'p99 of quiet': ratio(p99Ms, quiet.p99Ms),
    'its answers': String(answers),
    'longest work ms': workMaxMs === null ? 'unknown' : figure(workMaxMs),
  }));
  printTable('a measure of the catalogue, over HTTP, on one connection, while one other caller asks', rows);
}

async function soak(dir: string, seconds: number): Promise<void> {
  const dataDir = join(dir, 'soak');
  mkdirSync(dataDir);
  await makeHistory({ dataDir }, OUTCOMES_A_SUBMISSION);
  const result = await measureSoak({ dataDir }, seconds);
  const rows: Row[] = [
    { what: 'acknowledged', count: figure(result.acknowledged) },
    { what: '… a second', count: figure(result.acknowledged / seconds) },
    { what: 'sent again, and known', count: figure(result.repeated) },
    { what: 'lost', count: String(result.lost) },
    { what: 'doubled', count: String(result.doubled) },
    { what: 'refused', count: String(result.refused) },
    { what: 'figures read', count: figure(result.reads) },
    { what: 'exports of everything', count: figure(result.exports) },
    { what: 'events over live streams', count: figure(result.streamed) },
    { what: 'gaps in them', count: String(result.streamGaps) },
    { what: 'RSS at first, MB', count: figure(result.rssAtFirstBytes / 1e6) },
    { what: 'RSS at most, MB', count: figure(result.rssMaxBytes / 1e6) },
    { what: 'event loop delay, p99, ms', count: figure(result.delayP99Ms) },
    { what: '… of the worst 5 s', count: figure(result.delayP99WorstMs) },
    {
      what: 'its own work between two looks, at most, ms',
      count: result.workMaxMs === null ? 'unknown' : figure(result.workMaxMs),
    },
  ];
  printTable(`64 writers, readers, exports, streams and a rebuild, for ${seconds} s`, rows);
  const broken = brokenPromises(result);
  if (broken.length === 0) return;
  process.stdout.write(`Not as promised: ${broken.join(', ')}.\n`);
  process.exitCode = 1;
}

/** The promises that a run broke; alerts of `ops/alerts.yml` fire at the last two. */
function brokenPromises(result: SoakResult): string[] {
  const promises = {
    'events were lost': result.lost === 0,
    'events were doubled': result.doubled === 0,
    'submissions were refused': result.refused === 0,
    'live streams had gaps': result.streamGaps === 0,
    'nothing was recorded, read, exported, streamed or sent again': [
      result.acknowledged,
      result.reads,
      result.exports,
      result.streamed,
      result.repeated,
    ].every((count) => count > 0),
    'the event loop was held up': result.delayP99Ms < 100,
    'memory grew beyond bounds': result.rssMaxBytes < 1.5e9,
  };
  return Object.entries(promises).flatMap(([what, isKept]) => (isKept ? [] : [what]));
}

interface Histories {
  readonly store: StoreName;
  readonly sizes: readonly number[];
  readonly parts: readonly string[];
  readonly floor: Floor;
}

async function histories(
  dir: string,
  seconds: number,
  { store, sizes, parts, floor }: Histories,
): Promise<void> {
  const speeds: Row[] = [];
  const latencies = new Map<number, readonly Latency[]>();
  const starts = new Map<number, readonly Start[]>();
  for (const outcomes of sizes) {
    const dataDir = mkdtempSync(join(dir, 'history-'));
    const made = await makeStore(store, dataDir);
    const { location } = made;
    const add = (what: string, perSecond: number) =>
      speeds.push({
        what,
        outcomes: figure(outcomes),
        'a second': figure(perSecond),
        'of inserts by 500': ratio(perSecond, floor.insertsBy500),
      });
    add('decide, seal and append in submissions of 500', await makeHistory(location, outcomes));
    if (parts.includes('projections')) {
      add('project as the live projector', await measureProjection(location, { rebuild: false }));
      add('rebuild', await measureProjection(location, { rebuild: true }));
    }
    if (parts.includes('totals')) latencies.set(outcomes, await measureTotals(location, outcomes, seconds));
    if (parts.includes('starts')) starts.set(outcomes, await measureStarts(location));
    await made.remove();
    rmSync(dataDir, { recursive: true });
  }
  printTable('events a second', speeds);
  if (starts.size > 0)
    printTable('from the start of the process until it is ready, median of 5, in ms', startRows(starts));
  if (latencies.size > 0)
    printTable('totals and proofs over HTTP, one connection, p50 / p99 in ms', latencyRows(latencies));
}

function startRows(starts: ReadonlyMap<number, readonly Start[]>): Row[] {
  const all = [...starts];
  const [, first] = all[0]!;
  return first.map(({ what }, index) => ({
    what,
    ...Object.fromEntries(
      all.map(([outcomes, ofSize]) => [`${figure(outcomes)} outcomes`, figure(ofSize[index]!.ms)]),
    ),
  }));
}

function latencyRows(latencies: ReadonlyMap<number, readonly Latency[]>): Row[] {
  const all = [...latencies];
  const [, first] = all[0]!;
  return first.map(({ what, p50Ms }, index) => {
    const columns = all.map(([outcomes, ofSize]) => {
      const { p50Ms, p99Ms } = ofSize[index]!;
      return [`${figure(outcomes)} outcomes`, `${figure(p50Ms)} / ${figure(p99Ms)}`];
    });
    const last = all.at(-1)![1][index]!;
    return { what, ...(Object.fromEntries(columns) as Row), 'last p50 of first': ratio(last.p50Ms, p50Ms) };
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${(error as Error).stack}\n`);
  process.exitCode = 1;
});
