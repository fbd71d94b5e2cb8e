/**
 * This read model counts the standing outcomes of each programme and organisation by the days on which their periods
 * begin and end, so that it costs little to know which of them a life with other dates would leave outside.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { OutcomeFigures, RecordedOutcome } from '../domain/outcome.js';
import type { StandingOutside } from '../domain/programme.js';
import type { OutcomeEvent } from '../domain/submission-event.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import type { OrganisationId, ProgrammeId } from '../kernel/ids.js';
import {
  Difference,
  OF_NO_OUTCOME,
  type At,
  type Handlers,
  type ReadModel,
  type Table,
} from './read-model.js';
import { prepared } from './views-file.js';

type Bearer = 'programme' | 'organisation';
type Side = 'from' | 'to';

const DAYS: Table = {
  name: 'standing_days',
  columns: `bearer TEXT NOT NULL, id TEXT NOT NULL, side TEXT NOT NULL, day TEXT NOT NULL, outcomes INTEGER NOT NULL,
    PRIMARY KEY (bearer, id, side, day)`,
  isWithoutRowid: true,
  key: ['bearer', 'id', 'side', 'day'],
  growsWithHistory: true,
};

export const STANDING_DAYS: ReadModel = {
  tables: [DAYS],
  project: (db) => {
    const counts = new Map<string, number>();
    const add = db.prepare(
      `INSERT INTO standing_days VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET outcomes = outcomes + excluded.outcomes`,
    );
    const clear = db.prepare(
      'DELETE FROM standing_days WHERE bearer = ? AND id = ? AND side = ? AND day = ? AND outcomes = 0',
    );
    return {
      handlers: handlersOf((change) => {
        for (const day of daysOf(change)) counts.set(day, (counts.get(day) ?? 0) + change.sign);
      }),
      // A batch has few days, so that each is written once.
      flush: () => {
        for (const [day, count] of counts) {
          add.run(...day.split(' '), count);
          if (count <= 0) clear.run(...day.split(' '));
        }
        counts.clear();
      },
      forget: () => counts.clear(),
    };
  },
  expect: (views) => {
    const expected = new Map<string, DaySums>();
    const handlers = handlersOf(({ sign, ...outcome }) => {
      const { effective } = outcome.figures;
      for (const [bearer, id] of bearersOf(outcome))
        for (const side of ['from', 'to'] as const) {
          const name = `${bearer} ${id} ${side}`;
          const { outcomes, days } = expected.get(name) ?? { outcomes: 0, days: 0 };
          const day = Date.parse(effective[side]) / DAY_MS;
          expected.set(name, { outcomes: outcomes + sign, days: days + sign * day });
        }
    });
    return { handlers, takeRows: () => comparison(sumsIn(views), expected) };
  },
};

const DAY_MS = 86_400_000;

interface ChangedOutcome {
  readonly figures: OutcomeFigures;
  readonly programmeId: ProgrammeId;
}

/** An outcome that stands from an event on, or with `sign` −1 stands no more. */
export interface OutcomeChange extends ChangedOutcome {
  readonly sign: 1 | -1;
}

/** Handlers that apply what an event changes: an outcome that is replaced goes before the other comes. */
export function handlersOf(apply: (change: OutcomeChange, at: At) => void): Handlers {
  const changes = ({ schema, data: { facts } }: OutcomeEvent, at: At) => {
    const { programmeId } = facts;
    if ('replaces' in facts) apply({ figures: facts.replaces, programmeId, sign: -1 }, at);
    if (schema !== 'outcome-withdrawn@2')
      apply({ figures: facts as RecordedOutcome, programmeId, sign: 1 }, at);
  };
  return {
    ...OF_NO_OUTCOME,
    'measure-defined@2': 'nothing',
    'measure-revised@2': 'nothing',
    'outcome@2': changes,
    'outcome-corrected@2': changes,
    'outcome-withdrawn@2': changes,
    'outcome-reinstated@2': changes,
    'outcome-erased@2': 'nothing',
  };
}

function bearersOf({
  figures: { organisationId },
  programmeId,
}: ChangedOutcome): (readonly [Bearer, string])[] {
  const bearers: (readonly [Bearer, string])[] = [['programme', programmeId]];
  if (organisationId !== undefined) bearers.push(['organisation', organisationId]);
  return bearers;
}

function* daysOf(outcome: ChangedOutcome): Generator<string> {
  const { from, to } = outcome.figures.effective;
  for (const [bearer, id] of bearersOf(outcome)) {
    yield `${bearer} ${id} from ${from}`;
    yield `${bearer} ${id} to ${to}`;
  }
}

interface DaySums {
  readonly outcomes: number;
  /** The sum of the days of the outcomes, each as the number of days since 1970. */
  readonly days: number;
}

/** The rows of one bearer and side are held to their sums, since they may be a hundred thousand in all. */
function comparison(found: ReadonlyMap<string, DaySums>, expected: ReadonlyMap<string, DaySums>): () => void {
  return () => {
    for (const name of new Set([...found.keys(), ...expected.keys()])) {
      const [is, was] = [found, expected].map((sums) => sums.get(name) ?? { outcomes: 0, days: 0 });
      if (is!.outcomes === was!.outcomes && is!.days === was!.days) continue;
      throw new Difference(
        `the days of ${name} are those of ${is!.outcomes} outcomes in the views, and not of the ${was!.outcomes} that stand`,
      );
    }
  };
}

function sumsIn(views: Database): ReadonlyMap<string, DaySums> {
  const rows = prepared(
    views,
    `SELECT concat_ws(' ', bearer, id, side) AS name, sum(outcomes) AS outcomes,
       sum(outcomes * (unixepoch(day) / 86400)) AS days FROM standing_days GROUP BY bearer, id, side`,
  ).all() as (DaySums & { readonly name: string })[];
  return new Map(rows.map((row) => [row.name, row]));
}

export type LifeOf = readonly ['programme', ProgrammeId] | readonly ['organisation', OrganisationId];

/** Counts the standing outcomes that lie before a day, or after it. */
export function standingOutside(
  views: Database,
  [bearer, id]: LifeOf,
  [side, day]: readonly [Side, CalendarDate],
): StandingOutside | undefined {
  const [is, furthest] = side === 'from' ? ['<', 'min'] : ['>', 'max'];
  const row = prepared(
    views,
    `SELECT sum(outcomes) AS outcomes, ${furthest}(day) AS day FROM standing_days
     WHERE bearer = ? AND id = ? AND side = ? AND day ${is} ?`,
  ).get(bearer, id, side, day) as { readonly outcomes: number | null; readonly day: CalendarDate };
  return row.outcomes === null ? undefined : { outcomes: row.outcomes, day: row.day };
}
