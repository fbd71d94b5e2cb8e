/**
 * The rules for texts that callers write in their own words. A text that looks as if it held personal data
 * (personal-data.ts) is refused, with the pointer of its field and never its words, unless the caller gives a
 * reason why it may be recorded. That reason is then kept with the event (docs/adr/0009-personal-data.md). A text
 * that nobody can see, or that changes the order in which it is read, would show an auditor something else than
 * what was recorded: it is refused whatever reason the caller gives.
 *
 * Deciders apply the rules when they make an event, not before: a text that was recorded once, under whatever
 * rule, can be repeated for ever.
 */
import { personalDataIn } from './personal-data.js';
import { refuseIfAny, type Refusal } from './refusals.js';

/** Texts by their place in the request: `evidence/title`. */
export type FreeTexts = Readonly<Record<string, string | undefined>>;

/** The reason why texts that look like personal data are none, or must be recorded. */
export interface PersonalDataOverride {
  readonly reason: string;
}

/** The override as the data of an event keep it, where it let a text through. */
export interface Overridden {
  readonly personalDataOverride?: PersonalDataOverride;
}

/** The override that a command carries beside its content. */
export interface Overriding {
  readonly personalDataOverride?: PersonalDataOverride | undefined;
}

/**
 * One refusal for each text that cannot be read, or that looks as if it held personal data and is not overridden.
 */
export function textFaults(texts: FreeTexts, override: PersonalDataOverride | undefined, at = ''): Refusal[] {
  return Object.entries(texts).flatMap(([place, text]) => {
    const pointer = `${at}/${place}`;
    return [...unreadable(text, pointer), ...(override ? [] : suspicion(text, pointer))];
  });
}

/** The reason of an override is recorded too, and nothing overrides the refusal of that reason. */
export function overrideFaults(override: PersonalDataOverride | undefined): Refusal[] {
  const pointer = '/personalDataOverride/reason';
  return [...unreadable(override?.reason, pointer), ...suspicion(override?.reason, pointer)];
}

/** The override, where one of the texts needed it; an event that needed none does not mention it. */
export function overrideFor(texts: FreeTexts, override: PersonalDataOverride | undefined): Overridden {
  if (!override || textFaults(texts, undefined).length === 0) return {};
  return { personalDataOverride: { reason: override.reason } };
}

/**
 * Admits the texts of a command that makes one event.
 * @param others other refusals of the command, which go first
 * @returns the override as the event keeps it
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

/** Embeddings, overrides and isolates of the Unicode Bidirectional Algorithm (UAX #9). */
const TURNS_ORDER = /[\u202a-\u202e\u2066-\u2069]/u;
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;

function unreadable(text: string | undefined, pointer: string): Refusal[] {
  if (text === undefined) return [];
  const code = 'text-unreadable';
  if (!VISIBLE.test(text)) return [{ code, detail: 'the text has nothing that can be seen', pointer }];
  const turning = TURNS_ORDER.exec(text)?.[0].codePointAt(0)!.toString(16).toUpperCase();
  if (turning === undefined) return [];
  const detail = `the text holds U+${turning}, which turns the order in which it is read: take it out`;
  return [{ code, detail, pointer }];
}

function suspicion(text: string | undefined, pointer: string): Refusal[] {
  const kinds = text === undefined ? [] : personalDataIn(text);
  if (kinds.length === 0) return [];
  const detail = `the text looks as if it held ${kinds.join(' and ')}: take it out, or override this with a reason`;
  return [{ code: 'personal-data-suspected', detail, pointer }];
}
