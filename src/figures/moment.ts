/**
 * A moment of the ledger: a sequence, reached by its number or by an instant of ledger time.
 *
 * Ledger time never goes back along the sequence, so that the last event known at an instant is found by
 * bisection. A date means the end of that day in London.
 */
import { BadParameter } from '../api/bad-parameter.js';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import {
  endOfLondonDay,
  isCalendarDate,
  isInstant,
  londonDate,
  type CalendarDate,
} from '../kernel/financial-year.js';
import { eventRowAt } from '../read-models/events.js';
import { readCheckpoint } from '../read-models/views-file.js';

export interface Moment {
  /** The last event that was known then; −1 before the first. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly instantMs: number;
  /** London's date then. */
  readonly date: CalendarDate;
}

export interface MomentText {
  readonly parameter: string;
  readonly text: string;
}

const SEQUENCE = /^\d{1,16}$/;

/** The moment that a parameter names: a sequence, a date or an instant. */
export function parseMoment(views: Database, { parameter, text }: MomentText, nowMs: number): Moment {
  if (SEQUENCE.test(text)) return atSequence(views, Number(text), parameter);
  if (isCalendarDate(text)) {
    const date = text as CalendarDate;
    if (date > londonDate(nowMs)) throw new BadParameter(`${parameter} ${text} is in the future`, parameter);
    return atInstant(views, Math.min(endOfLondonDay(date), nowMs));
  }
  if (!isInstant(text))
    throw new BadParameter(`${parameter} must be a sequence, a date or an instant`, parameter);
  const instantMs = Date.parse(text);
  if (instantMs > nowMs) throw new BadParameter(`${parameter} ${text} is in the future`, parameter);
  return atInstant(views, instantMs);
}

export function currentMoment(views: Database, nowMs: number): Moment {
  return { sequence: lastSequence(views), instantMs: nowMs, date: londonDate(nowMs) };
}

function atSequence(views: Database, sequence: number, parameter: string): Moment {
  const last = lastSequence(views);
  if (sequence > last) {
    throw new BadParameter(
      `${parameter} ${sequence} is not reached: the ledger stands at ${last}`,
      parameter,
    );
  }
  const instantMs = eventRowAt(views, sequence).ledgerTime;
  return { sequence, instantMs, date: londonDate(instantMs) };
}

function atInstant(views: Database, instantMs: number): Moment {
  let low = -1;
  let high = lastSequence(views);
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if (eventRowAt(views, middle).ledgerTime <= instantMs) low = middle;
    else high = middle - 1;
  }
  return { sequence: low, instantMs, date: londonDate(instantMs) };
}

function lastSequence(views: Database): number {
  return readCheckpoint(views).sequence;
}
