/** A small log of events that were made up, signed with a key of its own, and bundles of it that nobody checked. */
import type { MeasureKind } from '../../src/domain/kinds/kinds.js';
import { loggedEventOf, type BundleEvent } from '../../src/checker/bundle-format.js';
import type { CheckOptions } from '../../src/checker/bundle-check.js';
import { entryOf } from '../../src/tlog/entry.js';
import { Frontier, leafHash, type Hash } from '../../src/tlog/merkle.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, signNote } from '../../src/tlog/note.js';
import { policyOf } from '../../src/tlog/policy.js';
import type { Verdict } from '../../src/checker/verdict.js';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { sealsOf } from '../../src/kernel/event-data.js';
import { checkLines } from './check-lines.js';

type Members = Readonly<Record<string, unknown>>;
export type ForgedEvent = BundleEvent & Members;

const ORIGIN = 'log.example';
const SIGNER = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
const TIME = '2024-01-01T00:00:00.000Z';

interface Made {
  readonly stream: string;
  readonly schema: string;
  readonly facts: Members;
  readonly words?: Members;
  readonly revision?: number;
}

export function eventAt(sequence: number, { stream, schema, facts, words, revision = 0 }: Made): ForgedEvent {
  const seals = sealsOf({ facts: canonicalJson(facts), words: words && canonicalJson(words) });
  return {
    specversion: '1.0',
    id: `e${sequence}`,
    source: 'urn:outcome-ledger',
    type: 'X',
    subject: facts['outcomeId'] ?? stream,
    time: TIME,
    datacontenttype: 'application/json',
    dataschema: `urn:outcome-ledger:schema:${schema}`,
    data: JSON.parse(canonicalJson({ facts, words })) as BundleEvent['data'],
    ledgersequence: sequence,
    ledgertime: TIME,
    stream,
    revision,
    actor: 'a',
    role: 'admin',
    correlationid: 'c',
    recordedfrom: 'api',
    factssalt: seals.factsSalt,
    factshash: seals.factsHash,
    ...(words && { wordssalt: seals.wordsSalt!, wordshash: seals.wordsHash! }),
  };
}

export function definition(sequence: number, kind: MeasureKind, measureId = 'jobs') {
  const facts = { measureId, kind, rollsUpInto: null };
  return eventAt(sequence, { stream: `measure-${measureId}`, schema: 'measure-defined@2', facts });
}

export function outcome(sequence: number, quantity: number, more: Members = {}) {
  const stream = `submission-s${sequence}`;
  const facts = {
    outcomeId: `s${sequence}.1`,
    programmeId: 'p',
    measureId: 'jobs',
    quantity,
    effective: { from: '2023-05-01', to: '2023-05-01' },
    basis: 'counted',
    ...more,
  };
  return eventAt(sequence, { stream, schema: 'outcome@2', facts });
}

const leafOf = (event: BundleEvent) => leafHash(entryOf(loggedEventOf(event)));

export function eventLine(event: BundleEvent, leaf = leafOf(event)): string {
  return JSON.stringify({ event, leaf: leaf.toString('base64') });
}

export function subtreeLine(height: unknown, number: unknown, hash: Hash): string {
  return JSON.stringify({ subtree: { height, number, hash: hash.toString('base64') } });
}

export function rootOf(events: readonly BundleEvent[]): Hash {
  const tree = new Frontier();
  for (const event of events) tree.append(leafOf(event));
  return tree.root();
}

export interface Claim {
  readonly scope: Members;
  readonly figure?: Members;
}

/** The lines of a bundle as a log of these events gives it: its header, any lines, and the genuine checkpoint. */
export function bundleOf(
  events: readonly BundleEvent[],
  claim: Claim,
  lines: readonly string[] = events.map((event) => eventLine(event)),
): string[] {
  const keys = [encodeVerifierKey(SIGNER.verifier)];
  const header = { format: 'outcome-ledger-bundle@2', origin: ORIGIN, size: events.length, keys, ...claim };
  const checkpoint = signNote(`${ORIGIN}\n${events.length}\n${rootOf(events).toString('base64')}\n`, [
    SIGNER,
  ]);
  return [JSON.stringify(header), ...lines, JSON.stringify({ checkpoint })];
}

export function check(lines: readonly string[], more: CheckOptions = {}): Verdict {
  return checkLines(lines, { policy: policyOf([SIGNER.verifier]), ...more });
}

/** A figure of outcomes that were all counted, as the ledger gives it. */
export function told(total: number, outcomes: number): Members {
  const bounds = { low: total, high: total };
  return { total, outcomes, byBasis: { counted: total }, bounds, ratio: null };
}

export function figure(asAtSequence: number, parts: Members): Members {
  return { measure: 'jobs', from: '2023-24', to: '2023-24', asAtSequence, ...parts };
}

export function annual(asAtSequence: number, total: number, outcomes: number): Members {
  return figure(asAtSequence, { years: [{ financialYear: '2023-24', ...told(total, outcomes) }] });
}
