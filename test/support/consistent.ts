/** An answer says many things twice, such as a total and its parts. This finds where it contradicts itself. */
import { consistencyFault, inclusionFault, leafHash, parseHash } from '../../src/tlog/merkle.js';

type Json = Readonly<Record<string, unknown>>;

/** Returns each place where a value of JSON contradicts itself, and how. */
export function contradictions(value: unknown, decimals: number | null = null, at = ''): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => contradictions(item, decimals, `${at}/${index}`));
  if (typeof value !== 'object' || value === null) return [];
  const object = value as Json;
  const { decimals: own = decimals } = (object['measure'] ?? {}) as { readonly decimals?: number | null };
  const wrong = RULES.flatMap((rule) => rule(object, own)).map((told) => `${at}: ${told}`);
  const within = Object.entries(object).flatMap(([name, member]) =>
    contradictions(member, own, `${at}/${name}`),
  );
  return [...wrong, ...within];
}

type Rule = (value: Json, decimals: number | null) => readonly string[];
type Sum = Readonly<Record<string, number | string>>;

const RULES: readonly Rule[] = [
  // A figure: its parts by basis, its amount, its bounds.
  ({ total, byBasis, amountByBasis, bounds }, decimals) => {
    if (byBasis === undefined) return [];
    const parts = Object.entries(byBasis as Sum);
    if (total === null) return unless(parts.length === 0 && bounds === null, 'parts of no total');
    const { low, high, lowAmount, highAmount } = bounds as Json;
    const amounts = amountByBasis as Sum;
    return [
      ...unless(sum(parts.map(([, part]) => part)) === BigInt(total as number), 'bases do not add up'),
      ...unless(
        parts.length === Object.keys(amounts).length &&
          parts.every(([basis, part]) => isAmount(part, amounts[basis], decimals)),
        'amounts by basis are not the quantities',
      ),
      ...unless(
        [
          [low, lowAmount],
          [high, highAmount],
        ].every(([of, amount]) => isAmount(of, amount, decimals)),
        'bounds are not their amounts',
      ),
      ...unless(isWithin(low, total) && isWithin(total, high), 'the total is out of its bounds'),
    ];
  },
  ({ total, quantity = total, amount }, decimals) =>
    unless(
      quantity === undefined || amount === undefined || isAmount(quantity, amount, decimals),
      'amount is not the quantity',
    ),
  ({ quantity, bounds }) => {
    if (quantity === undefined || bounds === undefined) return [];
    const { low, high } = bounds as Json;
    return unless(isWithin(low, quantity) && isWithin(quantity, high), 'the quantity is out of its bounds');
  },
  // A bridge.
  ({ opening, closing, lines, difference }) => {
    if (lines === undefined) return [];
    const { quantity } = difference as Json;
    if (quantity === null) return unless((lines as Json[]).length === 0, 'lines without a difference');
    const [before, after] = [opening, closing].map((figure) => exact((figure as Json)['total']));
    return [
      ...unless(after! - before! === exact(quantity), 'opening and difference are not closing'),
      ...unless(
        sum((lines as Json[]).map((line) => line['quantity'])) === exact(quantity),
        'lines do not add up',
      ),
    ];
  },
  ({ earlier, later, events, sequence, asAt }) => {
    if (earlier === undefined) return [];
    const [from, to] = [earlier, later].map((moment) => (moment as Json)['sequence'] as number);
    return [
      ...unless(sequence === to && asAt === (later as Json)['asAt'], 'the moment is not the later one'),
      ...unless(from! <= to!, 'the later moment is before the earlier one'),
      ...unless(
        (events as Json[]).every((event) => isBetween(from!, event['sequence'] as number, to!)),
        'an event is of another time',
      ),
    ];
  },
  // Years, versions, pages.
  ({ since, through, missingYears }) =>
    unless(
      missingYears === undefined ||
        since === undefined ||
        (missingYears as string[]).every((year) => year >= (since as string) && year <= (through as string)),
      'a missing year is not one asked about',
    ),
  ({ version, versions }) =>
    unless(versions === undefined || (versions as unknown[]).length === (version as number) + 1, 'versions'),
  ({ events, next }) =>
    unless(
      typeof next !== 'number' || ((events as Json[]).at(-1)?.['ledgersequence'] as number) <= next,
      'next lies before the last event',
    ),
  // Proofs.
  ({ logIndex, canonicalizedBody, inclusionProof }) => {
    if (canonicalizedBody === undefined) return [];
    const { treeSize, rootHash, hashes, logIndex: index } = inclusionProof as Json;
    const fault = inclusionFault({
      index: Number(index),
      size: Number(treeSize),
      leaf: leafHash(Buffer.from(canonicalizedBody as string, 'base64')),
      proof: (hashes as string[]).map(hash),
      root: hash(rootHash),
    });
    return [...unless(logIndex === index, 'two places in the log'), ...(fault === null ? [] : [fault])];
  },
  ({ from, to, fromRootHash, rootHash, hashes }) => {
    if (fromRootHash === undefined) return [];
    const fault = consistencyFault({
      earlier: from as number,
      later: to as number,
      earlierRoot: hash(fromRootHash),
      laterRoot: hash(rootHash),
      proof: (hashes as string[]).map(hash),
    });
    return fault === null ? [] : [fault];
  },
];

const unless = (holds: boolean, told: string): readonly string[] => (holds ? [] : [told]);
const exact = (quantity: unknown) => BigInt((quantity ?? 0) as number);
const sum = (quantities: readonly unknown[]) => quantities.reduce((all: bigint, one) => all + exact(one), 0n);
const isWithin = (low: unknown, high: unknown) => low == null || high == null || exact(low) <= exact(high);
const isBetween = (after: number, sequence: number, until: number) => after < sequence && sequence <= until;
const hash = (base64: unknown) => parseHash(Buffer.from(base64 as string, 'base64'));

/** Where it is not known how many decimals an amount has, its digits tell. */
function isAmount(quantity: unknown, amount: unknown, decimals: number | null): boolean {
  if (quantity == null || amount == null) return (quantity ?? null) === (amount ?? null);
  const [whole, fraction = ''] = (amount as string).split('.');
  return BigInt(whole! + fraction) === exact(quantity) && (decimals === null || fraction.length === decimals);
}
