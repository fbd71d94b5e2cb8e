/**
 * What callers write in their own words, as deciders take it: a text that looks as if it held personal data
 * (personal-data.ts) is refused, with the pointer of its field and never its words, unless the caller says why it
 * may be recorded. That reason is then kept with the event (docs/adr/0009-personal-data.md).
 *
 * Deciders ask when they make an event, not before: what was recorded once, under whatever rule, can be repeated
 * for ever.
 */
import { personalDataIn } from './personal-data.js';
import { refuseIfAny, type Refusal } from './refusals.js';

/** By the place of each text below what was sent: `evidence/title`. */
export type FreeTexts = Readonly<Record<string, string | undefined>>;

/** Why texts that look like personal data are none, or must be recorded. */
export interface PersonalDataOverride {
  readonly reason: string;
}

/** What the data of an event keep, where the override let a text through. */
export interface Overridden {
  readonly personalDataOverride?: PersonalDataOverride;
}

/** What a command carries beside its content. */
export interface Overriding {
  readonly personalDataOverride?: PersonalDataOverride | undefined;
}

/** One for each text that looks as if it held personal data; none where that is overridden. */
export function textFaults(texts: FreeTexts, override: PersonalDataOverride | undefined, at = ''): Refusal[] {
  if (override) return [];
  return Object.entries(texts).flatMap(([place, text]) => suspicion(text, `${at}/${place}`));
}

/** The reason is recorded, too, and nothing overrides what is said of it. */
export function overrideFaults(override: PersonalDataOverride | undefined): Refusal[] {
  return suspicion(override?.reason, '/personalDataOverride/reason');
}

/** The override, where one of the texts needed it: events that would have been recorded anyway say nothing of it. */
export function overrideFor(texts: FreeTexts, override: PersonalDataOverride | undefined): Overridden {
  if (!override || textFaults(texts, undefined).length === 0) return {};
  return { personalDataOverride: { reason: override.reason } };
}

/**
 * For a command that makes one event.
 * @param others what else is wrong with it, which goes first
 * @returns what the event keeps of the override
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

function suspicion(text: string | undefined, pointer: string): Refusal[] {
  const kinds = text === undefined ? [] : personalDataIn(text);
  if (kinds.length === 0) return [];
  const detail = `the text looks as if it held ${kinds.join(' and ')}: take it out, or override this with a reason`;
  return [{ code: 'personal-data-suspected', detail, pointer }];
}
