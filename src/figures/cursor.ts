/**
 * Cursors of the lists that are read at one moment: where a page ended, at which sequence the list is read, and
 * which question it answers. One that does not fit its question is refused.
 */
import { BadParameter } from '../api/bad-parameter.js';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { createHash } from 'node:crypto';
import { VIEWS_VERSION } from '../read-models/layout.js';
import { prepared } from '../read-models/views-file.js';
import type { PagePlace } from './outcomes.js';

export interface Cursor extends PagePlace {
  readonly until: number;
}

/** @param question whatever the list depends on besides its place and moment */
export function encodeCursor(cursor: Cursor, question: unknown, views: Database): string {
  const { cell, sequence, kept, until } = cursor;
  const seal = sealOf(cursor, question, views);
  return Buffer.from(JSON.stringify([cell, sequence, kept, until, seal])).toString('base64url');
}

/** @throws BadParameter when it is not a cursor that this ledger gave for the question */
export function decodeCursor(text: string, question: unknown, views: Database): Cursor {
  const wrong = new BadParameter('after is not a `next` that this list gave for the same question', 'after');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw wrong;
  }
  if (!Array.isArray(parts) || parts.length !== 5) throw wrong;
  const [cell, sequence, kept, until] = parts as number[];
  if (![cell, sequence, kept, until].every(Number.isSafeInteger)) throw wrong;
  const cursor = { cell: cell!, sequence: sequence!, kept: kept!, until: until! };
  // As it was written, to the letter: base64 passes over what does not belong to it.
  if (text !== encodeCursor(cursor, question, views)) throw wrong;
  return cursor;
}

/**
 * Binds a place to its question, and to the ledger as it stood: another ledger, or this one restored from before,
 * has another last event then, and read models of another version number their cells otherwise.
 */
function sealOf({ cell, sequence, kept, until }: Cursor, question: unknown, views: Database): string {
  const last = prepared(views, 'SELECT hex(leaf) FROM events WHERE sequence = ?').get(until);
  const sealed = JSON.stringify([cell, sequence, kept, until, last ?? null, VIEWS_VERSION, question]);
  return createHash('sha256').update(sealed).digest('base64url').slice(0, 12);
}
