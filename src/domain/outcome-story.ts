/** The versions of one outcome in order, and the content of each. */
import { canonicalJson } from '../kernel/canonical-json.js';
import { picked } from '../kernel/picked.js';
import {
  contentOf,
  OUTCOME_FACTS,
  partsOf,
  type CatalogueFacts,
  type OutcomeContent,
  type ReplacedOutcome,
  type SentOutcome,
} from './outcome.js';
import type { OutcomeEvent } from './submission-event.js';

export interface Version<Event extends OutcomeEvent = OutcomeEvent> {
  readonly event: Event;
  readonly revision: number;
  /** Whether an erasure names it. The words may stand in the store still, where the erasure was cut short. */
  readonly erased: boolean;
}
/** Versions in order, oldest first; the number of a version is its index. */
export type OutcomeStory = readonly Version[];

type ContentEvent = Exclude<OutcomeEvent, { readonly schema: 'outcome-withdrawn@2' }>;

export function saysContent(version: Version): version is Version<ContentEvent> {
  return version.event.schema !== 'outcome-withdrawn@2';
}

/** The version that stands, or that stood until it was withdrawn. */
export function standingIn(story: OutcomeStory): Version<ContentEvent> {
  return story.findLast(saysContent)!;
}

/** Returns the content of a version, without the words that were erased. */
export function contentIn({ event, erased }: Version<ContentEvent>): OutcomeContent {
  const { facts, words } = event.data;
  return { ...figuresIn(facts), ...(words && !erased && picked(words, WORDS)) };
}

/** @param version the number of the version that an event replaces */
export function replacedBy({ event, revision }: Version<ContentEvent>, version: number): ReplacedOutcome {
  return { version, revision, ...figuresIn(event.data.facts) };
}

const FIGURES = ['measureId', 'organisationId', ...OUTCOME_FACTS] as const;
const WORDS = ['evidence', 'note'] as const;

const figuresIn = (facts: ContentEvent['data']['facts']) => picked(facts, FIGURES);

/** Whether a version says what is told; words that are gone are taken to be the same. */
export function says(
  version: Version<ContentEvent>,
  sent: SentOutcome,
  { measures }: CatalogueFacts,
): boolean {
  const measure = measures.get(sent.measureId);
  const told = partsOf(measure ? contentOf(sent, measure) : (sent as OutcomeContent));
  const recorded = partsOf(contentIn(version));
  if (canonicalJson(recorded.facts) !== canonicalJson(told.facts)) return false;
  return version.erased || canonicalJson(recorded.words ?? {}) === canonicalJson(told.words ?? {});
}

export type CorrectionData = Extract<OutcomeEvent, { readonly schema: 'outcome-corrected@2' }>['data'];

/** A member that an event changed, by its place in the request, and its texts before and after; null for none. */
export interface MemberChange {
  readonly member: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Returns the members that a correction changed, in order of the members' names. Of words that were erased nothing is told. */
export function changesBy({ facts, words }: CorrectionData): MemberChange[] {
  const before = textsIn({ ...facts.replaces, ...words?.replaces });
  const after = textsIn({ ...facts, ...words });
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((member) => ({ member, from: before.get(member) ?? null, to: after.get(member) ?? null }))
    .filter(({ from, to }) => from !== to);
}

const NAMES: Readonly<Record<string, string>> = { measureId: 'measure', organisationId: 'organisation' };

function textsIn(content: Partial<OutcomeContent>): Map<string, string> {
  const texts = new Map<string, string>();
  const members = picked(content, [...FIGURES, ...WORDS]);
  for (const [name, value] of Object.entries(members)) {
    const place = NAMES[name] ?? name;
    if (typeof value !== 'object') texts.set(place, String(value));
    else for (const [part, text] of Object.entries(value)) texts.set(`${place}/${part}`, String(text));
  }
  return texts;
}
