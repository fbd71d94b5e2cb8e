/**
 * The changes of a measure's figures between two moments: a bridge from opening to closing for each year, and the
 * events.
 *
 * The lines of a bridge are differences of what the cells keep (read-models/cell.ts), so that they add up however many
 * events there were. The events come in pages, in order of sequence. A page takes a look-up of each cell that changed,
 * and never reads on through history.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { isDeepStrictEqual } from 'node:util';
import { BadParameter } from '../api/bad-parameter.js';
import { amountOf, exact } from '../domain/amount.js';
import { KINDS } from '../domain/kinds/kinds.js';
import type { Measure, MeasureEvent } from '../domain/measure.js';
import type { OutcomeFigures } from '../domain/outcome.js';
import type { OutcomeEvent } from '../domain/submission-event.js';
import { upcast } from '../domain/upcast.js';
import {
  financialYearOf,
  financialYearsBetween,
  financialYearStarting,
  lastDayOf,
  startYearOf,
  type FinancialYear,
} from '../kernel/financial-year.js';
import { inTurns } from '../kernel/turns.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { decodeCell, encodeCell, KEPT_LINES, lineOf, type CellState } from '../read-models/cell.js';
import { History, type SequencedEvent } from '../read-models/history.js';
import { ReadModels } from '../read-models/read-models.js';
import { prepared } from '../read-models/views-file.js';
import { groupedBy, type Cell } from './cells.js';
import {
  LINES,
  type BridgeLine,
  type BridgeOfYear,
  type ChangingEvent,
  type Changes,
  type LineName,
} from './changes.views.js';
import type { Figure } from './figures.views.js';
import type { Moment, MomentText } from './moment.js';
import type { VersionView } from './outcome.views.js';
import { START, versionView, type PagePlace } from './outcomes.js';
import { refusalOverYears, Totals, type Reading, type TotalsQuery } from './totals.js';

export interface ChangesQuery extends Omit<TotalsQuery, 'moment' | 'groupBy'> {
  readonly earlier: MomentText;
  readonly later?: MomentText | undefined;
  readonly place: PagePlace;
  readonly limit: number;
}

/** The figures of a year have very many cells, or parts. */
const YEARS_A_TURN = 1;
/** A page's worth of rows of the log is read of each cell. */
const CELLS_A_TURN = 4;
const LOOK_UPS_A_TURN = 1_000;

export type ReadChanges = Omit<Changes, 'next'> & { readonly next: PagePlace | null };

@Injectable()
export class ChangesReport {
  constructor(
    private readonly readModels: ReadModels,
    private readonly totals: Totals,
    private readonly catalogue: CatalogueView,
    private readonly history: History,
  ) {}

  async between(
    { earlier, later, place, limit, ...query }: ChangesQuery,
    nowMs: number,
  ): Promise<ReadChanges> {
    const closing = await this.totals.read({ ...query, moment: later }, nowMs);
    const opening = await this.totals.read({ ...query, moment: earlier }, nowMs);
    const [from, to] = [opening.moment, closing.moment];
    if (to.sequence < from.sequence)
      throw new BadParameter(`later ${to.sequence} lies before earlier ${from.sequence}`, 'later');
    const asked = { measure: closing.measure, since: from };
    const page = await pageOfChanges(this.readModels.views, closing, {
      after: Math.max(place.sequence, from.sequence),
      limit,
    });
    const events = await this.history.at([...page.changes.keys()]);
    return {
      ...closing.context,
      earlier: told(from),
      later: told(to),
      ...(await this.bridges(opening, closing, query.allowBreaks)),
      events: events.flatMap((event) => this.event(event, page.changes.get(event.sequence)!, asked)),
      next: page.next === null ? null : { ...START, sequence: page.next },
    };
  }

  private async bridges(
    opening: Reading,
    closing: Reading,
    allowBreaks: boolean,
  ): Promise<Pick<Changes, 'years' | 'since' | 'notAdded'>> {
    const { measure } = closing;
    const years = financialYearsBetween(
      closing.years[0]!,
      laterOf(opening.years.at(-1)!, closing.years.at(-1)!),
    );
    const changed: Changes['years'][number][] = [];
    const sums = new Map<LineName, bigint>();
    const [openingByYear, closingByYear] = [opening, closing].map(({ cells }) =>
      groupedBy(cells, ({ year }) => year),
    );
    for await (const financialYear of inTurns(years, YEARS_A_TURN)) {
      const [before, after] = [openingByYear, closingByYear].map(
        (byYear) => byYear!.get(startYearOf(financialYear)) ?? [],
      );
      const lines = isSum(measure)
        ? linesOf(before!, after!, isOver(financialYear, opening.moment))
        : NO_LINES;
      for (const [line, amount] of lines) sums.set(line, (sums.get(line) ?? 0n) + amount);
      const figures = {
        opening: await this.totals.figure(opening, before!, financialYear),
        closing: await this.totals.figure(closing, after!, financialYear),
      };
      if (isSame(figures.opening, figures.closing) && [...lines.values()].every((amount) => amount === 0n))
        continue;
      changed.push({ financialYear, ...figures, ...bridgeOf(measure, lines) });
    }
    const refusal = refusalOverYears(closing, allowBreaks) ?? refusalOverYears(opening, allowBreaks);
    if (refusal) return { years: changed, since: null, notAdded: refusal.detail };
    const through = years.at(-1)!;
    const since = {
      since: years[0]!,
      through,
      opening: await this.totals.figure(opening, opening.cells, through),
      closing: await this.totals.figure(closing, closing.cells, through),
      ...bridgeOf(measure, sums),
    };
    return { years: changed, since };
  }

  /** Nothing is told of an event that changed no figure, such as a correction of a note. */
  private event(
    { event, sequence }: SequencedEvent,
    rows: readonly LoggedChange[],
    asked: EventsAsked,
  ): readonly ChangingEvent[] {
    const recorded = upcast(event) as OutcomeEvent | MeasureEvent;
    const { recordedAt, role } = event.metadata;
    const reason = event.data.words?.['reason'];
    const about = {
      sequence,
      event: event.id,
      type: event.type,
      recordedAt,
      role,
      ...(typeof reason === 'string' && { reason }),
    };
    const { facts } = recorded.data;
    if (!('outcomeId' in facts))
      return [{ ...about, line: 'redefined', measure: facts.measureId, changes: [] }];
    const [before, after] = ['replaces' in facts && facts.replaces, 'effective' in facts && facts];
    const isNothing = rows.every(({ isSame }) => isSame) && isStatedAsBefore(before || {}, after || {});
    if (isNothing) return [];
    const { measureId, effective } = (after || before) as OutcomeFigures;
    const line = lineOf(recorded as OutcomeEvent);
    return [
      {
        ...about,
        line: line === 'recorded' && isOver(financialYearOf(effective.to), asked.since) ? 'late' : line,
        outcome: facts.outcomeId,
        programme: facts.programmeId,
        measure: measureId,
        ...(before && { before: this.version(before) }),
        ...(after && { after: this.version(after) }),
        changes: changesOf(asked.measure, rows),
      },
    ];
  }

  private version(figures: OutcomeFigures): VersionView {
    return versionView(figures, this.catalogue.find('measure', figures.measureId)!.decimals);
  }
}

type Stated = Pick<OutcomeFigures, 'percent' | 'rate'>;

/** Percentages and rates stand for themselves, and are not in the state of a cell. */
const isStatedAsBefore = (before: Stated, after: Stated) =>
  before.percent === after.percent && before.rate === after.rate;

interface EventsAsked {
  readonly measure: Measure;
  readonly since: Moment;
}

interface LoggedChange {
  readonly cell: Cell;
  readonly before: CellState;
  readonly after: CellState;
  readonly isSame: boolean;
}

interface ChangesPage {
  /** By sequence, in order; nothing stands beside the definition or the revision of a measure. */
  readonly changes: ReadonlyMap<number, readonly LoggedChange[]>;
  readonly next: number | null;
}

/** The events after a place, up to a limit, that changed the cells of the question, or what its measure means. */
async function pageOfChanges(
  views: Database,
  { cells, family, moment: { sequence: until } }: Reading,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<ChangesPage> {
  let rows: { readonly sequence: number; readonly cell?: Cell; readonly state?: string }[] = [];
  let [end, next] = [until, null as number | null];
  const cut = () => {
    const sequences = [...new Set(rows.map(({ sequence }) => sequence))].sort((one, other) => one - other);
    if (sequences.length <= limit) return;
    next = end = sequences[limit - 1]!;
    rows = rows.filter(({ sequence }) => sequence <= end);
  };
  const redefined = prepared(
    views,
    "SELECT sequence FROM catalogue WHERE kind = 'measure' AND id = ? AND sequence > ? AND sequence <= ?",
  );
  for (const { id } of family) rows.push(...(redefined.all(id, after, until) as typeof rows));
  const logged = prepared(
    views,
    'SELECT sequence, state FROM cell_log WHERE cell = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?',
  );
  const changed = await inOrderOfChange(views, cells, after);
  for await (const { cell, first } of inTurns(changed, CELLS_A_TURN)) {
    if (first > end) break;
    for (const row of logged.all(cell.id, after, end, limit + 1) as typeof rows) rows.push({ ...row, cell });
    if (rows.length > 2 * limit) cut();
  }
  cut();
  const changes = new Map<number, LoggedChange[]>();
  rows.sort((one, other) => one.sequence - other.sequence);
  for await (const { sequence, cell, state: before } of inTurns(rows, LOOK_UPS_A_TURN)) {
    const ofEvent = changes.get(sequence) ?? [];
    if (cell && before !== undefined) {
      const [later] = logged.all(cell.id, sequence, until, 1) as typeof rows;
      const after = later?.state ?? encodeCell(cell.state);
      const isSame = after === before;
      ofEvent.push({ cell, before: decodeCell(before), after: decodeCell(after), isSame });
    }
    changes.set(sequence, ofEvent);
  }
  return { changes, next };
}

/** The cells that changed after a sequence, each with the first time that it did: one look-up a cell. */
async function inOrderOfChange(views: Database, cells: readonly Cell[], after: number) {
  const first = prepared(views, 'SELECT min(sequence) FROM cell_log WHERE cell = ? AND sequence > ?').pluck();
  const changed: { readonly cell: Cell; readonly first: number }[] = [];
  for await (const cell of inTurns(cells, LOOK_UPS_A_TURN))
    if (cell.sequence > after) changed.push({ cell, first: first.get(cell.id, after) as number });
  return changed.sort((one, other) => one.first - other.first);
}

/** A ratio and a rate are not added, and have no lines. */
const NO_LINES: ReadonlyMap<LineName, bigint> = new Map();

/** Whatever no other line says was recorded for the first time: late, where the year was over at the earlier moment. */
function linesOf(
  opening: readonly Cell[],
  closing: readonly Cell[],
  isLate: boolean,
): ReadonlyMap<LineName, bigint> {
  const changed = (of: (state: CellState) => bigint) => sumOf(closing, of) - sumOf(opening, of);
  const kept = KEPT_LINES.map((line) => [line, changed(({ lines }) => lines[line])] as const);
  const recorded = kept.reduce(
    (rest, [, amount]) => rest - amount,
    changed(({ amount }) => amount),
  );
  return new Map<LineName, bigint>([...kept, [isLate ? 'late' : 'recorded', recorded]]);
}

const sumOf = (cells: readonly Cell[], of: (state: CellState) => bigint) =>
  cells.reduce((sum, { state }) => sum + of(state), 0n);

function bridgeOf(
  measure: Measure,
  lines: ReadonlyMap<LineName, bigint>,
): Pick<BridgeOfYear, 'lines' | 'difference'> {
  const difference = [...lines.values()].reduce((sum, amount) => sum + amount, 0n);
  return {
    lines: isSum(measure) ? LINES.map((line) => ({ line, ...changeOf(measure, lines.get(line) ?? 0n) })) : [],
    difference: changeOf(measure, difference),
  };
}

function changesOf(measure: Measure, rows: readonly LoggedChange[]): ChangingEvent['changes'] {
  const years = new Map<number, bigint>();
  for (const { cell, before, after } of rows)
    years.set(cell.year, (years.get(cell.year) ?? 0n) + after.amount - before.amount);
  return [...years]
    .sort(([one], [other]) => one - other)
    .map(([year, amount]) => ({ financialYear: financialYearStarting(year), ...changeOf(measure, amount) }));
}

function changeOf(measure: Measure, change: bigint): Pick<BridgeLine, 'quantity' | 'amount'> {
  if (!isSum(measure)) return { quantity: null, amount: null };
  return { quantity: exact(change), amount: amountOf(change, measure.decimals) };
}

const isSum = ({ kind }: Measure) => KINDS[kind].comesTo === 'sum';

const isOver = (year: FinancialYear, { date }: Moment) => lastDayOf(year) < date;

/** Whether two figures are the same; a part that was defined in between and has no outcomes makes no difference. */
function isSame(one: Figure, other: Figure): boolean {
  const [before, after] = [one, other].map(({ flags: _, parts = [], ...figure }) => ({
    ...figure,
    parts: parts.slice(1).filter(({ outcomes }) => outcomes > 0),
  }));
  return isDeepStrictEqual(before, after);
}

const told = ({ sequence, instantMs }: Moment) => ({ sequence, asAt: new Date(instantMs).toISOString() });

const laterOf = (one: FinancialYear, other: FinancialYear) => (one > other ? one : other);
