/**
 * An outcome that was recorded is corrected, is withdrawn, or has its withdrawal taken back.
 *
 * A correction says only what changes. A member that it leaves out stays as it stands, and null takes an optional one
 * away; an object (a period, bounds, evidence, a breakdown) is replaced as a whole. A figure that is told in another
 * way, such as a percentage by its numerator and denominator, takes the place of the one that stands with its bounds.
 */
import { canonicalJson } from '../kernel/canonical-json.js';
import { overrideFaults, overrideFor, textFaults, type Overriding } from '../kernel/free-text.js';
import type { OutcomeId, ProgrammeId } from '../kernel/ids.js';
import { amended, type ChangesTo } from '../kernel/picked.js';
import { Refused, refuseIfAny } from '../kernel/refusals.js';
import { amountOf } from './amount.js';
import { FIGURE_MEMBERS } from './kinds/kind.js';
import {
  contentOf,
  faultsOf,
  partsOf,
  textsOf,
  type CatalogueFacts,
  type OutcomeContent,
  type SentOutcome,
} from './outcome.js';
import { contentIn, replacedBy, says, saysContent, standingIn, type OutcomeStory } from './outcome-story.js';
import type { OutcomeEvent } from './submission-event.js';

/** Members that change, as they are sent. */
export type OutcomeChanges = ChangesTo<SentOutcome>;

interface ChangeOfOutcome extends Overriding {
  readonly outcomeId: OutcomeId;
  readonly line: number;
  readonly expectedVersion: number;
  readonly reason: string;
}
interface ChangeOfContent extends ChangeOfOutcome {
  readonly firstSequence: number;
  readonly facts: CatalogueFacts;
}
export type ChangeCommand =
  | (ChangeOfContent & { readonly kind: 'correct'; readonly changes: OutcomeChanges })
  | (ChangeOfContent & { readonly kind: 'reinstate' })
  | (ChangeOfOutcome & { readonly kind: 'withdraw' });

export function change(
  programmeId: ProgrammeId,
  story: OutcomeStory,
  command: ChangeCommand,
): readonly OutcomeEvent[] {
  const { outcomeId, expectedVersion, reason, personalDataOverride: override } = command;
  if (isRepeated(story, command)) return [];
  if (expectedVersion !== story.length - 1) {
    const detail = `outcome ${outcomeId} stands at version ${story.length - 1}, not ${expectedVersion}`;
    throw new Refused({ code: 'outcome-version-stale', detail });
  }
  const standing = standingIn(story);
  const isWithdrawn = standing !== story.at(-1);
  if (isWithdrawn && command.kind !== 'reinstate')
    throw new Refused({ code: 'outcome-withdrawn', detail: `outcome ${outcomeId} was withdrawn` });
  if (!isWithdrawn && command.kind === 'reinstate')
    throw new Refused({ code: 'outcome-not-withdrawn', detail: `outcome ${outcomeId} was not withdrawn` });
  const ofReason = [...textFaults({ reason }, override), ...overrideFaults(override)];
  if (command.kind === 'withdraw') {
    refuseIfAny(ofReason);
    const words = { reason, ...overrideFor({ reason }, override) };
    const facts = { outcomeId, programmeId, replaces: replacedBy(standing, expectedVersion) };
    return [{ schema: 'outcome-withdrawn@2', type: 'OutcomeWithdrawn', data: { facts, words } }];
  }
  const { facts: catalogue, firstSequence } = command;
  const stands = contentIn(standing);
  const changes = command.kind === 'correct' ? command.changes : {};
  const sent = changed(stands, changes, catalogue);
  // Words that stay were admitted before, under the override that is recorded with them.
  const stood = Object.values(textsOf(stands));
  const isReworded = Object.values(textsOf(sent)).some((text) => !stood.includes(text));
  const admitted = override ?? (isReworded ? undefined : standing.event.data.words?.personalDataOverride);
  refuseIfAny([...faultsOf(sent, { facts: catalogue, override: admitted }, ''), ...ofReason]);
  const content = contentOf(sent, catalogue.measures.get(sent.measureId)!);
  const parts = partsOf(content);
  const facts = { ...parts.facts, outcomeId, programmeId, firstSequence };
  const words = { ...parts.words, reason, ...overrideFor({ ...textsOf(content), reason }, admitted) };
  if (command.kind === 'reinstate')
    return [{ schema: 'outcome-reinstated@2', type: 'OutcomeReinstated', data: { facts, words } }];
  if (canonicalJson(content) === canonicalJson(stands)) {
    const detail = `outcome ${outcomeId} says all of that already: send what is different`;
    throw new Refused({ code: 'nothing-to-correct', detail });
  }
  const { words: replaced } = partsOf(stands);
  const data = {
    facts: { ...facts, replaces: replacedBy(standing, expectedVersion) },
    words: { ...words, ...(replaced && { replaces: replaced }) },
  };
  return [{ schema: 'outcome-corrected@2', type: 'OutcomeCorrected', data }];
}

/** Whether the version after the expected one was made by the same command. */
function isRepeated(story: OutcomeStory, command: ChangeCommand): boolean {
  const [before, made] = [story[command.expectedVersion], story[command.expectedVersion + 1]];
  if (!before || !made || made.event.schema === 'outcome@2') return false;
  if (!made.erased && made.event.data.words?.reason !== command.reason) return false;
  if (!saysContent(made)) return command.kind === 'withdraw';
  if (made.event.schema === 'outcome-reinstated@2') return command.kind === 'reinstate';
  if (command.kind !== 'correct' || !saysContent(before)) return false;
  return says(made, changed(contentIn(before), command.changes, command.facts), command.facts);
}

/** The outcome that a correction leads to, as if it was sent whole. */
function changed(stands: OutcomeContent, changes: OutcomeChanges, { measures }: CatalogueFacts): SentOutcome {
  const decimalsNow = measures.get(stands.measureId)?.decimals ?? 0;
  const decimals = measures.get(changes.measureId ?? stands.measureId)?.decimals ?? decimalsNow;
  const told = ([...FIGURE_MEMBERS, 'amount'] as const).filter((member) => changes[member] != null);
  const isToldAnew =
    decimals !== decimalsNow ||
    told.some((member) => stands[member === 'amount' ? 'quantity' : member] === undefined);
  const kept = isToldAnew ? withoutFigure(stands) : stands;
  const hasBoundsInUnit = Object.values(changes.bounds ?? {}).some((bound) => typeof bound === 'string');
  const isInUnit = changes.amount != null || (changes.quantity == null && hasBoundsInUnit);
  return amended(isInUnit ? inUnit(kept, decimals) : kept, changes);
}

function withoutFigure(content: OutcomeContent): OutcomeContent {
  const figure: readonly string[] = [...FIGURE_MEMBERS, 'bounds'];
  const others = Object.entries(content).filter(([member]) => !figure.includes(member));
  return Object.fromEntries(others) as unknown as OutcomeContent;
}

/** The same outcome with an amount in place of its quantity, and bounds in that unit. */
function inUnit({ quantity, bounds, ...rest }: OutcomeContent, decimals: number): SentOutcome {
  if (quantity === undefined) return rest;
  const amount = amountOf(quantity, decimals);
  if (bounds === undefined) return { ...rest, amount };
  const sides = Object.entries(bounds).map(([side, bound]) => [side, amountOf(bound as number, decimals)]);
  return { ...rest, amount, bounds: Object.fromEntries(sides) as NonNullable<SentOutcome['bounds']> };
}
