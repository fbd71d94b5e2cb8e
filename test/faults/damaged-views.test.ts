/**
 * A flipped bit in the read models is found by whoever asks, and not only by the self-check, which takes its time: every
 * answer is the one that was given before, or is refused. Bits are flipped all over the file of a real ledger.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rmSync, readFileSync, writeFileSync } from 'node:fs';
import { FigureProofs } from '../../src/audit/figure-proof.js';
import { TransparencyLog } from '../../src/audit/log.js';
import { CatalogueView } from '../../src/read-models/catalogue-view.js';
import type { ReadModels } from '../../src/read-models/read-models.js';
import { checkSmallTables } from '../../src/read-models/layout.js';
import { openViewsForReading, readCheckpoint } from '../../src/read-models/views-file.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { ChangesReport } from '../../src/figures/changes.js';
import { History } from '../../src/read-models/history.js';
import { OutcomesReport } from '../../src/figures/outcomes-report.js';
import { EntryReader, START, type PagePlace } from '../../src/figures/outcomes.js';
import { StatedFigures } from '../../src/figures/stated-figures.js';
import { Totals } from '../../src/figures/totals.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { flip, FLIPS, randomBits, SEED, TEST_MS_MAX } from '../support/flips.js';
import { history } from '../support/histories.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { LivedLedger, viewsFileIn } from '../support/lived-ledger.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const [FROM, TO] = [parseFinancialYear('2018-19'), parseFinancialYear('2030-31')];
const PAGE = 40;

let dataDir: string;
let file: string;
let content: Buffer;
let store: SqliteStore;
let events: readonly RecordedEvent[];
let questions: readonly Question[];

type Question = (ledger: Ledger) => Promise<unknown>;

/** What answers from read models, as the app puts it together; the self-check aside. */
class Ledger {
  readonly views = openViewsForReading(file, PUBLIC_KEY);
  readonly history: History;
  readonly catalogue: CatalogueView;
  readonly totals: Totals;
  readonly outcomes: OutcomesReport;
  readonly changes: ChangesReport;
  readonly log: TransparencyLog;
  readonly proofs: FigureProofs;

  constructor() {
    // As the ledger does when it starts: what differs there is told with every answer.
    checkSmallTables(this.views);
    const readModels = {
      views: this.views,
      progress: readCheckpoint(this.views),
      catalogueVersion: 0,
    } as ReadModels;
    this.history = new History(readModels, store);
    this.catalogue = new CatalogueView(readModels);
    const entries = new EntryReader(readModels, store, this.catalogue);
    this.totals = new Totals(readModels, this.catalogue, new StatedFigures(readModels, entries));
    this.outcomes = new OutcomesReport(readModels, this.totals, entries);
    this.changes = new ChangesReport(readModels, this.totals, this.catalogue, this.history);
    this.log = new TransparencyLog(readModels, store);
    this.proofs = new FigureProofs(readModels, this.totals);
  }
}

beforeAll(async () => {
  const steps = fc.sample(history, { numRuns: 15, seed: SEED }).flatMap((one) => one.steps);
  const lived = await LivedLedger.of({ steps, clockMs: [1_000, -7_000, 20_000] });
  await lived.stop();
  ({ dataDir, events } = lived);
  store = await SqliteStore.open(dataDir);
  file = viewsFileIn(dataDir);
  content = readFileSync(file);
  questions = allQuestions();
}, TEST_MS_MAX);
afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

function allQuestions(): readonly Question[] {
  const last = events.length - 1;
  const moments = [0.2, 0.5, 0.8, 1].map((part) => Math.floor(last * part));
  const instants = [0.3, 0.6].map((part) => events[Math.floor(last * part)]!.metadata.recordedAt);
  const valuesOf = (member: string) =>
    [...new Set(events.map(({ data }) => data.facts[member] as string | undefined))].filter(
      (one) => one !== undefined,
    );
  const measures = valuesOf('measureId');
  const types = [...new Set(events.map(({ type }) => type))];
  const query = (measure: string, text: number | string) => ({
    measure,
    from: FROM,
    to: TO,
    allowBreaks: true,
    moment: { parameter: 'asAt', text: String(text) },
  });
  const unknown = otherThan(events[last >> 1]!.id);
  return [
    ({ history }) => allEvents(history, {}),
    ...valuesOf('programmeId').map(
      (programme): Question =>
        ({ history }) =>
          allEvents(history, { programme }),
    ),
    ...types.map(
      (type): Question =>
        ({ history }) =>
          allEvents(history, { type }),
    ),
    ({ history }) => allEvents(history, { programme: valuesOf('programmeId')[0]!, type: types.at(-1)! }),
    ...events
      .filter((_, at) => at % 7 === 0)
      .map(
        ({ id }): Question =>
          ({ log }) =>
            log.sequenceOf(id),
      ),
    ({ log }) => log.sequenceOf(unknown),
    ({ catalogue }) => everyEntry(catalogue),
    ...measures.flatMap((measure) => [
      ...[...moments, ...instants].map(
        (moment): Question =>
          ({ totals }) =>
            totals.annual({ ...query(measure, moment), groupBy: 'programme' }, NOW),
      ),
      ...moments.map(
        (moment): Question =>
          (ledger) =>
            allOutcomes(ledger, query(measure, moment)),
      ),
      (ledger: Ledger) => allChanges(ledger, { ...query(measure, 0), moments }),
      ({ proofs }: Ledger) => allSequences(proofs, query(measure, moments[1]!)),
    ]),
    ({ log }) => Promise.resolve(moments.map((size) => log.rootAt(size).toString('hex'))),
    ({ log }) => log.entryProofs({ first: last >> 1, count: 3, size: events.length }),
    ...[0, 1].map(
      (index): Question =>
        ({ log }) =>
          log.tile({ level: 0, index, width: 40 }),
    ),
  ];
}

/** An id that no event has. */
function otherThan(id: string): string {
  return `${id.startsWith('0') ? '1' : '0'}${id.slice(1)}`;
}

async function allEvents(read: History, filter: { programme?: string; type?: string }): Promise<unknown> {
  const found: unknown[] = [];
  for (let after: number | null = -1; after !== null;) {
    const page = await read.page({ ...filter, after, until: events.length - 1, limit: PAGE });
    found.push(...page.events.map(({ event, sequence, ledgerTimeMs }) => [sequence, ledgerTimeMs, event.id]));
    after = page.next;
  }
  return found;
}

const everyEntry = (catalogue: CatalogueView) =>
  Promise.resolve(
    (['programme', 'organisation', 'measure', 'key'] as const).map((kind) => catalogue.list(kind, '', 1_000)),
  );

type Asked = Parameters<Totals['annual']>[0];

async function allOutcomes({ outcomes }: Ledger, query: Asked): Promise<unknown> {
  const found: unknown[] = [];
  for (let place: PagePlace | null = START; place;) {
    const page = await outcomes.page({ ...query, place, limit: PAGE }, NOW);
    found.push(...page.outcomes);
    place = page.next;
  }
  return found;
}

async function allChanges(
  { changes }: Ledger,
  { moments, ...query }: Asked & { readonly moments: readonly number[] },
): Promise<unknown> {
  const [earlier, later] = [moments[0]!, moments[2]!].map((at) => ({
    parameter: 'earlier',
    text: String(at),
  }));
  const found: unknown[] = [];
  for (let place: PagePlace | null = START; place;) {
    const page = await changes.between(
      { ...query, earlier: earlier!, later: later!, place, limit: PAGE },
      NOW,
    );
    found.push(...page.events, page.years);
    place = page.next;
  }
  return found;
}

async function allSequences(proofs: FigureProofs, query: Asked): Promise<unknown> {
  const { sequences } = await proofs.annual(query, NOW);
  const found: number[] = [];
  for await (const some of sequences!()) found.push(...some);
  return found;
}

/** Each answer as text, or null where it is refused; null alone where nothing is answered but as doubtful. */
async function answers(): Promise<readonly (string | null)[] | null> {
  let ledger: Ledger;
  try {
    ledger = new Ledger();
  } catch (error) {
    expectDamage(error);
    return null;
  }
  const given: (string | null)[] = [];
  for (const question of questions)
    given.push(await Promise.resolve(ledger).then(question).then(asText, expectDamage));
  ledger.views.close();
  return given;
}

const asText = (answer: unknown) => JSON.stringify(answer);

function expectDamage(error: unknown): null {
  expect(error).toMatchObject({
    name: expect.stringMatching(/^(ViewsDamaged|SqliteError|StoreDamaged)$/) as unknown,
  });
  return null;
}

/** As many in each table and index, however large it is. */
function bitsEverywhere(): readonly number[] {
  const views = openViewsForReading(file, PUBLIC_KEY);
  const bytes = views.pragma('page_size', { simple: true }) as number;
  const names = views.prepare('SELECT DISTINCT name FROM dbstat').pluck().all() as string[];
  const pagesOf = views.prepare('SELECT pageno FROM dbstat WHERE name = ?').pluck();
  const bits = names.flatMap((name) => {
    const pages = pagesOf.all(name) as number[];
    const startOf = (bit: number) => 8 * bytes * (pages[Math.floor(bit / 8 / bytes)]! - 1);
    const inPages = randomBits(pages.length * bytes, Math.ceil(FLIPS / 4 / names.length));
    return inPages.map((bit) => startOf(bit) + (bit % (8 * bytes)));
  });
  views.close();
  return bits;
}

test('every question is answered, when nothing is damaged', async () => {
  const whole = await answers();
  expect(whole).not.toContain(null);
  const isEmpty = (text: string | null) => text === '[]' || text === 'null';
  // The id that no event has, and a measure without outcomes at some moment.
  expect(whole!.filter((text) => !isEmpty(text)).length).toBeGreaterThan(0.8 * whole!.length);
});

test(
  'a flipped bit changes no answer: it is the same, or refused, before any self-check',
  async () => {
    const whole = await answers();
    let refused = 0;
    let doubtful = 0;
    try {
      for (const bit of bitsEverywhere()) {
        writeFileSync(file, flip(content, bit));
        const given = await answers();
        if (given === null) doubtful++;
        else if (given.includes(null)) refused++;
        for (const [at, answer] of (given ?? []).entries()) {
          if (answer !== null && answer !== whole![at])
            expect({ bit, at, answer }).toEqual({ bit, at, answer: whole![at] });
        }
      }
    } finally {
      writeFileSync(file, content);
    }
    expect(doubtful).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(FLIPS / 20);
  },
  2 * TEST_MS_MAX,
);
