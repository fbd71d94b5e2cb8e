/**
 * A bundle has events of the ledger with everything that is needed to check them offline, as NDJSON.
 *
 * The first line is the header, the last the checkpoint. Between them the leaves of the log follow from left to right:
 * the events that the bundle has, and the hashes of complete subtrees in place of those that it leaves out. So a reader
 * comes to the root in one pass and constant memory. A bundle that is cut at an earlier size leads to the root of that
 * size on the way, which proves that the log is a continuation of it.
 */
import { unreachable } from '../kernel/assert.js';
import type { EventData, PartTexts, Seals } from '../kernel/event-data.js';
import type { LoggedEvent } from '../tlog/entry.js';

export const BUNDLE_FORMAT = 'outcome-ledger-bundle@2';
/** A CloudEvent's `dataschema` has this before the ledger's own name of the schema. */
export const SCHEMA_PREFIX = 'urn:outcome-ledger:schema:';

export type BundleScope =
  | { readonly kind: 'everything' }
  | { readonly kind: 'programme'; readonly programme: string }
  | { readonly kind: 'period'; readonly after: number; readonly until: number }
  /** Every event that the figure was made of. */
  | { readonly kind: 'figure' };

export interface BundleFigure {
  readonly measure: string;
  readonly programme?: string;
  readonly organisation?: string;
  readonly from: string;
  readonly to: string;
  readonly asAtSequence: number;
  /** The figure of each year, where annual totals were asked for. */
  readonly years?: readonly (ToldFigure & { readonly financialYear: string })[];
  /** The figure over all years, where a total since a year was asked for. */
  readonly total?: ToldFigure;
}

export interface ToldFigure {
  readonly total: number | string | null;
  readonly outcomes: number;
  readonly byBasis: Readonly<Record<string, number | string>>;
  /** A side that is null is open. */
  readonly bounds: { readonly low: number | string | null; readonly high: number | string | null } | null;
  readonly ratio: { readonly numerator: number | string; readonly denominator: number | string } | null;
}

export interface BundleHeader {
  readonly format: typeof BUNDLE_FORMAT;
  readonly origin: string;
  /** The size of the tree that the checkpoint signs. */
  readonly size: number;
  /** The maker of the bundle states these verifier keys; nothing vouches for them. */
  readonly keys: readonly string[];
  readonly scope: BundleScope;
  readonly figure?: BundleFigure;
}

/** The members of a CloudEvent of the ledger that are read after its line was parsed. */
export interface BundleEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly dataschema: string;
  readonly data: EventData;
  readonly ledgersequence: number;
  readonly ledgertime: string;
  readonly stream: string;
  readonly revision: number;
  readonly actor: string;
  readonly role: string;
  readonly correlationid: string;
  readonly causationid?: string | undefined;
  readonly recordedfrom: string;
  readonly factssalt: string;
  readonly factshash: string;
  readonly wordssalt?: string | undefined;
  readonly wordshash?: string | undefined;
  readonly clocksteppedback?: true;
}

/** An event with its leaf, and the texts of its parts as they were hashed. */
export interface BundleEventLine {
  readonly event: BundleEvent;
  readonly leaf: string;
  readonly parts: PartTexts;
}

export type BundleLine =
  | BundleHeader
  | BundleEventLine
  | { readonly subtree: { readonly height: number; readonly number: number; readonly hash: string } }
  | { readonly checkpoint: string; readonly timestamp?: string };

/** Clocks of several machines may differ by so much. */
export const CLOCK_TOLERANCE_MS = 5_000;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Events that were recorded together have the same time, which is parsed once. */
let lastRead = { text: '', ms: NaN };

/** Milliseconds since 1970; NaN where the text is no instant as the ledger writes one. */
export function instantOf(text: string): number {
  if (text !== lastRead.text) lastRead = { text, ms: INSTANT.test(text) ? Date.parse(text) : NaN };
  return lastRead.ms;
}

export function loggedEventOf(event: BundleEvent): LoggedEvent {
  const { id, type, stream, revision, data, dataschema, time, actor, role, recordedfrom: source } = event;
  const { correlationid: correlationId, causationid, factshash: factsHash, wordshash } = event;
  const schema = dataschema.startsWith(SCHEMA_PREFIX) ? dataschema.slice(SCHEMA_PREFIX.length) : dataschema;
  return {
    id,
    type,
    stream,
    revision,
    data,
    metadata: {
      schema,
      recordedAt: time,
      actor,
      role,
      source,
      correlationId,
      causationId: causationid,
      factsHash,
      wordsHash: wordshash,
    },
  };
}

export function sealsOfBundled({ factssalt, factshash, wordssalt, wordshash }: BundleEvent): Seals {
  return { factsSalt: factssalt, factsHash: factshash, wordsSalt: wordssalt, wordsHash: wordshash };
}

/** `everything`, `programme:<id>`, `period:<first>-<last>` or `figure`. */
export function scopeText(scope: BundleScope): string {
  switch (scope.kind) {
    case 'everything':
    case 'figure':
      return scope.kind;
    case 'programme':
      return `programme:${scope.programme}`;
    case 'period':
      return `period:${scope.after + 1}-${scope.until}`;
    default:
      return unreachable(scope);
  }
}

/** The things that even a good bundle of this scope does not show. */
export function limitsOf(scope: BundleScope): string[] {
  switch (scope.kind) {
    case 'everything':
      return [];
    case 'programme':
      return [`that no other event concerns ${scope.programme}: events are left out`];
    case 'period':
      return ['what the events outside of the period say'];
    case 'figure':
      return [
        'that no other event belongs to the figure, such as a correction or a withdrawal: it is made of these',
      ];
    default:
      return unreachable(scope);
  }
}
