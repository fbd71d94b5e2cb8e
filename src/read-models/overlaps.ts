/**
 * This read model says where the periods of outcomes overlapped, from which event to which.
 *
 * Two outcomes of one slot, which is their programme, measure, organisation, breakdown and reference, overlap where
 * neither ends before the other begins. So the outcomes that overlap a period are those that begin by its last day,
 * less those that end before its first: it is enough to know how many begin and end on each day of a year.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import type { OutcomeFigures } from '../domain/outcome.js';
import { assert } from '../kernel/assert.js';
import { financialYearOf, startYearOf } from '../kernel/financial-year.js';
import { breakdownText } from './cell.js';
import { Difference, type Expectation, type Projection, type ReadModel, type Table } from './read-model.js';
import { handlersOf, type OutcomeChange } from './standing-days.js';
import { prepared } from './views-file.js';

const SLOT = 'measure, year, programme, organisation, breakdown, reference';

const SLOT_DAYS: Table = {
  name: 'slot_days',
  columns: `measure TEXT NOT NULL, year INTEGER NOT NULL, programme TEXT NOT NULL, organisation TEXT NOT NULL,
    breakdown TEXT NOT NULL, reference TEXT NOT NULL, side TEXT NOT NULL, day TEXT NOT NULL, outcomes INTEGER NOT NULL,
    PRIMARY KEY (${SLOT}, side, day)`,
  isWithoutRowid: true,
  key: [...SLOT.split(', '), 'side', 'day'],
  growsWithHistory: true,
};
/** A row says from which sequence to before which one so many pairs of outcomes overlapped. */
const OVERLAPS: Table = {
  name: 'overlaps',
  columns: `measure TEXT NOT NULL, year INTEGER NOT NULL, programme TEXT NOT NULL, organisation TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, pairs INTEGER NOT NULL,
    PRIMARY KEY (measure, year, programme, organisation, since)`,
  isWithoutRowid: true,
  key: ['measure', 'year', 'programme', 'organisation', 'since'],
  growsWithHistory: true,
};
/** Overlaps that stand have no end yet. */
const NO_END = Number.MAX_SAFE_INTEGER;

export const OVERLAPPING: ReadModel = {
  tables: [SLOT_DAYS, OVERLAPS],
  project: (db) => new OverlapsProjection(db),
  expect: expectationOf,
};

/** Tells of a cell whether its outcomes overlapped, or some on another basis, just after a sequence, given twice. */
export const OVERLAPPED = `EXISTS (SELECT 1 FROM overlaps WHERE measure = cells.measure AND year = cells.year AND
  programme = cells.programme AND organisation = cells.organisation AND since <= ? AND until > ?)`;

interface Slot {
  readonly key: readonly (string | number)[];
  /** The number of its outcomes that begin on each day, and that end. */
  readonly from: Map<string, number>;
  readonly to: Map<string, number>;
}

/** The number of slots that are kept in memory; past it they are read again. */
const SLOTS_MAX = 100_000;

class OverlapsProjection implements Projection {
  private readonly slots = new Map<string, Slot>();
  /** The days whose numbers are not written yet. */
  private readonly changed = new Map<string, readonly [Slot, 'from' | 'to', string]>();
  private readonly statements: Readonly<Record<'days' | 'write' | 'clear' | 'change' | 'begin', Statement>>;
  readonly handlers = handlersOf((change, { sequence }) => this.take(change, sequence));

  constructor(db: Database) {
    const isSlot = `${SLOT.replaceAll(', ', ' = ? AND ')} = ?`;
    this.statements = {
      days: db.prepare(`SELECT side, day, outcomes FROM slot_days WHERE ${isSlot}`),
      write: db.prepare(
        `INSERT INTO slot_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET outcomes = excluded.outcomes`,
      ),
      clear: db.prepare(`DELETE FROM slot_days WHERE ${isSlot} AND side = ? AND day = ?`),
      change: db.prepare(
        `UPDATE overlaps SET pairs = pairs + @pairs, until = iif(pairs + @pairs = 0, @sequence, until)
         WHERE measure = ? AND year = ? AND programme = ? AND organisation = ? AND until = ${NO_END}`,
      ),
      begin: db.prepare(`INSERT INTO overlaps VALUES (?, ?, ?, ?, @sequence, ${NO_END}, @pairs)`),
    };
  }

  private take({ figures, programmeId, sign }: OutcomeChange, sequence: number): void {
    if (!isAdded(figures)) return;
    const slot = this.slotAt(slotOf(figures, programmeId));
    if (sign < 0) this.count(slot, figures, sign);
    const pairs = overlapping(slot, figures);
    if (sign > 0) this.count(slot, figures, sign);
    if (pairs === 0) return;
    const group = slot.key.slice(0, 4);
    const change = { pairs: sign * pairs, sequence };
    const { changes } = this.statements.change.run(...group, change);
    if (changes === 0) this.statements.begin.run(...group, change);
  }

  private slotAt(key: Slot['key']): Slot {
    const name = key.join(' ');
    let slot = this.slots.get(name);
    if (!slot) {
      this.slots.set(name, (slot = { key, from: new Map(), to: new Map() }));
      for (const { side, day, outcomes } of this.statements.days.all(...key) as SlotDay[])
        slot[side].set(day, outcomes);
    }
    return slot;
  }

  private count(slot: Slot, { effective }: OutcomeFigures, sign: 1 | -1): void {
    for (const side of ['from', 'to'] as const) {
      const day = effective[side];
      const outcomes = (slot[side].get(day) ?? 0) + sign;
      assert(outcomes >= 0, 'a slot holds what was taken out of it');
      if (outcomes === 0) slot[side].delete(day);
      else slot[side].set(day, outcomes);
      this.changed.set(`${side} ${day} ${slot.key.join(' ')}`, [slot, side, day]);
    }
  }

  /** Writes each changed day once a batch. */
  flush(): void {
    for (const [slot, side, day] of this.changed.values()) {
      const outcomes = slot[side].get(day);
      if (outcomes === undefined) this.statements.clear.run(...slot.key, side, day);
      else this.statements.write.run(...slot.key, side, day, outcomes);
    }
    this.changed.clear();
    if (this.slots.size > SLOTS_MAX) this.slots.clear();
  }

  forget(): void {
    this.slots.clear();
    this.changed.clear();
  }
}

interface SlotDay {
  readonly side: 'from' | 'to';
  readonly day: string;
  readonly outcomes: number;
}

/** A percentage or a rate alone is added to nothing. */
const isAdded = ({ quantity, numerator }: OutcomeFigures) => (quantity ?? numerator) !== undefined;

function slotOf(figures: OutcomeFigures, programme: string): Slot['key'] {
  const { measureId, organisationId = '', breakdown, reference = '', effective } = figures;
  const year = startYearOf(financialYearOf(effective.to));
  return [measureId, year, programme, organisationId, breakdownText(breakdown), reference];
}

/** Counts the outcomes of a slot that overlap the period of one that is not among them. */
function overlapping({ from, to }: Slot, { effective }: OutcomeFigures): number {
  let pairs = 0;
  for (const [day, outcomes] of from) if (day <= effective.to) pairs += outcomes;
  for (const [day, outcomes] of to) if (day < effective.from) pairs -= outcomes;
  return pairs;
}

/** The rows of a programme, measure, organisation and year come to this. */
interface SlotSums {
  readonly outcomes: number;
  /** The sum of the first and last days of the outcomes, each as the number of days since 1970. */
  readonly days: number;
}

/**
 * The days are held to the sums of what stands, and the overlaps that stand to the days. Those that have ended are
 * compared by `ledger verify --live`.
 */
function expectationOf(views: Database): Expectation {
  const expected = new Map<string, SlotSums>();
  const handlers = handlersOf(({ figures, programmeId, sign }) => {
    if (!isAdded(figures)) return;
    const name = slotOf(figures, programmeId).slice(0, 4).join(' ');
    const { outcomes, days } = expected.get(name) ?? { outcomes: 0, days: 0 };
    const { from, to } = figures.effective;
    const ofOutcome = (Date.parse(from) + Date.parse(to)) / DAY_MS;
    expected.set(name, { outcomes: outcomes + sign, days: days + sign * ofOutcome });
  });
  return { handlers, takeRows: () => comparison(foundIn(views), expected) };
}

const DAY_MS = 86_400_000;

interface Found extends SlotSums {
  readonly name: string;
  /** The pairs of outcomes that overlap by their days, and by the row that says so. */
  readonly pairs: number;
  readonly told: number;
}

/** All pairs of a slot overlap but those of which one ends before the other begins. */
function foundIn(views: Database): ReadonlyMap<string, Found> {
  const rows = prepared(
    views,
    `WITH running AS (
       SELECT *, sum(iif(side = 'to', outcomes, 0)) OVER (PARTITION BY ${SLOT} ORDER BY day, side) AS ended
       FROM slot_days),
     slots AS (
       SELECT measure, year, programme, organisation, sum(iif(side = 'from', outcomes, 0)) AS outcomes,
         sum(iif(side = 'from', outcomes * ended, 0)) AS apart, sum(outcomes * (unixepoch(day) / 86400)) AS days
       FROM running GROUP BY ${SLOT}),
     found AS (
       SELECT measure, year, programme, organisation, outcomes, days,
         outcomes * (outcomes - 1) / 2 - apart AS pairs, 0 AS told FROM slots
       UNION ALL
       SELECT measure, year, programme, organisation, 0, 0, 0, pairs FROM overlaps WHERE until = ${NO_END})
     SELECT concat_ws(' ', measure, year, programme, organisation) AS name, sum(outcomes) AS outcomes,
       sum(days) AS days, sum(pairs) AS pairs, sum(told) AS told
     FROM found GROUP BY measure, year, programme, organisation`,
  ).all() as Found[];
  return new Map(rows.map((row) => [row.name, row]));
}

function comparison(found: ReadonlyMap<string, Found>, expected: ReadonlyMap<string, SlotSums>): () => void {
  return () => {
    for (const name of new Set([...found.keys(), ...expected.keys()])) {
      const is = found.get(name) ?? { outcomes: 0, days: 0, pairs: 0, told: 0 };
      const was = expected.get(name) ?? { outcomes: 0, days: 0 };
      if (is.outcomes !== was.outcomes || is.days !== was.days)
        throw new Difference(
          `the periods of ${name} are those of ${is.outcomes} outcomes in the views, and not of the ${was.outcomes} that stand`,
        );
      if (is.pairs !== is.told)
        throw new Difference(
          `of the periods of ${name}, ${is.told} pairs overlap by the views, but ${is.pairs} by their days`,
        );
    }
  };
}
