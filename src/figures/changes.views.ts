/** These classes say what changed figures between two moments: a bridge for each year, and the events. */
import { FINANCIAL_YEAR } from '../kernel/financial-year.js';
import { IsIn, IsUUID, Matches } from 'class-validator';
import { AmountString, ExactQuantity, Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import type { Quantity } from '../domain/amount.js';
import type { FinancialYear } from '../kernel/financial-year.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { EVENT_TYPE } from '../api/outcome.dto.js';
import { exampleOf } from '../api/call-examples.js';
import { Context, Figure } from './figures.views.js';
import { VersionView } from './outcome.views.js';
import { CURSOR } from '../api/query.dto.js';
import { ROLES } from '../kernel/provenance.js';

/** The lines of a bridge, in the order in which they are told; docs/reports.md says what stands in each. */
export const LINES = [
  'recorded',
  'late',
  'corrected',
  're-dated',
  'moved',
  'withdrawn',
  'redefined',
] as const;
export type LineName = (typeof LINES)[number];

class ChangedAmount {
  @Nullable('How much was added or, below nought, taken away; null of a ratio or a rate.', -100)
  @ExactQuantity()
  readonly quantity!: Quantity | null;

  @Nullable('The same in the unit of the measure.', '-100')
  @AmountString()
  readonly amount!: string | null;
}

export class BridgeLine extends ChangedAmount {
  @Describe('Why the figure changed.', 'corrected')
  @IsIn(LINES)
  readonly line!: LineName;
}

export class ChangeOfYear extends ChangedAmount {
  @Describe('The year whose figure changed.', '2023-24')
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;
}

const figureOf = (quantity: number) => ({
  ...exampleOf(Figure),
  total: quantity,
  amount: String(quantity),
  byBasis: { counted: quantity },
  amountByBasis: { counted: String(quantity) },
  bounds: { low: quantity, high: quantity, lowAmount: String(quantity), highAmount: String(quantity) },
});
const A_CHANGE = { quantity: -100, amount: '-100' };
const NO_CHANGE = { quantity: 0, amount: '0' };
const A_BRIDGE = LINES.map((line) => ({ line, ...(line === 'corrected' ? A_CHANGE : NO_CHANGE) }));

class Bridge {
  @Describe('The figure at the earlier moment.', figureOf(1_200))
  @Nested(() => Figure)
  readonly opening!: Figure;

  @Describe('Opening and lines add up to closing, where no data is nought.', A_BRIDGE)
  @ListOf(() => BridgeLine)
  readonly lines!: readonly BridgeLine[];

  @Describe('The figure at the later moment.', figureOf(1_100))
  @Nested(() => Figure)
  readonly closing!: Figure;

  @Describe('Closing less opening, where no data is nought.')
  @Nested(() => ChangedAmount)
  readonly difference!: ChangedAmount;
}

export class BridgeOfYear extends Bridge {
  @Describe('The year whose figure changed.', '2023-24')
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;
}

export class BridgeSince extends Bridge {
  @Describe('The first year of the total.', '2018-19')
  @Matches(FINANCIAL_YEAR)
  readonly since!: FinancialYear;

  @Describe('The last year of the total, at either moment.', '2023-24')
  @Matches(FINANCIAL_YEAR)
  readonly through!: FinancialYear;
}

const versionOf = (quantity: number) => ({ ...exampleOf(VersionView), quantity, amount: String(quantity) });

export class ChangingEvent {
  @Describe('Its place in the ledger.', 42)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe('Its id.', '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11')
  @IsUUID()
  readonly event!: string;

  @Describe('What happened.', 'OutcomeCorrected')
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe('The line of the bridges that it stands in.', 'corrected')
  @IsIn(LINES)
  readonly line!: LineName;

  @Optional(
    'The outcome that it is about; left out where a measure was defined or revised.',
    '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
  )
  @Matches(OUTCOME_ID)
  readonly outcome?: string;

  @Optional('The programme of the outcome.', 'lipid-management')
  @Slug()
  readonly programme?: string;

  @Describe('The measure, after the event.', 'patients-benefited')
  @Slug()
  readonly measure!: string;

  @Optional('What the outcome was, where it was recorded before.', versionOf(1_200))
  @Nested(() => VersionView)
  readonly before?: VersionView;

  @Optional('What it is, unless it was withdrawn.', versionOf(1_100))
  @Nested(() => VersionView)
  readonly after?: VersionView;

  @Describe('What it changed: the figure of each year just after it less just before.')
  @ListOf(() => ChangeOfYear)
  readonly changes!: readonly ChangeOfYear[];

  @Describe('When it was recorded.', '2023-08-01T10:00:00.000Z')
  @Instant()
  readonly recordedAt!: string;

  @Describe('The role of whoever recorded it; who that was, auditors may see.', 'admin')
  @IsIn([...ROLES, 'system'])
  readonly role!: string;

  @Optional('Why, for what changes something that was recorded.', 'recount')
  @PlainText({ max: 2_000 })
  readonly reason?: string;
}

class MomentView {
  @Describe('Of the last event known then; -1 before the first.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe('In ledger time.', '2023-07-31T22:59:59.999Z')
  @Instant()
  readonly asAt!: string;
}

const LATER = { sequence: 42, asAt: '2026-04-30T09:30:00.000Z' };

export class Changes extends Context {
  @Describe('The moment that the figures changed from.')
  @Nested(() => MomentView)
  readonly earlier!: MomentView;

  @Describe('The moment that they changed to.', LATER)
  @Nested(() => MomentView)
  readonly later!: MomentView;

  @Describe('Only years whose figure differs, or has lines that make up for one another.')
  @ListOf(() => BridgeOfYear)
  readonly years!: readonly BridgeOfYear[];

  @Nullable('The same for the total of all years asked about; null where there is none.')
  @Nested(() => BridgeSince)
  readonly since!: BridgeSince | null;

  @Optional('Why there are no lines, of a ratio or a rate, or no total since a year.')
  @PlainText({ max: 600 })
  readonly notAdded?: string;

  @Describe('The events between the two moments that changed the figures, in their order.')
  @ListOf(() => ChangingEvent)
  readonly events!: readonly ChangingEvent[];

  @Nullable('The `after` of the next page of events; null on the last.', null)
  @Matches(CURSOR)
  readonly next!: string | null;
}
