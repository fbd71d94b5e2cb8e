/**
 * Cursors of the lists that are read at one moment: where a page ended, at which sequence the list is read, and
 * which question it answers. One that does not fit its question is refused.
 */
import { createHash } from 'node:crypto';
import { NoSuchMoment } from './moment.js';
import type { PagePlace } from './outcomes.js';

export interface Cursor extends PagePlace {
  /** The sequence at which every page of the list is read. */
  readonly until: number;
}

/** @param question whatever the list depends on besides its place and moment */
export function encodeCursor({ cell, sequence, until }: Cursor, question: unknown): string {
  return Buffer.from(JSON.stringify([cell, sequence, until, digestOf(question)])).toString('base64url');
}

/** @throws NoSuchMoment when it is not a cursor that this ledger gave for the question */
export function decodeCursor(text: string, question: unknown, lastSequence: number): Cursor {
  const wrong = new NoSuchMoment('cursor is not one that this list gave for the same question', 'cursor');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw wrong;
  }
  if (!Array.isArray(parts) || parts.length !== 4 || parts[3] !== digestOf(question)) throw wrong;
  const [cell, sequence, until] = parts as number[];
  const isPlace =
    Number.isSafeInteger(cell) && cell! >= 0 && Number.isSafeInteger(sequence) && sequence! >= -1;
  if (!isPlace || !Number.isSafeInteger(until) || until! < -1 || until! > lastSequence) throw wrong;
  return { cell: cell!, sequence: sequence!, until: until! };
}

function digestOf(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12);
}
