/** A history of some hundred outcomes that is the same each time, for faults that only long histories show. */
import type { Draft, History, Step } from './histories.js';

const A_SUBMISSION = 50;

/** Submissions of 50 outcomes for the programmes in turns, each followed by a correction and a withdrawal. */
export function longHistory(outcomes: number): History {
  const steps: Step[] = [];
  for (let first = 0; first < outcomes; first += A_SUBMISSION) {
    const drafts = Array.from({ length: A_SUBMISSION }, (_, line) => draftOf(first + line));
    steps.push(
      { does: 'submit', programme: (first / A_SUBMISSION) % 2, outcomes: drafts },
      { does: 'correct', outcome: 3, draft: draftOf(first + 7) },
      { does: 'withdraw', outcome: 5 },
    );
  }
  return { steps, clockMs: [1_000] };
}

function draftOf(number: number): Draft {
  return {
    measure: [0, 1, 3][number % 3]!,
    organisation: number % 2,
    days: [4, 4 + (number % 3)],
    basis: number % 4 === 0 ? 'modelled' : 'counted',
    quantity: 10 + (number % 90),
    other: 5,
    bounded: number % 5 === 0 ? 'both' : 'neither',
    percentAlone: false,
  };
}
