/**
 * The rules for texts that callers write in their own words.
 *
 * A text that looks as if it held personal data (personal-data.ts) is refused, by the pointer of its field and never by
 * its words, unless the caller gives a reason to record it. The event keeps that reason
 * (docs/adr/0009-personal-data.md). An invisible text, or one that changes the order in which it is read, would show an
 * auditor something else than what was recorded: no reason lets it in. A name stays on its line, and hides nothing.
 *
 * Deciders apply the rules when they make an event, not before: a text that was recorded once can be repeated for ever.
 */
import { personalDataIn } from './personal-data.js';
import { refuseIfAny, type Refusal } from './refusals.js';
import { HIDDEN } from './visible.js';

export type FreeTexts = Readonly<Record<string, string | undefined>>;

export interface PersonalDataOverride {
  readonly reason: string;
}

/** The event keeps an override that let a text in. */
export interface Overridden {
  readonly personalDataOverride?: PersonalDataOverride;
}

export interface Reasoned extends Overridden {
  readonly reason: string;
}

export interface Overriding {
  readonly personalDataOverride?: PersonalDataOverride | undefined;
}

export function textFaults(texts: FreeTexts, override: PersonalDataOverride | undefined, at = ''): Refusal[] {
  const faults: Refusal[] = [];
  for (const [place, text] of Object.entries(texts)) {
    if (text === undefined) continue;
    const pointer = `${at}/${place}`;
    faults.push(...unreadable(text, pointer, NAMES.has(place) ? HIDDEN : TURNS_ORDER));
    if (!override) faults.push(...suspicion(text, pointer));
  }
  return faults;
}

/** The reason itself is recorded too, and nothing overrides its refusal. */
export function overrideFaults(override: PersonalDataOverride | undefined): Refusal[] {
  const pointer = '/personalDataOverride/reason';
  return [...unreadable(override?.reason, pointer, TURNS_ORDER), ...suspicion(override?.reason, pointer)];
}

/** An event that needed no override does not keep one. */
export function overrideFor(texts: FreeTexts, override: PersonalDataOverride | undefined): Overridden {
  if (!override || textFaults(texts, undefined).length === 0) return {};
  return { personalDataOverride: { reason: override.reason } };
}

/**
 * Admits the texts of a command that makes one event.
 * @param others other refusals of the command, which go first
 * @throws Refused with every fault
 */
export function admitTexts(
  texts: FreeTexts,
  { personalDataOverride: override }: Overriding,
  others: readonly Refusal[] = [],
): Overridden {
  refuseIfAny([...others, ...textFaults(texts, override), ...overrideFaults(override)]);
  return overrideFor(texts, override);
}

/** These characters embed, override or isolate a direction (Unicode Bidirectional Algorithm, UAX #9). */
const TURNS_ORDER = /[\u202a-\u202e\u2066-\u2069]/u;
const VISIBLE = /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u;
/** The members that hold a name, a label or a unit: one line, all of which can be seen. */
const NAMES: ReadonlySet<string> = new Set(['name', 'label', 'unit']);

function unreadable(text: string | undefined, pointer: string, refused: RegExp): Refusal[] {
  if (text === undefined) return [];
  const code = 'text-unreadable';
  if (!VISIBLE.test(text)) return [{ code, detail: 'the text has nothing that can be seen', pointer }];
  const found = refused.exec(text)?.[0];
  if (found === undefined) return [];
  const does = TURNS_ORDER.test(found) ? 'turns the order in which it is read' : 'cannot be seen in a line';
  const point = found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const detail = `the text holds U+${point}, which ${does}: take it out`;
  return [{ code, detail, pointer }];
}

function suspicion(text: string | undefined, pointer: string): Refusal[] {
  const kinds = text === undefined ? [] : personalDataIn(text);
  if (kinds.length === 0) return [];
  const detail = `the text looks as if it held ${kinds.join(' and ')}: take it out, or override this with a reason`;
  return [{ code: 'personal-data-suspected', detail, pointer }];
}
